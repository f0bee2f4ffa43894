"""Review: a record and a citizen side by side, for a person to decide; and a link undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol, cast
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.linkage.review import Says, decide_pair, open_pair, review_queue, undo_link
from registry.actions.looking.views import CandidateView, EvidenceRow, PairView, SideView
from registry.model.access import Purpose
from registry.model.errors import BadQuery, NotFound, Refused
from registry.protect.authorize import Action, permitted
from registry.web.difference import Piece, differing
from registry.web.refusals import mistakes_of
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

SAID: Final = ("same", "different", "unsure")
_SAME: Final = frozenset({"same", "exact", "former", "as_written", "none_both"})
_MISSING: Final = "missing"
_DIFFERENT: Final = ("different", "elsewhere", "same_province", "far", "of_parent", "call_other")

_ROWS: Final[tuple[tuple[str, str, tuple[str, ...], Callable[[SideView], str | None]], ...]] = (
    ("text", msgid("Name"), ("given", "middle", "surname", "order"), lambda side: side.name),
    ("birth", msgid("Date of birth"), ("birth",), lambda side: side.birth),
    ("sex", msgid("Sex"), ("sex",), lambda side: side.sex),
    ("text", msgid("Personal number"), ("number",), lambda side: side.number),
    ("commune", msgid("Commune"), ("commune",), lambda side: side.commune),
    ("province", msgid("Province"), (), lambda side: side.province),
    ("ethnic", msgid("Ethnic group"), ("ethnicity",), lambda side: side.ethnicity),
    ("text", msgid("Mother"), ("mother", "mother_number", "mother_year"), lambda side: side.mother),
    ("text", msgid("Father"), ("father", "father_number", "father_year"), lambda side: side.father),
)


class Compared(Protocol):
    """The other side of a comparison, a citizen or another record, and what the evidence says of the two."""

    @property
    def theirs(self) -> SideView:
        """Who stands there."""
        ...

    @property
    def evidence(self) -> tuple[EvidenceRow, ...]:
        """What each field says."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRow:
    """One line of the comparison."""

    kind: str  # how the value is written: text, birth, sex, commune, province, ethnic
    label: str
    ours: str | None = field(repr=False)
    theirs: str | None = field(repr=False)
    pieces: tuple[tuple[Piece, ...], tuple[Piece, ...]] = field(repr=False)
    likeness: str  # same, near, different, missing
    reasons: tuple[str, ...]


@router.get("/reviews")
def first(visitor: Member, linked: UUID | None = None, decided: str = "") -> Response:
    """Go to the pair that needs a person most; without one, say that all is done.

    Args:
        linked: the identity that was linked a moment ago, to be undone if that was a slip.
        decided: what was said of the pair before.
    """
    with visitor.begin(Purpose.REVIEW) as transaction:
        _, child_id = review_queue(transaction)
    said = decided if decided in SAID else ""
    if child_id is None:
        return render(visitor, "reviews_done.html", linked=linked, decided=said)
    note = f"?decided={said}" + (f"&linked={linked}" if linked else "") if said else ""
    return RedirectResponse(visitor.url(f"/reviews/{child_id}{note}"), status_code=303)


@router.get("/reviews/{child_id}")
def show(
    visitor: Member, child_id: UUID, candidate: UUID | None = None, linked: UUID | None = None, decided: str = ""
) -> Response:
    """Show a pair.

    Args:
        candidate: the citizen to compare with; the likeliest if none is named.
        linked: as in `first`.
        decided: as in `first`.
    """
    return _pair_page(visitor, child_id, candidate, linked=linked, decided=decided if decided in SAID else "")


