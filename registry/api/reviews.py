"""Review pairs: what waits, one pair, and what a person says of it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.actions.review import LONGEST_REASON, decide_pair, open_pair, review_queue
from registry.api.caller import Signed
from registry.api.children import Evidence, Side
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["reviews"])


class Queue(BaseModel):
    """How many records wait for a person."""

    waiting: int
    first: UUID | None = Field(description="the most doubtful of them")


class Candidate(BaseModel):
    """A citizen who may be the child."""

    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    theirs: Side = Field(repr=False)
    probability: float
    bits: float
    evidence: list[Evidence]


class Pair(BaseModel):
    """A record and the citizens it may be."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    system: str
    ours: Side = Field(repr=False)
    candidates: list[Candidate]


class Verdict(BaseModel):
    """What a person says of a record and a citizen."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    person_id: UUID
    says: Literal["same", "different", "unsure"]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON)] = Field(repr=False)


@router.get("/reviews", summary="Pairs that wait", response_model=Queue, responses=problems(401, 403))
def queue(caller: Signed) -> Queue:
    """Return how many records of the caller's area wait, and the first of them."""
    with caller.begin(Purpose.REVIEW) as transaction:
        waiting, first = review_queue(transaction)
    return Queue(waiting=waiting, first=first)


@router.get("/reviews/{child_id}", summary="One pair", response_model=Pair, responses=problems(401, 403, 404, 422))
def pair(caller: Signed, child_id: UUID) -> Pair:
    """Return a record that waits, and its candidates, best first."""
    with caller.begin(Purpose.REVIEW) as transaction:
        found = open_pair(transaction, caller.services.vault, child_id)
    return Pair.model_validate(found)


@router.post(
    "/reviews/{child_id}",
    status_code=204,
    summary="Decide a pair",
    responses=problems(401, 403, 404, 409, 413, 422),
)
def decide(caller: Signed, child_id: UUID, verdict: Verdict) -> None:
    """Keep what a person says of a pair, and act on it."""
    with caller.begin(Purpose.REVIEW) as transaction:
        decide_pair(
            transaction,
            caller.services.vault,
            child_id,
            verdict.person_id,
            says=verdict.says,
            reason=verdict.reason,
        )
