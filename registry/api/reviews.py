"""Review pairs: what waits, one pair, and what a person says of it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.actions.linkage.list_reviews import LONGEST_PAGE, PAGE, review_page
from registry.actions.linkage.review import LONGEST_REASON, decide_pair, open_pair, review_queue
from registry.api.caller import Signed
from registry.api.children import Evidence, Side
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["reviews"])


class Waiting(BaseModel):
    """A record that waits for a person."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    system: str
    information: float = Field(description="bits that a decision is expected to tell")
    unsure: bool = Field(description="the caller has said 'unsure' of it")


class Queue(BaseModel):
    """How many records wait for a person, and a page of them: those whose decision tells most first."""

    waiting: int
    first: UUID | None = Field(description="the first of all of them")
    items: list[Waiting]
    next: str | None = Field(description="to be given as `after` for the next page; null: this is the last")


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
    held: bool = Field(
        description="the source holds one record per child, and another of its records claims the same citizen"
    )


class Verdict(BaseModel):
    """What a person says of a record and a citizen."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    person_id: UUID
    says: Literal["same", "different", "unsure"]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON)] = Field(repr=False)


@router.get("/reviews", summary="Pairs that wait", response_model=Queue, responses=problems(401, 403, 422))
def queue(
    caller: Signed,
    after: Annotated[str | None, Query(max_length=100, description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> Queue:
    """Return how many records of the caller's area wait, and a page of them, the most informative first."""
    with caller.begin(Purpose.REVIEW) as transaction:
        waiting, first = review_queue(transaction)
        page = review_page(transaction, after=after, limit=limit)
    items = [Waiting.model_validate(one) for one in page.items]
    return Queue(waiting=waiting, first=first, items=items, next=page.next)


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
