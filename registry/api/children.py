"""Open a child: what each source knows of her, as far as role, area and purpose allow."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field

from registry.actions.looking.open_child import open_child
from registry.api.caller import Signed
from registry.api.problems import problems
from registry.api.searches import LookingPurpose
from registry.model.access import Purpose
from registry.model.errors import BadQuery

router = APIRouter(tags=["children"])

LONGEST_REASON = 500  # characters


class Evidence(BaseModel):
    """What one field says of a pair."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    level: str
    reason: str
    bits: float


class Side(BaseModel):
    """Who a child or a citizen is, as one side says. null: not known, or not the caller's to see."""

    model_config = ConfigDict(from_attributes=True)

    name: str | None = Field(repr=False)
    sex: str | None
    birth: str | None = Field(repr=False, description="yyyy, yyyy-mm or yyyy-mm-dd")
    number: str | None = Field(repr=False, description="masked")
    commune: str | None
    province: str | None
    ethnicity: str | None
    mother: str | None = Field(repr=False)
    father: str | None = Field(repr=False)
    flags: list[str]


class Record(BaseModel):
    """One source's record."""

    model_config = ConfigDict(from_attributes=True)

    system: str
    source_key: str | None = Field(repr=False)
    version_at: datetime | None
    seen_at: datetime
    side: Side = Field(repr=False)
    unit_code: str | None
    unit_scheme: str | None
    carer: str | None = Field(repr=False)
    address: str | None = Field(repr=False)
    services: dict[str, Any] = Field(repr=False)
    welfare_groups: list[int] = Field(repr=False)
    case: dict[str, Any] | None = Field(repr=False)
    case_notes: str | None = Field(repr=False)
    reporter: dict[str, Any] | None = Field(repr=False)
    suspect: dict[str, Any] | None = Field(repr=False, description="a parent or carer; null: nobody is named")


class Link(BaseModel):
    """A link to a citizen of the population database."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    number_masked: str | None
    probability: float
    evidence: list[Evidence]
    model_version: str
    made_at: datetime
    made_by_person: bool
    verified: str | None
    verified_at: datetime | None


class Join(BaseModel):
    """Two records that were joined into one child, though no citizen says so."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID = Field(description="the record that can be taken out")
    other_id: UUID
    system: str
    other_system: str
    probability: float | None = Field(description="null: a person said so")
    evidence: list[Evidence]
    made_at: datetime
    made_by_person: bool


class Child(BaseModel):
    """A child as people see it: all records that are this child."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    records: list[Record]
    links: list[Link]
    joins: list[Join]
    sealed: bool = Field(description="known to named officers only, of whom the caller is one")
    emergency_until: datetime | None = Field(description="open beyond the own area until then; null: in it")
    unreadable: int = Field(description="records left out, or shown in part: their sealed values were changed")


@router.get(
    "/children/{child_id}", summary="Open a child", response_model=Child, responses=problems(401, 403, 404, 409, 422)
)
def open_one(
    caller: Signed,
    child_id: UUID,
    purpose: Annotated[LookingPurpose, Header(description="why the child is opened")],
    reason: Annotated[
        str | None, Header(description="one sentence, percent-encoded UTF-8; needed with the purpose `other`")
    ] = None,
) -> Child:
    """Return a child. The access log holds the look before the answer leaves."""
    sentence = " ".join(unquote(reason or "").split()) or None
    if sentence is not None and len(sentence) > LONGEST_REASON:
        raise BadQuery("reason", "too long")
    with caller.begin(Purpose(purpose.value), reason=sentence) as transaction:
        child = open_child(transaction, caller.services.vault, child_id)
    return Child.model_validate(child)
