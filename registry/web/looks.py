"""Who looked at a child: for her family, to be printed; and for the auditor, with accounts and sentences."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.looking.who_looked import Looks, looks_by_account, who_looked
from registry.model.access import Purpose, Role
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

LONGEST_REASON: Final = 500  # characters
_NOT_AN_ID: Final = msgid("Write the id of a child, such as it stands in the address of her page.")
_NEEDED: Final = msgid("Write one sentence of at most 500 characters.")


@router.get("/children/{child_id}/looks")
def for_family(visitor: Member, child_id: UUID) -> Response:
    """Show a family who looked at the child: office, role, time, purpose."""
    if visitor.member.account.role is Role.AUDITOR:  # who gives a sentence, and is told more
        return RedirectResponse(visitor.url("/looks"), status_code=303)
    with visitor.begin(Purpose.SUBJECT_REQUEST) as transaction:
        found = who_looked(transaction, visitor.services.vault, child_id)
    return render(visitor, "looks.html", found=found, child_id=child_id, at=visitor.at)


@router.get("/looks")
def ask(visitor: Member) -> Response:
    """Show the auditor what accounts looked at lately, and the form to ask about a child."""
    return _page(visitor)


@router.post("/looks", dependencies=OWN_FORM)
def about_child(
    visitor: Member, *, child: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = ""
) -> Response:
    """Show the auditor who looked at a child."""
    sentence = " ".join(reason.split())
    child_id = _id(child)
    mistakes: tuple[Mistake, ...] = () if child_id else (Mistake("child", _NOT_AN_ID),)
    if not sentence or len(sentence) > LONGEST_REASON:
        mistakes += (Mistake("reason", _NEEDED),)
    if child_id is None or mistakes:
        return _page(visitor, mistakes=mistakes, child=child if child_id else "")
    with visitor.begin(Purpose.ADMINISTRATION, reason=sentence) as transaction:
        found = who_looked(transaction, visitor.services.vault, child_id)
    return _page(visitor, child=str(child_id), found=found)


def _page(
    visitor: Visitor, *, mistakes: tuple[Mistake, ...] = (), child: str = "", found: Looks | None = None
) -> Response:
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        accounts = looks_by_account(transaction, visitor.services.vault)
    return render(visitor, "auditor_looks.html", mistakes=mistakes, accounts=accounts, child=child, found=found)


def _id(written: str) -> UUID | None:
    try:
        return UUID(written.strip())
    except ValueError:
        return None
