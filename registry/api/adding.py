"""Add a child by hand, or a case of a child. The answer is the same whether the registry knows the child or not."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.actions.intake.add_case import LONGEST_NOTES, NewCase, add_case
from registry.actions.intake.add_child import OLDEST, NewChild, add_child
from registry.api.caller import Person
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["children"])

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Token = Annotated[UUID, Field(description="chosen by the caller; the same token sent again adds nothing")]


class ChildToAdd(BaseModel):
    """What a commune knows of a child. null: not known."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Token
    name: Text = Field(repr=False)
    sex: Literal["female", "male", "unknown"]
    commune: str = Field(pattern="^[0-9]{5}$", description="one of the caller's own, in today's codes")
    birth_date: Text | None = Field(default=None, repr=False, description="a date, a month or a year")
    estimated_age: Annotated[int, Field(ge=0, le=OLDEST)] | None = Field(default=None, repr=False)
    number: Text | None = Field(default=None, repr=False, description="a personal number of twelve digits")
    address: Text | None = Field(default=None, repr=False)
    mother: Text | None = Field(default=None, repr=False)
    father: Text | None = Field(default=None, repr=False)
    carer: Text | None = Field(default=None, repr=False)
    carer_relation: Text | None = Field(default=None, repr=False)


class Reporter(BaseModel):
    """Who reported a case."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Text | None = Field(default=None, repr=False)
    phone: Text | None = Field(default=None, repr=False)
    relation: Text | None = Field(default=None, repr=False)


class Suspect(BaseModel):
    """Who is suspected."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    relation: Text | None = Field(default=None, repr=False)
    name: Text | None = Field(default=None, repr=False)


class CaseToWrite(BaseModel):
    """What is known when a case is taken down. null: not known."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Token
    groups: list[Annotated[int, Field(ge=1, le=14)]] = Field(
        default=[], max_length=14, repr=False, description="of the Law on Children, article 10"
    )
    channel: Literal["commune_intake", "hotline_111", "police", "health_facility", "school", "media", "letter"]
    harm_level: Literal["low", "medium", "high"] | None = Field(default=None, repr=False)
    settings: list[Literal["home", "school", "community", "online", "care_facility", "workplace"]] = Field(
        default=[], max_length=6, repr=False
    )
    notes: str | None = Field(default=None, max_length=LONGEST_NOTES, repr=False)
    reporter: Reporter | None = None
    suspect: Suspect | None = None


class Added(BaseModel):
    """What was written."""

    child_id: UUID = Field(description="of the record; it leads to the child like any of her records")


@router.post(
    "/children",
    summary="Add a child",
    status_code=201,
    response_model=Added,
    responses=problems(401, 403, 413, 422),
)
def add(caller: Person, asked: ChildToAdd) -> Added:
    """Add a child of the caller's communes. Whether somebody has her already is found out later, by the linkage."""
    new = NewChild(**asked.model_dump(exclude={"token"}))
    with caller.begin(Purpose.CASE_WORK) as transaction:
        child_id = add_child(transaction, caller.services.vault, new, token=asked.token)
    return Added(child_id=child_id)


@router.post(
    "/children/{child_id}/cases",
    summary="Write a case",
    status_code=201,
    response_model=Added,
    responses=problems(401, 403, 404, 413, 422),
)
def write(caller: Person, child_id: UUID, asked: CaseToWrite) -> Added:
    """Write a case of a child whom the caller may open; cases of other offices are neither shown nor mentioned."""
    new = NewCase(
        groups=tuple(asked.groups),
        channel=asked.channel,
        harm_level=asked.harm_level,
        settings=tuple(asked.settings),
        notes=asked.notes,
        reporter=asked.reporter.model_dump(exclude_none=True) if asked.reporter else {},
        suspect=asked.suspect.model_dump(exclude_none=True) if asked.suspect else {},
    )
    with caller.begin(Purpose.CASE_WORK) as transaction:
        case_id = add_case(transaction, caller.services.vault, child_id, new, token=asked.token)
    return Added(child_id=case_id)
