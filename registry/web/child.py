"""A child: first why one looks, asked once a day, then what each source knows of her."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.finding.memo import recall_reason, remember_reason
from registry.actions.looking.open_child import open_child, purpose_given
from registry.actions.looking.views import ChildView, LinkView, RecordView
from registry.actions.population.shown import shown_of
from registry.model.access import PEOPLE_PURPOSES, Purpose
from registry.model.errors import OutsideOpeningArea, ReasonNeeded, Refused
from registry.protect.authorize import Action, permitted
from registry.web import population_words, words
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

LONGEST_REASON: Final = 500  # characters
_ASKED_EACH_TIME: Final = frozenset({Purpose.OTHER})  # its sentence belongs to one look alone

# Who knows best who the child is stands first, and decides where sources are evenly split.
_ORDER: Final = ("civil_status", "education", "health", "social_aid", "protection")

_COMPARED: Final[tuple[tuple[str, str, Callable[[RecordView], str | None]], ...]] = (
    ("name", msgid("name"), lambda record: record.side.name),
    ("birth", msgid("date of birth"), lambda record: record.side.birth),
    ("sex", msgid("sex"), lambda record: record.side.sex),
    ("number", msgid("personal number"), lambda record: record.side.number),
    ("mother", msgid("mother's name"), lambda record: record.side.mother),
    ("father", msgid("father's name"), lambda record: record.side.father),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The line that says who the child is, each value the one most sources agree on."""

    name: str | None = field(repr=False)
    birth: str | None = field(repr=False)
    sex: str | None
    number: str | None = field(repr=False)
    commune: str | None
    province: str | None


@router.get("/children/{child_id}")
def show(visitor: Member, child_id: UUID, why: UUID | None = None, search: UUID | None = None) -> Response:
    """Show a child if the reason for looking was given, else ask for it.

    Args:
        why: the kept reason for this look.
        search: the search to go back to.
    """
    _must_open(visitor)
    given = _given(visitor, child_id, why)
    if given is None:
        return RedirectResponse(visitor.url(f"/children/{child_id}/reason") + _back(search), status_code=303)
    purpose, reason = given
    try:
        with visitor.begin(purpose, reason=reason) as transaction:
            child = open_child(transaction, visitor.services.vault, child_id)
            shown = shown_of(transaction, visitor.services.vault, child)
    except OutsideOpeningArea as refused:
        return render(
            visitor, "outside.html", status=refused.status, child_id=child_id, place=refused.place, search=search
        )
    return render(
        visitor,
        "child.html",
        child=child,
        shown=shown,
        said=population_words,
        records=in_order(child),
        head=head_of(child),
        citizens=_by_citizen(child),
        flags=sorted({flag for record in child.records for flag in record.side.flags}),
        disagreeing=disagreements(child),
        undoes=bool(permitted(visitor.member.account.role, Action.UNLINK)),
        purpose=purpose,
        search=search,
    )


@router.get("/children/{child_id}/reason")
def ask(visitor: Member, child_id: UUID, search: UUID | None = None) -> Response:
    """Ask why somebody opens the child. The page says nothing of her, not even whether she exists."""
    _must_open(visitor)
    return _question(visitor, child_id, search=search)


@router.post("/children/{child_id}/reason", dependencies=OWN_FORM)
def answer(
    visitor: Member,
    child_id: UUID,
    *,
    purpose: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    search: UUID | None = None,
) -> Response:
    """Keep the reason, and go to the child."""
    _must_open(visitor)
    sentence = " ".join(reason.split())
    if purpose not in words.REASONS or Purpose(purpose) not in PEOPLE_PURPOSES:
        mistake = Mistake("purpose", msgid("Choose why you are opening this record."))
        return _question(visitor, child_id, search=search, mistake=mistake)
    if len(sentence) > LONGEST_REASON:
        return _question(visitor, child_id, search=search, mistake=Mistake("reason", msgid("This is too long.")))
    try:
        with visitor.begin(Purpose(purpose), reason=sentence or None) as transaction:
            memo_id = remember_reason(transaction, visitor.services.vault, child_id)
    except ReasonNeeded:
        mistake = Mistake("reason", msgid("Write one sentence: the others who answer for this child will read it."))
        return _question(visitor, child_id, search=search, mistake=mistake, chosen=purpose)
    back = f"&search={search}" if search else ""
    return RedirectResponse(visitor.url(f"/children/{child_id}?why={memo_id}{back}"), status_code=303)


def _question(
    visitor: Visitor, child_id: UUID, *, search: UUID | None, mistake: Mistake | None = None, chosen: str = ""
) -> Response:
    return render(
        visitor,
        "reason.html",
        status=422 if mistake else 200,
        child_id=child_id,
        search=search,
        back=_back(search),
        chosen=chosen,
        mistakes=(mistake,) if mistake else (),
    )


def _must_open(visitor: Visitor) -> None:
    if not permitted(visitor.member.account.role, Action.OPEN):
        raise Refused(place=Action.OPEN.value)


def _given(visitor: Visitor, child_id: UUID, why: UUID | None) -> tuple[Purpose, str | None] | None:
    """Return the purpose and sentence for this look; None: still to be asked."""
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        if why is not None:
            return recall_reason(transaction, visitor.services.vault, child_id, memo_id=why)
        earlier = purpose_given(transaction, child_id)
    if earlier is None or Purpose(earlier) in _ASKED_EACH_TIME:
        return None
    return Purpose(earlier), None


def _back(search: UUID | None) -> str:
    return f"?search={search}" if search else ""


def in_order(child: ChildView) -> list[RecordView]:
    """Return the records, those of the systems that know best first."""
    place = {system: rank for rank, system in enumerate(_ORDER)}
    return sorted(child.records, key=lambda record: place.get(record.system, len(place)))


def head_of(child: ChildView) -> Head:
    """Return who the child is, in the values that most sources give."""
    sides = [record.side for record in in_order(child)]
    names = sorted((side.name for side in sides if side.name is not None), key=str.isupper)
    return Head(
        name=_most(names),
        birth=_most([side.birth for side in sides]),
        sex=_most([side.sex for side in sides]),
        number=_most([side.number for side in sides]),
        commune=_most([side.commune for side in sides]),
        province=_most([side.province for side in sides]),
    )


def disagreements(child: ChildView) -> dict[str, str]:
    """Return the facts in which sources differ: field → its English name. Capitals make no difference."""
    found = {}
    for name, label, read in _COMPARED:
        values = {value.casefold() for record in child.records if (value := read(record))}
        if len(values) > 1:
            found[name] = label
    return found


def _by_citizen(child: ChildView) -> dict[str | None, list[LinkView]]:
    """Return the links by the masked number of the citizen: several records may lead to the same one."""
    found: dict[str | None, list[LinkView]] = {}
    for link in child.links:
        found.setdefault(link.number_masked, []).append(link)
    return found


def _most(values: Iterable[str | None]) -> str | None:
    """Return the value that most sources give, capitals or not, in the form that comes first."""
    known = [value for value in values if value]
    folded = [value.casefold() for value in known]
    return max(known, key=lambda value: folded.count(value.casefold())) if known else None
