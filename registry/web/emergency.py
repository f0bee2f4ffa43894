"""Emergencies: one child of another area opened for half an hour, and what the supervisor says of it."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.looking.break_glass import AnotherRuns, NoSupervisor, OwnArea, break_glass, end_emergency
from registry.actions.looking.review_emergency import Verdict, emergencies_to_judge, judge_emergency
from registry.model.access import Purpose
from registry.model.errors import BadQuery, ReasonNeeded, Refused, RegistryError
from registry.protect.authorize import Action, authorize, permitted
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

LONGEST_REASON: Final = 500  # characters
_FORM: Final = "emergency_new.html"
_NEEDED: Final = msgid("Write in one sentence what the emergency is: your supervisor will read it.")
_REFUSED: Final[dict[type[RegistryError], str]] = {
    ReasonNeeded: _NEEDED,
    NoSupervisor: msgid(
        "Your account has no supervisor who could judge this, so it opens nobody."
        " Ask your administrator for one, or call the office that answers for the child."
    ),
    AnotherRuns: msgid("Another emergency of yours still runs. End it first, or wait until its half hour is over."),
    OwnArea: msgid("This child is in your own area: open the record as usual."),
}


@router.get("/emergencies/new")
def ask_for(visitor: Member, child: UUID) -> Response:
    """Go to the form for one child."""
    if not permitted(visitor.member.account.role, Action.BREAK_GLASS):
        raise Refused(place=Action.BREAK_GLASS.value)
    return RedirectResponse(visitor.url(f"/children/{child}/emergency"), status_code=303)


@router.get("/children/{child_id}/emergency")
def ask(visitor: Member, child_id: UUID) -> Response:
    """Ask what the emergency is. The page says nothing of the child, not even whether she exists."""
    authorize(visitor.access(Purpose.EMERGENCY, reason=_NEEDED), Action.BREAK_GLASS)
    return render(visitor, _FORM, child_id=child_id, reason="")


@router.post("/children/{child_id}/emergency", dependencies=OWN_FORM)
def begin(visitor: Member, child_id: UUID, *, reason: Annotated[str, Form()] = "") -> Response:
    """Break the glass, and go to the child."""
    sentence = " ".join(reason.split())
    if len(sentence) > LONGEST_REASON:
        return _again(visitor, child_id, msgid("This is too long."))
    try:
        with visitor.begin(Purpose.EMERGENCY, reason=sentence or None) as transaction:
            break_glass(transaction, visitor.services.vault, child_id)
    except (ReasonNeeded, NoSupervisor, AnotherRuns, OwnArea) as refused:
        return _again(visitor, child_id, _REFUSED[type(refused)], reason=sentence)
    return RedirectResponse(visitor.url(f"/children/{child_id}"), status_code=303)


@router.post("/emergencies/end", dependencies=OWN_FORM)
def end(visitor: Member) -> Response:
    """End the own emergency that runs."""
    with visitor.begin(Purpose.EMERGENCY) as transaction:
        end_emergency(transaction, visitor.services.vault)
    return RedirectResponse(visitor.url("/"), status_code=303)


@router.get("/emergencies")
def show(visitor: Member) -> Response:
    """Show what a supervisor was told of, what waits for a verdict first."""
    return _list(visitor)


@router.post("/emergencies/{emergency_id}", dependencies=OWN_FORM)
def judge(
    visitor: Member,
    emergency_id: UUID,
    *,
    verdict: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Keep the verdict of the supervisor."""
    if verdict not in set(Verdict):
        return _list(visitor, Mistake(f"verdict-{emergency_id}", msgid("Choose whether it was justified.")))
    try:
        with visitor.begin(Purpose.ADMINISTRATION) as transaction:
            judge_emergency(transaction, visitor.services.vault, emergency_id, verdict=Verdict(verdict), note=note)
    except BadQuery:
        return _list(visitor, Mistake(f"note-{emergency_id}", msgid("Write one sentence of at most 500 characters.")))
    return RedirectResponse(visitor.url("/emergencies"), status_code=303)


def _again(visitor: Visitor, child_id: UUID, rule: str, *, reason: str = "") -> Response:
    return render(visitor, _FORM, status=422, child_id=child_id, reason=reason, mistakes=(Mistake("reason", rule),))


def _list(visitor: Visitor, mistake: Mistake | None = None) -> Response:
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        found = emergencies_to_judge(transaction, visitor.services.vault)
    mistakes = (mistake,) if mistake else ()
    return render(visitor, "emergencies.html", status=422 if mistake else 200, emergencies=found, mistakes=mistakes)
