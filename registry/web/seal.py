"""Seal a child, so that none but the officers who are named know of her; and lift the seal."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.looking.seal_child import seal_child, seal_view, unseal_child
from registry.model.access import Purpose
from registry.model.errors import BadQuery, ReasonNeeded
from registry.protect.authorize import Action, authorize
from registry.web.refusals import mistakes_of
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

LONGEST_REASON: Final = 500  # characters
LONGEST_NAMES: Final = 700
_NEEDED: Final = msgid("Write one sentence.")


@router.get("/children/{child_id}/seal")
def ask(visitor: Member, child_id: UUID) -> Response:
    """Show who knows of a sealed child, and the form to seal her."""
    authorize(visitor.access(Purpose.CASE_WORK, reason=_NEEDED), Action.SEAL_CHILD)
    return _form(visitor, child_id)


@router.post("/children/{child_id}/seal", dependencies=OWN_FORM)
def seal(
    visitor: Member, child_id: UUID, *, keepers: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = ""
) -> Response:
    """Seal a child, or name other keepers."""
    sentence = " ".join(reason.split())
    mistakes = _too_long(keepers, sentence)
    if mistakes:
        return _form(visitor, child_id, mistakes=mistakes)
    named = keepers.replace(",", " ").split()
    try:
        with visitor.begin(Purpose.CASE_WORK, reason=sentence or None) as transaction:
            seal_child(transaction, visitor.services.vault, child_id, keepers=named)
    except ReasonNeeded:
        return _form(visitor, child_id, mistakes=(Mistake("reason", _NEEDED),), named=keepers)
    except BadQuery as refused:
        return _form(visitor, child_id, mistakes=mistakes_of(refused), named=keepers)
    return render(visitor, "sealed.html", lifted=False)


@router.post("/children/{child_id}/seal/lift", dependencies=OWN_FORM)
def lift(visitor: Member, child_id: UUID, *, reason: Annotated[str, Form()] = "") -> Response:
    """Lift the seal of a child."""
    sentence = " ".join(reason.split())
    if not sentence or len(sentence) > LONGEST_REASON:
        return _form(visitor, child_id, mistakes=(Mistake("reason", _NEEDED),))
    with visitor.begin(Purpose.CASE_WORK, reason=sentence) as transaction:
        unseal_child(transaction, visitor.services.vault, child_id)
    return render(visitor, "sealed.html", lifted=True)


@router.get("/children/{child_id}/seal/lift")
def back_to_form(visitor: Member, child_id: UUID) -> Response:
    """Go to the form: where somebody comes back to who had to prove who they are."""
    authorize(visitor.access(Purpose.CASE_WORK, reason=_NEEDED), Action.SEAL_CHILD)
    return RedirectResponse(visitor.url(f"/children/{child_id}/seal"), status_code=303)


def _too_long(keepers: str, sentence: str) -> tuple[Mistake, ...]:
    told = {"keepers": len(keepers) > LONGEST_NAMES, "reason": len(sentence) > LONGEST_REASON}
    return tuple(Mistake(name, msgid("This is too long.")) for name, is_long in told.items() if is_long)


def _form(
    visitor: Visitor, child_id: UUID, *, mistakes: tuple[Mistake, ...] = (), named: str | None = None
) -> Response:
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        view = seal_view(transaction, visitor.services.vault, child_id)
    return render(
        visitor,
        "seal.html",
        status=422 if mistakes else 200,
        child_id=child_id,
        keepers=view.keepers,
        named=" ".join(view.keepers) if named is None else named,
        mistakes=mistakes,
    )
