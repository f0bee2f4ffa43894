"""What can go wrong with an outside system, each kind with what may be done about it.

Every failure is an exception; every answer is a result. A failure never looks like data, and 'unknown' is never
'no match'. Messages name places and rules, never a value of anybody.

    ConnectorError
      Transient          try again (after `retry_after` seconds)
        Unreachable      the network failed: no answer of theirs, or not the whole of one
        RateLimited
        MediatorFailure  the bus between us failed, not the provider
      Denied             credentials, quota or purpose refused
      BadClaim           our own question is wrong: names the field
      ContractDrift      the answer does not have the agreed form: names the path
      StartOver          the cursor is worth nothing any more: read from the beginning
      FileRefused        a delivered file cannot be read as a whole
"""

from __future__ import annotations


class ConnectorError(Exception):
    """A question to an outside system failed; nothing is known."""


class Transient(ConnectorError):
    """The system could not answer now."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class Unreachable(Transient):
    """The network failed: nobody answered, not in time, or not to the end. Nothing is known of the system itself."""


class RateLimited(Transient):
    """The agency's quota is used up for now."""


class MediatorFailure(Transient):
    """The exchange bus failed before the provider was reached."""


class Denied(ConnectorError):
    """The system refused us: credentials, quota or purpose."""


class BadClaim(ConnectorError):
    """The question itself is wrong; `field` says where."""

    def __init__(self, field_name: str) -> None:
        super().__init__(f"the claim cannot be asked: {field_name}")
        self.field = field_name


class ContractDrift(ConnectorError):
    """The answer does not have the agreed form; `path` says where."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the answer does not have the agreed form at {path}")
        self.path = path


class StartOver(ConnectorError):
    """The source has forgotten the place of our cursor: the stream must be read from its beginning."""


class FileRefused(ConnectorError):
    """The file as a whole cannot be read. `rule` and `place` say why and where; no value of it is repeated."""

    def __init__(self, rule: str, place: str) -> None:
        super().__init__(f"{rule}: {place}")
        self.rule = rule
        self.place = place
