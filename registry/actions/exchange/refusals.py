"""Why an exchange is refused: each refusal with its own status, and the places that it is about; never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from registry.model.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Fault:
    """One place that breaks a rule."""

    pointer: str  # a JSON pointer into what was sent; "": the whole
    code: str  # name of the rule


class ExchangeRefused(RegistryError):
    """What was sent is not taken; `faults` say where and why."""

    def __init__(self, rule: str | None = None, *, faults: Sequence[Fault] = (), field: str | None = None) -> None:
        super().__init__(rule, field=field)
        self.faults = tuple(faults)

    def problem(self) -> dict[str, object]:
        """Return the problem document with the faults."""
        answer = super().problem()
        if self.faults:
            answer["errors"] = [{"pointer": fault.pointer, "code": fault.code} for fault in self.faults]
        return answer


class IdempotencyKeyMissing(ExchangeRefused):
    """A batch without a key could be taken twice."""

    status = 400
    title = "The header Idempotency-Key is missing"


class DigestMismatch(ExchangeRefused):
    """The body is not the one whose digest was sent along, or the digest cannot be read."""

    status = 400
    title = "The body is not the one of Content-Digest"


class BatchInProgress(ExchangeRefused):
    """The same key is being worked on at this moment."""

    status = 409
    title = "A request with this key is in progress"


class KeyReused(ExchangeRefused):
    """The key was used for something else."""

    status = 422
    title = "This Idempotency-Key was used for another request"


class NotUnderstood(ExchangeRefused):
    """The body, a header or a parameter breaks a rule."""

    status = 422
    title = "A field cannot be understood"


class TooLarge(ExchangeRefused):
    """There are more records, or more bytes, than one request may bring."""

    status = 413
    title = "The request is too large"


class MediaTypeRefused(ExchangeRefused):
    """The body is of a kind that is not read here."""

    status = 415
    title = "This media type is not read here"


class ConditionMissing(ExchangeRefused):
    """A record is changed only by whoever says which version is meant."""

    status = 428
    title = "Send If-Match with the ETag, or If-None-Match: *"


class ConditionFailed(ExchangeRefused):
    """The record is not in the version that was meant."""

    status: ClassVar[int] = 412
    title = "The record is in another version"

    def __init__(self, *, etag: str | None, differing: Sequence[str] | None) -> None:
        super().__init__()
        self.etag = etag  # of what stands; None: nothing does
        self.differing = differing  # pointers of the fields that stand otherwise; None: it cannot be told

    def problem(self) -> dict[str, object]:
        """Return the problem document with the conflict: which version stands, and which fields differ."""
        answer = super().problem()
        answer["conflict"] = {"etag": self.etag, "differing": None if self.differing is None else list(self.differing)}
        return answer


class VersionConflict(ConditionFailed):
    """A newer version of the record stands, or another content of the same version."""

    status: ClassVar[int] = 409
    title = "A newer version of this record is known"


class CursorGone(ExchangeRefused):
    """The events behind this cursor are kept no longer: begin anew with a list of the records."""

    status = 410
    title = "These events are kept no longer: read the records anew"
