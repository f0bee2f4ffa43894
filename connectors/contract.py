"""The two protocols of the outside world: the population database and a sector's system.

Every failure is an exception; every answer is a result. A failure never looks like data, and 'unknown'
is never 'no match'.

    ConnectorError
      Transient          try again (after `retry_after` seconds)
        RateLimited
        MediatorFailure  the bus between us failed, not the provider
      Denied             credentials, quota or purpose refused
      BadClaim           our own question is wrong: names the field
      ContractDrift      the answer does not have the agreed form: names the path
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from connectors.records import Rejected, SourceRecord

API = 1  # a connector says which version of these protocols it was written for


class ConnectorError(Exception):
    """A question to an outside system failed; nothing is known."""


class Transient(ConnectorError):
    """The system could not answer now."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Who asks, for which procedure and on what ground: part of every call, never optional."""

    request_id: str  # at most 40 characters, unique; a retry repeats it
    agency_code: str
    officer_ref: str
    procedure_code: str
    legal_basis: str
    purpose: str


class Operation(StrEnum):
    """What a population connector can be asked."""

    VERIFY = "verify"
    GET = "get"
    SEARCH = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this population system can do."""

    name: str
    api: int
    operations: frozenset[Operation]
    required_together: tuple[str, ...]  # facts that a question must hold all of
    calls_per_second: float | None
    supports_partial_birth_date: bool


class Outcome(StrEnum):
    """What a verification said."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"  # no answer could be had: never read as 'no match'


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The facts a population system is asked to confirm."""

    personal_number: str = field(repr=False)
    full_name: str = field(repr=False)
    birth_date: str = field(repr=False)  # ISO: yyyy-mm-dd or yyyy


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer to a claim."""

    outcome: Outcome
    as_of: datetime
    source_ref: str  # the request id, to find the call again at the provider


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenSnapshot:
    """One citizen as the population database describes them, as written there."""

    personal_number: str = field(repr=False)
    former_numbers: tuple[str, ...] = field(default=(), repr=False)
    full_name: str | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)  # '1' male, '2' female
    birth_date: str | None = field(default=None, repr=False)  # ISO, possibly partial
    commune_code: str | None = None  # today's list
    old_commune_code: str | None = None
    address: str | None = field(default=None, repr=False)
    ethnicity: str | None = field(default=None, repr=False)
    mother_name: str | None = field(default=None, repr=False)
    mother_number: str | None = field(default=None, repr=False)
    father_name: str | None = field(default=None, repr=False)
    father_number: str | None = field(default=None, repr=False)
    status: str = "alive"  # alive, deceased, missing
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The system knows nobody of this description."""

    source_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateQuery:
    """One record looking for its citizen: keyed tokens only, so that the asked side need not learn whom we seek."""

    query_id: str
    tokens: Mapping[str, tuple[int, ...]]  # block kind → signed 64-bit keyed tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A citizen who shares at least one token with the query."""

    person_ref: str  # the source's own reference, opaque to the connector
    shared: tuple[str, ...]  # block kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePage:
    """All candidates of one query, or none of them because they are too many."""

    query_id: str
    candidates: tuple[Candidate, ...]
    too_broad: tuple[str, ...] = ()  # block kinds left out because they would have brought too many


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the system answers now."""

    ok: bool
    detail: str


class PopulationConnector(Protocol):
    """The population database as one asks it."""

    def describe(self) -> Capabilities:
        """Say what this system can be asked."""
        ...

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        """Ask whether the facts of the claim belong together."""
        ...

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound:
        """Ask for the citizen whom the claim describes."""
        ...

    def health(self) -> Health:
        """Say whether the system answers now."""
        ...


@runtime_checkable
class OffersCandidates(Protocol):
    """The optional capability that makes linkage without a claimed number possible."""

    def search(self, queries: Sequence[CandidateQuery], context: CallContext) -> Iterator[CandidatePage]:
        """Yield one page a query, in the order of the queries."""
        ...


class ExtractSource(Protocol):
    """What a delivered extract must offer; implemented by the registry's store over its sealed extract."""

    def people_sharing(self, queries: Sequence[CandidateQuery], *, limit: int) -> Iterable[CandidatePage]:
        """Return a page a query; block kinds that would bring more than `limit` are named in it, not cut short."""
        ...

    def person_with_number(self, personal_number: str) -> CitizenSnapshot | None:
        """Return the person who has or had this number."""
        ...

    def size(self) -> int:
        """Return how many people the extract holds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """What a sector's delivered file looks like, for refusing a wrong one before the first row."""

    system: str
    stream: str
    file_name: str  # as it stands in a drop folder
    required_columns: tuple[str, ...]
    mapping_version: int  # a higher one retries what was quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An opened file: its rows in order, and what was decided about reading it."""

    format: FileFormat
    encodings: Mapping[str, str]  # column → encoding decided for it; '*' for all
    rows: Iterator[SourceRecord | Rejected]  # one element for each row of the file, in its order


class FileRefused(ConnectorError):
    """The file as a whole cannot be read. `rule` and `place` say why and where; no value of it is repeated."""

    def __init__(self, rule: str, place: str) -> None:
        super().__init__(f"{rule}: {place}")
        self.rule = rule
        self.place = place


class NameJudge(Protocol):
    """Tells whether a word looks like a Vietnamese name; passed in, so that connectors need not know names."""

    def __call__(self, words: Iterable[str]) -> float:
        """Return the share of `words` that are known surnames, from 0 to 1."""
        ...


class SectorConnector(Protocol):
    """One sector's system, read from a delivered file."""

    format: FileFormat

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:
        """Open a delivered file; its rows are read on demand.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        ...

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:
        """Read one row again, as `open` would in its file; a mapping that has changed may understand it now.

        Args:
            raw: what the row carried when it was read, perhaps by an older mapping.
            row: its place in the file.
            encodings: those decided for its file.
        """
        ...