@router.post("/reviews/{child_id}", dependencies=OWN_FORM)
def decide(
    visitor: Member,
    child_id: UUID,
    *,
    candidate: Annotated[UUID, Form()],
    says: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Keep what a person said of a pair, and go on to the next."""
    if says not in SAID:
        return _pair_page(visitor, child_id, candidate, mistakes=(Mistake("says", msgid("Choose one of the three.")),))
    try:
        with visitor.begin(Purpose.REVIEW) as transaction:
            decide_pair(transaction, visitor.services.vault, child_id, candidate, says=cast(Says, says), reason=reason)
    except BadQuery as refused:
        return _pair_page(visitor, child_id, candidate, mistakes=mistakes_of(refused), chosen=says)
    note = f"&linked={child_id}" if says == "same" else ""
    return RedirectResponse(visitor.url(f"/reviews?decided={says}{note}"), status_code=303)


@router.get("/links/{child_id}/undo")
def ask_undo(visitor: Member, child_id: UUID) -> Response:
    """Ask why a link is undone."""
    if not permitted(visitor.member.account.role, Action.UNLINK):
        raise Refused(place=Action.UNLINK.value)
    return render(visitor, "undo.html", child_id=child_id)


@router.post("/links/{child_id}/undo", dependencies=OWN_FORM)
def undo(visitor: Member, child_id: UUID, *, reason: Annotated[str, Form()] = "") -> Response:
    """Undo a link."""
    sentence = " ".join(reason.split())
    if not sentence:
        mistake = Mistake("reason", msgid("Write one sentence."))
        return render(visitor, "undo.html", status=422, child_id=child_id, mistakes=(mistake,))
    try:
        with visitor.begin(Purpose.REVIEW, reason=sentence) as transaction:
            undo_link(transaction, visitor.services.vault, child_id, reason=sentence)
    except BadQuery as refused:
        return render(visitor, "undo.html", status=422, child_id=child_id, mistakes=mistakes_of(refused))
    return render(visitor, "undone.html")


def _pair_page(
    visitor: Visitor,
    child_id: UUID,
    candidate: UUID | None,
    *,
    mistakes: tuple[Mistake, ...] = (),
    chosen: str = "",
    linked: UUID | None = None,
    decided: str = "",
) -> Response:
    with visitor.begin(Purpose.REVIEW) as transaction:
        pair = open_pair(transaction, visitor.services.vault, child_id)
        waiting, _ = review_queue(transaction)
    shown = _shown(pair, candidate)
    return render(
        visitor,
        "pair.html",
        status=422 if mistakes else 200,
        pair=pair,
        shown=shown,
        rows=compare_rows(pair.ours, shown),
        waiting=waiting,
        chosen=chosen,
        linked=linked,
        decided=decided,
        mistakes=mistakes,
    )


def _shown(pair: PairView, candidate: UUID | None) -> CandidateView:
    if not pair.candidates:
        raise NotFound
    if candidate is None:
        return pair.candidates[0]
    found = [one for one in pair.candidates if one.person_id == candidate]
    if not found:
        raise NotFound
    return found[0]


def compare_rows(ours: SideView, other: Compared) -> tuple[CompareRow, ...]:
    """Return the lines of a comparison, each with what the evidence says of it."""
    by_field = {row.field: row for row in other.evidence}
    lines = []
    for kind, label, fields, read in _ROWS:
        evidence = [by_field[name] for name in fields if name in by_field and by_field[name].level != _MISSING]
        mine, theirs = read(ours), read(other.theirs)
        plain = kind == "text"
        lines.append(
            CompareRow(
                kind=kind,
                label=label,
                ours=mine,
                theirs=theirs,
                pieces=differing(mine, theirs) if plain else ((), ()),
                likeness=likeness_of(evidence, mine, theirs),
                reasons=tuple(dict.fromkeys(row.reason for row in evidence)),
            )
        )
    return tuple(lines)


def likeness_of(evidence: list[EvidenceRow], ours: str | None, theirs: str | None) -> str:
    """Return how like two values are, in one of four words: the least like part decides."""
    if not ours or not theirs:
        return "missing"
    if not evidence:
        return "same" if ours.casefold() == theirs.casefold() else "different"
    levels = [row.level for row in evidence]
    if any(level.endswith(_DIFFERENT) for level in levels):
        return "different"
    if all(level in _SAME or level.endswith("_same") for level in levels):
        return "same"
    return "near"
