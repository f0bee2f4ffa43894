"""What people are shown of a child: records side by side, links with their evidence, pairs to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from matching.identity import Certainty, Identity, Parent
from registry.protect.masking import masked_number


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """What one field says of a pair."""

    field: str
    level: str
    reason: str  # an English sentence, the key of its translation
    bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One side of a comparison, as people read it. None: not known, or not this reader's to see."""

    name: str | None = field(repr=False)
    sex: str | None = field(repr=False)
    birth: str | None = field(repr=False)  # yyyy, yyyy-mm or yyyy-mm-dd
    number: str | None = field(repr=False)  # masked: 001***456
    commune: str | None  # today's code; None: not known exactly
    province: str | None
    ethnicity: str | None = field(repr=False)
    mother: str | None = field(repr=False)
    father: str | None = field(repr=False)
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """One source's record of a child, each value as that source knows it."""

    system: str
    source_key: str | None = field(repr=False)
    version_at: datetime | None
    seen_at: datetime
    side: SideView
    unit_code: str | None  # as the source gave it
    unit_scheme: str | None
    carer: str | None = field(repr=False)
    address: str | None = field(repr=False)
    services: Mapping[str, Any] = field(repr=False)
    welfare_groups: tuple[int, ...] = field(repr=False)
    case: Mapping[str, Any] | None = field(repr=False)
    case_notes: str | None = field(repr=False)
    reporter: Mapping[str, Any] | None = field(repr=False)
    suspect: Mapping[str, Any] | None = field(repr=False)  # a parent or carer; None: nobody is named


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The link of a child to a citizen, and what the population database said of it."""

    child_id: UUID  # the identity that carries the link
    number_masked: str | None
    probability: float
    evidence: tuple[EvidenceRow, ...]
    model_version: str
    made_at: datetime
    made_by_person: bool
    verified: str | None  # outcome of the last verification; None: not asked yet
    verified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinView:
    """Two records that were joined into one child, though no citizen says so."""

    child_id: UUID  # the identity that can be taken out of the child: the later one of the two
    other_id: UUID
    system: str
    other_system: str
    probability: float | None  # None: a person said so
    evidence: tuple[EvidenceRow, ...]  # of these two; empty if they were never compared
    made_at: datetime
    made_by_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildView:
    """A child as people see it: all identities that are this child."""

    child_id: UUID
    records: tuple[RecordView, ...]
    links: tuple[LinkView, ...]
    joins: tuple[JoinView, ...] = ()
    unreadable: int = 0  # records of which something cannot be read, for its sealed values were changed
    sealed: bool = False  # none but named officers know of her, and this is one of them
    emergency_until: datetime | None = None  # until then she is opened beyond the own area; None: she is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A citizen who may be the child."""

    person_id: UUID
    theirs: SideView
    probability: float
    bits: float
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """A record and the citizens it may be: for a person to decide."""

    child_id: UUID
    system: str
    ours: SideView
    candidates: tuple[CandidateView, ...]
    held: bool = False  # the source holds one record per child, and another of its records claims the same citizen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPairView:
    """Two records that may be one child: for a person to decide."""

    child_id: UUID
    other_id: UUID
    system: str
    other_system: str
    ours: SideView
    theirs: SideView
    probability: float
    bits: float
    evidence: tuple[EvidenceRow, ...]
    joined: bool  # they are one child already
    linked: bool  # one of the two is linked to a citizen, whom the other would share


def side_of(identity: Identity, *, family: bool) -> SideView:
    """Return the readable side of an identity; the number masked, the parents only if `family` may be seen."""
    unit = identity.unit
    exact = unit is not None and unit.certainty is Certainty.EXACT
    return SideView(
        name=identity.name.written if identity.name else None,
        sex=identity.sex.value if identity.sex else None,
        birth=identity.birth.iso() if identity.birth else None,
        number=masked_number(identity.number) if identity.number else None,
        commune=unit.communes[0] if unit and exact else None,
        province=unit.province if unit else None,
        ethnicity=identity.ethnicity,
        mother=_parent(identity.mother) if family else None,
        father=_parent(identity.father) if family else None,
        flags=tuple(sorted(flag.value for flag in identity.flags)),
    )


def evidence_rows(document: Mapping[str, Any]) -> tuple[EvidenceRow, ...]:
    """Return the evidence of a sealed document, strongest first."""
    rows = [EvidenceRow(**row) for row in document["fields"]]
    return tuple(sorted(rows, key=lambda row: -abs(row.bits)))


def _parent(parent: Parent | None) -> str | None:
    return parent.name.written if parent and parent.name else None
