"""Lists of children that leave the registry: ask for one, fetch it, agree to somebody else's."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from matching import places
from registry.actions.lists.export_rows import Question
from registry.actions.lists.exports import (
    LONGEST_REASON,
    ask_export,
    check_may_decide,
    decide_export,
    own_export,
    own_exports,
    waiting_export,
    waiting_exports,
)
from registry.actions.lists.fetch_export import Form as FileForm
from registry.actions.lists.fetch_export import fetch_export
from registry.model.access import Area, Purpose
from registry.model.errors import BadQuery, Conflict, ReasonNeeded, Refused, TooMany
from registry.protect.authorize import Action, permitted
from registry.web import words
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

_RULES: Final = {
    "commune": msgid("No child of this commune, these years and this sex is in your area."),
    "first_year": msgid("Write years of birth with four digits, the earlier one first."),
    "last_year": msgid("Write years of birth with four digits, the earlier one first."),
    "sex": msgid("Choose girls, boys or both."),
    "reason": msgid("Write one sentence of at most 500 characters."),
    "purpose": msgid("Choose what the list is for."),
}
_TOO_MANY: Final = msgid("These are more children than a list may hold: choose a commune, or fewer years.")


@router.get("/exports")
def show(visitor: Member) -> Response:
    """Show the own lists, and the form for a new one."""
    if not permitted(visitor.member.account.role, Action.ASK_EXPORT):
        raise Refused(place=Action.ASK_EXPORT.value)
    return _own(visitor, {})


@router.post("/exports", dependencies=OWN_FORM)
def ask(
    visitor: Member,
    *,
    commune: Annotated[str, Form()] = "",
    first_year: Annotated[str, Form()] = "",
    last_year: Annotated[str, Form()] = "",
    sex: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Fix a list and show it."""
    fields = {
        "commune": commune.strip(),
        "first_year": first_year.strip(),
        "last_year": last_year.strip(),
        "sex": sex.strip(),
        "purpose": purpose.strip(),
        "reason": " ".join(reason.split()),
    }
    mistake = _mistake(fields)
    if mistake is not None:
        return _own(visitor, fields, mistake)
    question = Question(
        commune=fields["commune"] or None,
        first_year=int(fields["first_year"]),
        last_year=int(fields["last_year"]),
        sex=fields["sex"] or None,
    )
    try:
        with visitor.begin(Purpose(fields["purpose"]), reason=fields["reason"]) as transaction:
            asked = ask_export(transaction, visitor.services.vault, question)
    except TooMany:
        return _own(visitor, fields, Mistake("commune", _TOO_MANY))
    except BadQuery as refused:
        name = refused.field or ""
        return _own(visitor, fields, Mistake(name, _RULES.get(name, _RULES["commune"])))
    return RedirectResponse(visitor.url(f"/exports/{asked.export_id}"), status_code=303)


@router.get("/exports/{export_id}")
def one(visitor: Member, export_id: UUID) -> Response:
    """Show an own list: what it is, and how it is fetched."""
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        found = own_export(transaction, visitor.services.vault, export_id)
    if found.of_problems:
        return RedirectResponse(visitor.url(f"/problems/{export_id}"), status_code=303)
    return render(visitor, "export.html", export=found)


@router.post("/exports/{export_id}/file", dependencies=OWN_FORM)
def fetch(visitor: Member, export_id: UUID, *, form: Annotated[FileForm, Form()] = FileForm.XLSX) -> Response:
    """Hand the list out as a file."""
    vault = visitor.services.vault
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        found = own_export(transaction, vault, export_id)
    if found.reason is None:
        raise Conflict("the list has expired", field="export")
    with visitor.begin(found.purpose, reason=found.reason) as transaction:
        file = fetch_export(transaction, vault, export_id, form=form, language=visitor.language)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.get("/export-approvals")
def waiting(visitor: Member) -> Response:
    """Show the lists of others that wait for this person."""
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        found = waiting_exports(transaction)
    return render(visitor, "export_approvals.html", exports=found)


@router.get("/export-approvals/{export_id}")
def look(visitor: Member, export_id: UUID) -> Response:
    """Show what somebody asks for, and the form in which it is decided."""
    check_may_decide(visitor.access(Purpose.ADMINISTRATION))
    return _decision(visitor, export_id)


@router.post("/export-approvals/{export_id}", dependencies=OWN_FORM)
def decide(
    visitor: Member,
    export_id: UUID,
    *,
    says: Annotated[str, Form()] = "",
    digest: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the second person says."""
    sentence = " ".join(reason.split())
    if says not in ("approve", "refuse"):
        return _decision(visitor, export_id, Mistake("says", msgid("Choose whether the list may leave.")))
    if len(sentence) > LONGEST_REASON:
        return _decision(visitor, export_id, Mistake("reason", _RULES["reason"]))
    try:
        with visitor.begin(Purpose.ADMINISTRATION, reason=sentence or None) as transaction:
            approved = says == "approve"
            decide_export(transaction, visitor.services.vault, export_id, approved=approved, digest=digest)
    except ReasonNeeded:
        return _decision(visitor, export_id, Mistake("reason", _RULES["reason"]))
    return RedirectResponse(visitor.url("/export-approvals"), status_code=303)


def _mistake(fields: dict[str, str]) -> Mistake | None:
    """Return what is wrong with a form before anything is asked; None: nothing."""
    for name in ("first_year", "last_year"):
        if not (fields[name].isascii() and fields[name].isdigit() and len(fields[name]) == len("2026")):
            return Mistake(name, _RULES[name])
    if fields["purpose"] not in words.REASONS:
        return Mistake("purpose", _RULES["purpose"])
    if not 1 <= len(fields["reason"]) <= LONGEST_REASON:
        return Mistake("reason", _RULES["reason"])
    return None


def _own(visitor: Visitor, fields: dict[str, str], mistake: Mistake | None = None) -> Response:
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        found = own_exports(transaction)
    return render(
        visitor,
        "exports.html",
        status=422 if mistake else 200,
        exports=found,
        fields=fields,
        communes=communes_of(visitor.member.account.area),
        mistakes=(mistake,) if mistake else (),
    )


def communes_of(area: Area) -> list[str]:
    """Return the communes of an area by name."""
    codes = area.communes | {commune for province in area.provinces for commune in places.communes_of(province)}
    return sorted(codes, key=lambda code: (places.commune_name(code) or code, code))


def _decision(visitor: Visitor, export_id: UUID, mistake: Mistake | None = None) -> Response:
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        found = waiting_export(transaction, visitor.services.vault, export_id)
    mistakes = (mistake,) if mistake else ()
    return render(visitor, "export_decide.html", status=422 if mistake else 200, export=found, mistakes=mistakes)
