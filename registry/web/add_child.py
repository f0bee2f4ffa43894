"""Add a child by hand, or a case of a child: forms that never say whom the registry knows already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.actions.finding.find_child import FindQuery
from registry.actions.finding.memo import recall_search
from registry.actions.intake.add_case import CHANNELS, HARM_LEVELS, SETTINGS, NewCase, add_case
from registry.actions.intake.add_child import SEXES, NewChild, add_child
from registry.model.access import Purpose
from registry.model.errors import BadQuery, Refused
from registry.protect.authorize import Action, permitted
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

_LETTERS: Final = re.compile(r"[^\W\d_]")
_AGE: Final = re.compile(r"\d{1,2}")
_GROUP: Final = re.compile(r"1[0-4]|[1-9]")
_FIELD_OF: Final[Mapping[str, str]] = {
    "mother.name": "mother",
    "father.name": "father",
    "carer.name": "carer",
    "carer.relation": "carer_relation",
    "personal_number": "number",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form said, as it was typed."""

    values: Mapping[str, tuple[str, ...]] = field(repr=False)

    def text(self, name: str) -> str:
        """Return one field."""
        return self.values.get(name, ("",))[0].strip()

    def known(self, name: str) -> str | None:
        """Return one field; None: it was left empty."""
        return self.text(name) or None

    def every(self, name: str) -> tuple[str, ...]:
        """Return all that was chosen of a list."""
        return self.values.get(name, ())

    def token(self) -> UUID:
        """Return the token of the form.

        Raises:
            Refused: it is none of ours.
        """
        try:
            return UUID(self.text("token"))
        except ValueError:
            raise Refused("the form is not one of this session") from None


async def sent(request: Request) -> Sent:
    """Return the form of a request."""
    form = await request.form()
    found: dict[str, tuple[str, ...]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found[name] = (*found.get(name, ()), value)
    return Sent(found)


Form = Annotated[Sent, Depends(sent)]


@router.get("/children/new")
def ask_child(visitor: Member, search: UUID | None = None) -> Response:
    """Show the form for a child; what was searched for is filled in."""
    _must(visitor, Action.ADD_CHILD)
    return _child_form(visitor, _searched(visitor, search), token=uuid4())


@router.post("/children", dependencies=OWN_FORM)
def keep_child(visitor: Member, form: Form) -> Response:
    """Add the child, and go to the record."""
    _must(visitor, Action.ADD_CHILD)
    token, age = form.token(), form.text("estimated_age")
    typed = {name: values[0] for name, values in form.values.items()}
    if age and not _AGE.fullmatch(age):
        mistake = Mistake("estimated_age", msgid("Write the age in whole years."))
        return _child_form(visitor, typed, token=token, mistake=mistake)
    new = NewChild(
        name=form.text("name"),
        sex=form.text("sex"),
        commune=form.text("commune"),
        birth_date=form.known("birth_date"),
        estimated_age=int(age) if age else None,
        number=form.known("number"),
        address=form.known("address"),
        mother=form.known("mother"),
        father=form.known("father"),
        carer=form.known("carer"),
        carer_relation=form.known("carer_relation"),
    )
    try:
        with visitor.begin(Purpose.CASE_WORK) as transaction:
            child_id = add_child(transaction, visitor.services.vault, new, token=token)
    except BadQuery as refused:
        return _child_form(visitor, typed, token=token, mistake=_mistake(refused))
    return RedirectResponse(visitor.url(f"/children/{child_id}"), status_code=303)


@router.get("/children/{child_id}/cases/new")
def ask_case(visitor: Member, child_id: UUID) -> Response:
    """Show the form for a case. The page says nothing of the child, not even whether she exists."""
    _must(visitor, Action.WRITE_CASE)
    return _case_form(visitor, child_id, Sent({"channel": ("commune_intake",)}), token=uuid4())


@router.post("/children/{child_id}/cases", dependencies=OWN_FORM)
def keep_case(visitor: Member, child_id: UUID, form: Form) -> Response:
    """Write the case, and go to the child."""
    _must(visitor, Action.WRITE_CASE)
    token = form.token()
    groups = form.every("groups")
    if not all(map(_GROUP.fullmatch, groups)):
        mistake = Mistake("groups", msgid("A group of the law is a number from 1 to 14."))
        return _case_form(visitor, child_id, form, token=token, mistake=mistake)
    new = NewCase(
        groups=tuple(map(int, groups)),
        channel=form.text("channel"),
        harm_level=form.known("harm_level"),
        settings=form.every("settings"),
        notes=form.known("notes"),
        reporter={name: form.text(f"reporter_{name}") for name in ("name", "phone", "relation")},
        suspect={name: form.text(f"suspect_{name}") for name in ("relation", "name")},
    )
    try:
        with visitor.begin(Purpose.CASE_WORK) as transaction:
            add_case(transaction, visitor.services.vault, child_id, new, token=token)
    except BadQuery as refused:
        return _case_form(visitor, child_id, form, token=token, mistake=_mistake(refused))
    return RedirectResponse(visitor.url(f"/children/{child_id}"), status_code=303)


def _must(visitor: Visitor, action: Action) -> None:
    if not permitted(visitor.member.account.role, action):
        raise Refused(place=action.value)


def _mistake(refused: BadQuery) -> Mistake:
    name = refused.field or ""
    return Mistake(_FIELD_OF.get(name, name.replace(".", "_")), refused.rule or refused.title)


def _searched(visitor: Visitor, search: UUID | None) -> dict[str, str]:
    """Return what a kept search says of the child, as far as the form asks for it."""
    if search is None:
        return {}
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        query: FindQuery = recall_search(transaction, visitor.services.vault, search)
    is_name = bool(_LETTERS.search(query.text))
    found = {"name" if is_name else "number": query.text, "birth_date": query.born, "mother": query.mother}
    return {name: value for name, value in found.items() if value}


def _child_form(
    visitor: Visitor, fields: Mapping[str, str], *, token: UUID, mistake: Mistake | None = None
) -> Response:
    return render(
        visitor,
        "child_new.html",
        status=422 if mistake else 200,
        fields=fields,
        token=token,
        sexes=SEXES,
        communes=sorted(visitor.member.account.area.communes),
        mistakes=(mistake,) if mistake else (),
    )


def _case_form(
    visitor: Visitor, child_id: UUID, form: Sent, *, token: UUID, mistake: Mistake | None = None
) -> Response:
    context: dict[str, Any] = {"channels": CHANNELS, "harm_levels": HARM_LEVELS, "settings": SETTINGS}
    return render(
        visitor,
        "case_new.html",
        status=422 if mistake else 200,
        child_id=child_id,
        form=form,
        token=token,
        mistakes=(mistake,) if mistake else (),
        **context,
    )
