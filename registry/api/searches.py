"""Find children."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from registry.actions.finding.find_child import FindQuery, Tier, find_child
from registry.actions.finding.grading import Grade
from registry.api.caller import Signed
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["children"])

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class LookingPurpose(StrEnum):
    """Why somebody looks at a child."""

    CASE_WORK = Purpose.CASE_WORK.value
    REFERRAL = Purpose.REFERRAL.value
    EMERGENCY = Purpose.EMERGENCY.value
    DUPLICATE_CHECK = Purpose.DUPLICATE_CHECK.value
    OTHER = Purpose.OTHER.value


class Search(BaseModel):
    """What is known of the child."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    text: Text | None = Field(
        default=None, repr=False, description="a name with or without marks, a personal number, or a record key"
    )
    born: Text | None = Field(default=None, repr=False, description="a date, a month, or a year that may be one off")
    mother: Text | None = Field(default=None, repr=False, description="the mother's or the father's name")
    commune: Text | None = Field(default=None, repr=False, description="name or code, of today or before July 2025")
    purpose: LookingPurpose

    @model_validator(mode="after")
    def _somebody(self) -> Search:
        if self.text is None and self.mother is None:
            raise ValueError("a text or a parent's name is needed")
        return self


class FoundChild(BaseModel):
    """A child that may be the one, with nothing sensitive."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    rank: int = Field(description="one more than the children with better evidence; equal evidence, equal rank")
    name: str = Field(repr=False)
    birth_year: int | None = Field(repr=False)
    sex: str | None
    commune: str | None = Field(description="today's code; null: not known exactly")
    province: str | None = Field(description="today's code")
    mother_given_name: str | None = Field(repr=False)
    may_open: bool = Field(description="false: found, and opened by those of her commune or province only")
    grade: Grade
    reasons: list[str]


class SearchAnswer(BaseModel):
    """The children found, best first."""

    model_config = ConfigDict(from_attributes=True)

    tier: Tier = Field(description="how wide the search looked")
    found: list[FoundChild] = Field(description="whole ranks: never a list that was cut inside one")
    total: int
    too_many: bool = Field(description="some match and are not shown: add a detail")
    advice: str | None


@router.post("/searches", summary="Find children", response_model=SearchAnswer, responses=problems(401, 403, 413, 422))
def search(caller: Signed, asked: Search) -> SearchAnswer:
    """Return the children of the caller's area that are meant. One search is one event of the access log."""
    query = FindQuery(text=asked.text or "", born=asked.born, mother=asked.mother, commune=asked.commune)
    with caller.services.meters.searching() as told, caller.begin(Purpose(asked.purpose.value)) as transaction:
        answer = find_child(transaction, caller.services.vault, query)
        told(answer.tier)
    return SearchAnswer.model_validate(answer)
