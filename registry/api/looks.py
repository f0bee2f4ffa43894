"""Who looked at a child: for her family by office, for the auditor by account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field

from registry.actions.looking.who_looked import who_looked
from registry.api.caller import Person
from registry.api.problems import problems
from registry.model.access import Purpose, Role
from registry.model.errors import BadQuery

router = APIRouter(tags=["children"])

LONGEST_REASON = 500  # characters


class Look(BaseModel):
    """One time that somebody looked at the child, or did something to her record."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    event_id: UUID
    office: str
    role: str
    purpose: str
    action: str
    outcome: str
    groups: list[str] = Field(description="field groups that were shown")
    place: int | None = Field(description="number in the signed log; null: it is signed next")
    login: str | None = Field(repr=False, description="null: the system itself, or not the caller's to know")
    reason: str | None = Field(repr=False, description="null: none was given, or not the caller's to know")


class Looks(BaseModel):
    """All looks at a child, the newest first."""

    model_config = ConfigDict(from_attributes=True)

    looks: list[Look]
    more: int = Field(description="older ones, not shown")
    signed_size: int = Field(description="events under the newest signed head of the log")
    signed_at: datetime | None


@router.get(
    "/children/{child_id}/looks",
    summary="Who looked at a child",
    response_model=Looks,
    responses=problems(401, 403, 404, 422),
)
def looks_at(
    caller: Person,
    child_id: UUID,
    reason: Annotated[
        str | None, Header(description="one sentence, percent-encoded UTF-8; needed from an auditor")
    ] = None,
) -> Looks:
    """Return who looked at a child, when and why. That somebody asked is an event of the log itself."""
    sentence = " ".join(unquote(reason or "").split()) or None
    if sentence is not None and len(sentence) > LONGEST_REASON:
        raise BadQuery("reason", "too long")
    purpose = Purpose.ADMINISTRATION if caller.role is Role.AUDITOR else Purpose.SUBJECT_REQUEST
    with caller.begin(purpose, reason=sentence) as transaction:
        return Looks.model_validate(who_looked(transaction, caller.services.vault, child_id))
