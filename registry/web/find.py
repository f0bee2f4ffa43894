"""Find a child. A search is posted, kept sealed, and answered at an address that holds no name."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.finding.memo import recall_search, remember_search
from registry.model.access import Purpose
from registry.model.errors import BadQuery, Refused
from registry.protect.authorize import Action, permitted
from registry.web.refusals import mistakes_of
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

_LONGEST = 200  # characters of a field
_NAMES = ("text", "born", "mother", "commune")


@router.get("/find")
def ask(visitor: Member) -> Response:
    """Show the empty form."""
    if not permitted(visitor.member.account.role, Action.FIND):
        raise Refused(place=Action.FIND.value)
    return render(visitor, "find.html", fields={})


@router.post("/searches", dependencies=OWN_FORM)
def search(
    visitor: Member,
    *,
    text: Annotated[str, Form()] = "",
    born: Annotated[str, Form()] = "",
    mother: Annotated[str, Form()] = "",
    commune: Annotated[str, Form()] = "",
) -> Response:
    """Keep the search and go to its answer."""
    fields = dict(zip(_NAMES, (text.strip(), born.strip(), mother.strip(), commune.strip()), strict=True))
    mistakes = _mistakes(fields)
    if mistakes:
        return render(visitor, "find.html", status=422, fields=fields, mistakes=mistakes)
    query = FindQuery(
        text=fields["text"],
        born=fields["born"] or None,
        mother=fields["mother"] or None,
        commune=commune.strip() or None,
    )
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        search_id = remember_search(transaction, visitor.services.vault, query)
    return RedirectResponse(visitor.url(f"/searches/{search_id}"), status_code=303)


@router.get("/searches/{search_id}")
def answer(visitor: Member, search_id: UUID) -> Response:
    """Show the children that a kept search finds now."""
    query = _recalled(visitor, search_id)
    fields = {name: getattr(query, name) or "" for name in _NAMES}
    try:
        with visitor.services.meters.searching() as told, visitor.begin(Purpose.CASE_WORK) as transaction:
            found = find_child(transaction, visitor.services.vault, query)
            told(found.tier)
    except BadQuery as refused:
        return render(visitor, "find.html", status=422, fields=fields, mistakes=mistakes_of(refused))
    return render(visitor, "results.html", fields=fields, answer=found, search_id=search_id)


def _recalled(visitor: Visitor, search_id: UUID) -> FindQuery:
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        return recall_search(transaction, visitor.services.vault, search_id)


def _mistakes(fields: dict[str, str]) -> tuple[Mistake, ...]:
    if not fields["text"] and not fields["mother"]:
        return (Mistake("text", msgid("Write a name, a personal number or a case number, or a parent's name.")),)
    return tuple(Mistake(name, msgid("This is too long.")) for name, value in fields.items() if len(value) > _LONGEST)
