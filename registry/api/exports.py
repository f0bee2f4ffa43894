"""Lists of children that leave the registry: ask, fetch, agree to somebody else's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from registry.actions.lists.export_rows import Question
from registry.actions.lists.exports import (
    State,
    ask_export,
    decide_export,
    own_export,
    own_exports,
    waiting_export,
    waiting_exports,
)
from registry.actions.lists.fetch_export import MEDIA_TYPES, Form, fetch_export
from registry.api.caller import Person
from registry.api.problems import problems
from registry.api.searches import LookingPurpose
from registry.model.access import Purpose
from registry.model.errors import Conflict

router = APIRouter(tags=["exports"])

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Year = Annotated[int, Field(ge=1990, le=2100)]
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file",
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
    }
}


class NewExport(BaseModel):
    """Which children are wanted, and why."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    commune: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None = Field(
        default=None, description="today's code; null: all of the caller's area"
    )
    first_year: Year = Field(description="of birth")
    last_year: Year
    sex: Literal["female", "male"] | None = Field(default=None, description="null: both")
    purpose: LookingPurpose
    reason: Sentence = Field(repr=False, description="one sentence; whoever agrees reads it")


class Asked(BaseModel):
    """What a list was asked for by."""

    model_config = ConfigDict(from_attributes=True)

    commune: str | None
    first_year: int
    last_year: int
    sex: str | None


class ChildExport(BaseModel):
    """A list. It names no child."""

    model_config = ConfigDict(from_attributes=True)

    export_id: UUID
    state: State = Field(description="ready: it can be fetched; waiting: a second person must agree")
    children: int
    asked_at: datetime
    expires_at: datetime
    login: str = Field(repr=False, description="the account that asked")
    office: str
    purpose: Purpose
    digest: str = Field(description="of the children and their values: what an agreement is bound to")
    needs_second: bool
    fetches: int
    question: Asked | None = Field(description="null in a list of lists, and when the list has expired")
    reason: str | None = Field(repr=False)


class Wanted(BaseModel):
    """In which form the file is wanted."""

    model_config = ConfigDict(extra="forbid")

    form: Form
    language: Literal["vi", "en"] = "vi"


class Decision(BaseModel):
    """What the second person says."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    approved: bool
    digest: Annotated[str, StringConstraints(max_length=128)] = Field(description="of the list as it was shown")
    reason: Sentence = Field(repr=False)


@router.post(
    "/exports",
    summary="Ask for a list of children",
    status_code=201,
    response_model=ChildExport,
    responses=problems(401, 403, 413, 422),
)
def ask(caller: Person, wanted: NewExport) -> ChildExport:
    """Fix a list. Up to 100 children a day are had alone; for more, a second person must agree."""
    question = Question(
        commune=wanted.commune, first_year=wanted.first_year, last_year=wanted.last_year, sex=wanted.sex
    )
    with caller.begin(Purpose(wanted.purpose.value), reason=wanted.reason) as transaction:
        return ChildExport.model_validate(ask_export(transaction, caller.services.vault, question))


@router.get("/exports", summary="Own lists", response_model=list[ChildExport], responses=problems(401, 403))
def own(caller: Person) -> list[ChildExport]:
    """Return the lists that the caller has asked for, newest first."""
    with caller.begin(Purpose.CASE_WORK) as transaction:
        return [ChildExport.model_validate(one) for one in own_exports(transaction)]


@router.get(
    "/exports/{export_id}", summary="An own list", response_model=ChildExport, responses=problems(401, 403, 404, 422)
)
def one(caller: Person, export_id: UUID) -> ChildExport:
    """Return one of the caller's lists."""
    with caller.begin(Purpose.CASE_WORK) as transaction:
        return ChildExport.model_validate(own_export(transaction, caller.services.vault, export_id))


@router.post(
    "/exports/{export_id}/file",
    summary="Fetch a list as a file",
    response_class=Response,
    responses={**problems(401, 403, 404, 409, 413, 422), **_FILE},
)
def fetch(caller: Person, export_id: UUID, wanted: Wanted) -> Response:
    """Return the file. The access log holds every child on it before it leaves."""
    vault = caller.services.vault
    with caller.begin(Purpose.CASE_WORK) as transaction:
        found = own_export(transaction, vault, export_id)
    if found.reason is None:
        raise Conflict("the list has expired", field="export")
    with caller.begin(found.purpose, reason=found.reason) as transaction:
        file = fetch_export(transaction, vault, export_id, form=wanted.form, language=wanted.language)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.get(
    "/export-approvals",
    summary="Lists that wait for the caller",
    response_model=list[ChildExport],
    responses=problems(401, 403),
)
def waiting(caller: Person) -> list[ChildExport]:
    """Return the lists of others that the caller may agree to, oldest first."""
    with caller.begin(Purpose.ADMINISTRATION) as transaction:
        return [ChildExport.model_validate(one) for one in waiting_exports(transaction)]


@router.get(
    "/export-approvals/{export_id}",
    summary="A list that waits for the caller",
    response_model=ChildExport,
    responses=problems(401, 403, 404, 422),
)
def look(caller: Person, export_id: UUID) -> ChildExport:
    """Return what somebody asks for and why."""
    with caller.begin(Purpose.ADMINISTRATION) as transaction:
        return ChildExport.model_validate(waiting_export(transaction, caller.services.vault, export_id))


@router.post(
    "/export-approvals/{export_id}",
    summary="Agree to a list, or refuse it",
    response_model=ChildExport,
    responses=problems(401, 403, 404, 409, 413, 422),
)
def decide(caller: Person, export_id: UUID, said: Decision) -> ChildExport:
    """Keep what the caller says as a second person; it needs a proof of a moment ago of who that is."""
    vault = caller.services.vault
    with caller.begin(Purpose.ADMINISTRATION, reason=said.reason) as transaction:
        decide_export(transaction, vault, export_id, approved=said.approved, digest=said.digest)
        return ChildExport.model_validate(waiting_export(transaction, vault, export_id))
