"""The population database as one asks it: a claim in, a typed answer out.

Four operations are always there (`describe`, `verify`, `get`, `health`); the others are optional capabilities, each a
protocol of its own, and `Capabilities.operations` says which of them a system has. The registry works when only
`verify` and `get` exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Who asks, for which procedure and on what ground: part of every call, never optional."""

    request_id: str  # at most 40 characters, unique; a retry repeats it
    agency_code: str
    officer_ref: str
    procedure_code: str
    legal_basis: str
    purpose: str
    consent_ref: str | None = None  # where a law asks for one
    deadline: datetime | None = None  # no try begins after it


class Operation(StrEnum):
    """What a population connector can be asked."""

    VERIFY = "verify"
    GET = "get"
    SEARCH = "search"
    RELATIVES = "relatives"
    HOUSEHOLD = "household"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this population system can do."""

    name: str
    api: int
    operations: frozenset[Operation]
    required_together: tuple[str, ...]  # facts that a question must hold all of
    calls_per_second: float | None
    supports_partial_birth_date: bool
    names_mismatch: bool = False  # whether a 'no' says which of the facts is wrong
    tells_inactive: bool = False  # whether a cancelled number or a death shows in `verify`


class Outcome(StrEnum):
    """What a verification said."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"  # no answer could be had: never read as 'no match'


class Compared(StrEnum):
    """What was said of one fact of a claim."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The facts a population system is asked to confirm."""

    personal_number: str = field(repr=False)  # 12 digits, or the 9 of an old card where there is no other
    full_name: str = field(repr=False)
    birth_date: str = field(repr=False)  # ISO: yyyy-mm-dd or yyyy
    sex: str | None = field(default=None, repr=False)  # '1' male, '2' female
    mother_name: str | None = field(default=None, repr=False)
    father_name: str | None = field(default=None, repr=False)


class Inactivity(StrEnum):
    """Why a number is not in use any more."""

    DECEASED = "deceased"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer to a claim."""

    outcome: Outcome
    as_of: datetime
    source_ref: str  # the request id, to find the call again at the provider
    attributes: Mapping[str, Compared] = field(default_factory=dict)  # fact of the claim → what was said of it
    inactivity: Inactivity | None = None  # with INACTIVE, as far as it was said
    replaced_by: str | None = field(default=None, repr=False)  # the number in use now, where the answer names it


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
    source_ref: str | None = None  # of the call that brought it; None: a delivered file
    raw: bytes | None = field(default=None, repr=False)  # the answer's own part about this citizen, to be kept sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The system knows nobody of this description."""

    source_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """The system knows several of this description, and does not say which is meant."""

    source_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inactive:
    """The number is known and not in use any more."""

    source_ref: str
    inactivity: Inactivity
    replaced_by: str | None = field(default=None, repr=False)


class Kinship(StrEnum):
    """How somebody is related to the citizen asked about."""

    MOTHER = "mother"
    FATHER = "father"
    SPOUSE = "spouse"
    REPRESENTATIVE = "representative"
    HEAD_OF_HOUSEHOLD = "head_of_household"
    CHILD = "child"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """One relative, as written there."""

    kinship: Kinship
    name: str | None = field(default=None, repr=False)
    personal_number: str | None = field(default=None, repr=False)
    source_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """Who lives together, as written there."""

    members: tuple[Relative, ...]
    as_of: datetime
    source_ref: str


class Change(StrEnum):
    """What happened to a citizen's entry."""

    CREATED = "created"
    CORRECTED = "corrected"
    MOVED = "moved"
    MERGED = "merged"
    SPLIT = "split"
    DIED = "died"
    REVOKED = "revoked"
    REIDENTIFIED = "reidentified"  # a new number in place of the previous one


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """One change, in the order of the feed."""

    sequence: str  # the feed's own, opaque
    kind: Change
    personal_number: str = field(repr=False)
    previous_number: str | None = field(default=None, repr=False)
    effective: datetime | None = None
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Some changes and the cursor behind them."""

    events: tuple[ChangeEvent, ...]
    next: str  # cursor for the next call
    more: bool
    reset_required: bool = False  # the feed has forgotten our cursor: re-verify everything


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


class Grade(StrEnum):
    """How sure a system is of a citizen whom it found by description."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    CERTAINLY_NOT = "certainly-not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Whom one looks for without knowing the number."""

    full_name: str = field(repr=False)
    birth_date: str | None = field(default=None, repr=False)  # ISO, possibly partial
    sex: str | None = field(default=None, repr=False)  # '1' male, '2' female
    mother_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A citizen whom a system found by description, and how sure it is."""

    snapshot: CitizenSnapshot
    score: float  # 0 to 1, the system's own; never calibrated by us
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class TooBroad:
    """More were found than the system gives out: none of them is told, for a cut list would mislead."""

    source_ref: str


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

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound | Ambiguous | Inactive:
        """Ask for the citizen whom the claim describes."""
        ...

    def health(self) -> Health:
        """Say whether the system answers now."""
        ...


@runtime_checkable
class OffersCandidates(Protocol):
    """The optional capability that makes linkage without a claimed number possible: search by keyed tokens."""

    def search(self, queries: Sequence[CandidateQuery], context: CallContext) -> Iterator[CandidatePage]:
        """Yield one page a query, in the order of the queries."""
        ...


@runtime_checkable
class FindsByDescription(Protocol):
    """The optional capability to look for a citizen by name and birth date (`Operation.SEARCH`)."""

    def find(self, description: Description, context: CallContext) -> tuple[Found, ...] | TooBroad:
        """Return whom the description fits, the surest first; nobody is an empty tuple."""
        ...


@runtime_checkable
class TellsRelatives(Protocol):
    """The optional capability to ask for parents and representatives."""

    def relatives(self, claim: Claim, context: CallContext) -> tuple[Relative, ...] | NotFound:
        """Return the relatives that the system names."""
        ...


@runtime_checkable
class TellsHousehold(Protocol):
    """The optional capability to ask who lives together."""

    def household(self, claim: Claim, context: CallContext) -> Household | NotFound:
        """Return the household of the citizen."""
        ...


@runtime_checkable
class TellsChanges(Protocol):
    """The optional capability to follow what changes."""

    def changes(self, cursor: str | None, context: CallContext, *, limit: int) -> ChangePage:
        """Return the changes behind a cursor; None begins today."""
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
