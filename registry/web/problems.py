"""The list for the police on the pages: ask for it, fetch it, and take in what came back signed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, UploadFile
from starlette.responses import RedirectResponse, Response

from connectors.contract import FileRefused
from connectors.formats.workbooks import rows_of
from registry.actions.lists.exports import own_export
from registry.actions.population.problem_intake import AnswersRefused, Signature, TakenIn, take_in_answers
from registry.actions.population.problem_lists import ask_problems, fetch_problems
from registry.exports.problem_answers import Fault
from registry.exports.problem_sheet import COLUMNS
from registry.model.access import Purpose
from registry.model.errors import BadQuery, NotFound, Refused, TooMany
from registry.protect.authorize import Action, permitted
from registry.web import population_words
from registry.web.duty_forms import Fields, Sent
from registry.web.exports import communes_of
from registry.web.rendering import VIET_NAM, Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

UPLOAD: Final = "/problems/answers"
LARGEST: Final = 5_000_000  # bytes of an upload
LONGEST_REASON: Final = 500  # characters
_REASON: Final = msgid("Write one sentence of at most 500 characters.")
_COMMUNE: Final = msgid("Choose a commune of your own area in which children have a problem.")
_TOO_MANY: Final = msgid("These are more children than a list may hold.")
_FILE: Final = msgid("Choose the workbook as it came back, an .xlsx file.")
_SIGNED: Final = msgid("Say who signed the list.")
_REFUSED: Final = msgid("The list was refused and nothing of it was taken in; every fault is named below.")
_DAY: Final = msgid("A day that has come, such as 31/12/2026.")


@router.get("/problems")
def show(visitor: Member) -> Response:
    """Show the forms: for a list, and for its answers."""
    if not permitted(visitor.member.account.role, Action.PROBLEMS):
        raise Refused(place=Action.PROBLEMS.value)
    return _page(visitor)


@router.post("/problems", dependencies=OWN_FORM)
def ask(visitor: Member, sent: Sent) -> Response:
    """Fix the list of a commune and show it."""
    fields = Fields(sent)
    reason = " ".join(fields.text("reason").split())
    if not 0 < len(reason) <= LONGEST_REASON:
        return _page(visitor, Mistake("reason", _REASON))
    try:
        with visitor.begin(Purpose.CASE_WORK, reason=reason) as transaction:
            asked = ask_problems(transaction, visitor.services.vault, fields.text("commune"))
    except TooMany:
        return _page(visitor, Mistake("commune", _TOO_MANY))
    except BadQuery:
        return _page(visitor, Mistake("commune", _COMMUNE))
    return RedirectResponse(visitor.url(f"/problems/{asked.export_id}"), status_code=303)


@router.get("/problems/{export_id}")
def one(visitor: Member, export_id: UUID) -> Response:
    """Show an own list: what it is, and how it is fetched."""
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        found = own_export(transaction, visitor.services.vault, export_id)
    if not found.of_problems:
        raise NotFound
    return render(visitor, "problem_list.html", export=found)


@router.post("/problems/{export_id}/file", dependencies=OWN_FORM)
def fetch(visitor: Member, export_id: UUID) -> Response:
    """Hand the list out as a workbook."""
    vault = visitor.services.vault
    with visitor.begin(Purpose.CASE_WORK) as transaction:
        found = own_export(transaction, vault, export_id)
    if found.reason is None or not found.of_problems:
        raise NotFound
    with visitor.begin(found.purpose, reason=found.reason) as transaction:
        file = fetch_problems(transaction, vault, export_id, language=visitor.language)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.post(UPLOAD, dependencies=OWN_FORM)
def take_in(
    visitor: Member,
    *,
    file: UploadFile | None = None,
    signed_by: Annotated[str, Form()] = "",
    signed_on: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
) -> Response:
    """Take in the answers of the police: the whole file, or nothing of it and every fault named."""
    sentence = " ".join(why.split())
    day = _day(signed_on)
    content = file.file.read() if file else b""
    mistake = _mistake(content, signed_by=signed_by, signed=day is not None, reason=sentence)
    if mistake is not None or day is None:
        return _page(visitor, mistake or Mistake("signed_on", _DAY))
    try:
        rows = rows_of(io.BytesIO(content), "list.xlsx")
        signature = Signature(by=signed_by.strip(), on=day)
        with visitor.begin(Purpose.CASE_WORK, reason=sentence) as transaction:
            taken = take_in_answers(transaction, visitor.services.vault, rows, signature)
    except FileRefused:
        return _page(visitor, Mistake("file", _FILE))
    except AnswersRefused as refused:
        return _page(visitor, Mistake("file", _REFUSED), faults=refused.faults)
    except BadQuery as refused:
        return _page(visitor, Mistake(refused.field or "file", _DAY if refused.field == "signed_on" else _SIGNED))
    return _page(visitor, taken=taken)


def _mistake(content: bytes, *, signed_by: str, signed: bool, reason: str) -> Mistake | None:
    """Return what is missing of an upload; None: nothing."""
    if not content:
        return Mistake("file", _FILE)
    if not signed_by.strip():
        return Mistake("signed_by", _SIGNED)
    if not signed:
        return Mistake("signed_on", _DAY)
    return None if 0 < len(reason) <= LONGEST_REASON else Mistake("why", _REASON)


def _day(text: str) -> date | None:
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=VIET_NAM).date()
        except ValueError:
            continue
    return None


def _page(
    visitor: Visitor,
    mistake: Mistake | None = None,
    *,
    faults: Sequence[Fault] = (),
    taken: TakenIn | None = None,
) -> Response:
    titles = {name: words for name, words, _ in COLUMNS}
    return render(
        visitor,
        "problems.html",
        status=422 if mistake else 200,
        communes=communes_of(visitor.member.account.area),
        faults=[(fault, titles[fault.field].read(visitor.language)) for fault in faults],
        taken=taken,
        said=population_words,
        mistakes=(mistake,) if mistake else (),
    )
