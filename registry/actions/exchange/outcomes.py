"""What becomes of a pushed record, and how that is kept and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from registry.actions.intake.ingest import CONFLICT, Verdict

_OF_VERDICT: Final[Mapping[str, str]] = {
    "accepted": "accepted",
    "unchanged": "duplicate",
    "superseded": "stale",
    "quarantined": "quarantined",
}
_FACTS: Final = frozenset(
    {
        *("name", "sex", "birth_date", "estimated_age", "estimated_on", "personal_number", "ethnicity"),
        *("commune_code", "commune_scheme", "address"),
    }
)
_OF_PERSONS: Final = frozenset({"mother", "father", "carer"})


class Outcome(StrEnum):
    """What became of one record."""

    ACCEPTED = "accepted"  # it is the current version now
    DUPLICATE = "duplicate"  # it was already
    STALE = "stale"  # a newer one is known; this one is kept beside it
    CONFLICT = "conflict"  # the version number is known with another content, which stays
    QUARANTINED = "quarantined"  # it breaks a rule of its values; it is kept sealed until somebody repairs it
    REJECTED = "rejected"  # it has not the form of a record; nothing of it is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one record of a push."""

    outcome: Outcome
    rule: str | None = None
    pointer: str | None = None  # into the record; "": the whole
    name: str | None = None  # by which events mean the record; None: nothing of it is known
    unknown: tuple[str, ...] = ()  # pointers of the parts with fields that the form does not know

    def kept(self) -> list[Any]:
        """Return it as it is kept."""
        return [self.outcome.value, self.rule, self.pointer, self.name, list(self.unknown)]

    @classmethod
    def of(cls, kept: Sequence[Any]) -> Result:
        """Return what was kept."""
        outcome, rule, pointer, name, unknown = kept
        return cls(outcome=Outcome(outcome), rule=rule, pointer=pointer, name=name, unknown=tuple(unknown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A push and what became of it."""

    batch_id: UUID
    system: str
    stream: str
    received_at: datetime
    results: tuple[Result, ...]
    replayed: bool = False  # it was sent before, and this is the answer of then

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records ended in which outcome."""
        counted = Counter(result.outcome for result in self.results)
        return {outcome.value: counted.get(outcome, 0) for outcome in Outcome}


def result_of(verdict: Verdict, *, name: str | None, unknown: Iterable[str] = ()) -> Result:
    """Return the result of what the intake decided."""
    outcome = Outcome(_OF_VERDICT[verdict.outcome])
    if verdict.rule == CONFLICT and outcome is Outcome.STALE:
        outcome = Outcome.CONFLICT
    pointer = None if verdict.field is None else pointer_of(verdict.field)
    return Result(outcome=outcome, rule=verdict.rule, pointer=pointer, name=name, unknown=tuple(unknown))


def pointer_of(field_name: str) -> str:
    """Return where a field of the intake stands in a pushed record; names that the client chose are not repeated."""
    if field_name.startswith("/") or not field_name:
        return field_name
    if field_name in {"key", "version", "version_at"}:
        return f"/{field_name}"
    first, _, rest = field_name.partition(".")
    if field_name in _FACTS or (first in _OF_PERSONS and rest):
        return "/child/" + field_name.replace(".", "/")
    return "" if field_name == "record" else "/services"
