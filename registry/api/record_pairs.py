"""Pairs of records that may be one child: what waits, one pair, what a person says of it, and joins undone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.actions.linkage.cluster_review import (
    decide_record_pair,
    open_record_pair,
    recent_joins,
    record_pair_queue,
    undo_join,
)
from registry.actions.linkage.review import LONGEST_REASON
from registry.api.caller import Signed
from registry.api.children import Evidence, Side
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["record pairs"])

Reason = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON)]


class TwoRecords(BaseModel):
    """Two records by their ids."""

    child_id: UUID
    other_id: UUID


class PairQueue(BaseModel):
    """How many pairs of records wait for a person."""

    waiting: int
    first: TwoRecords | None = Field(description="the most doubtful of them")


class RecordPair(BaseModel):
    """Two records that may be one child."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    other_id: UUID
    system: str
    other_system: str
    ours: Side = Field(repr=False)
    theirs: Side = Field(repr=False)
    probability: float
    bits: float
    evidence: list[Evidence]
    joined: bool = Field(description="they are one child already")
    linked: bool = Field(description="one of the two is linked to a citizen, whom the other would share")


class PairVerdict(BaseModel):
    """What a person says of two records."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    says: Literal["same", "different", "unsure"]
    reason: Reason = Field(repr=False)


class ListedJoin(BaseModel):
    """Two records that are one child, without what they say."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    other_id: UUID
    system: str
    other_system: str
    probability: float | None = Field(description="null: a person said so")
    made_at: datetime
    made_by_person: bool


class Undoing(BaseModel):
    """Why a record is taken out of a child."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Reason = Field(repr=False)


@router.get(
    "/record-pairs", summary="Pairs of records that wait", response_model=PairQueue, responses=problems(401, 403)
)
def queue(caller: Signed) -> PairQueue:
    """Return how many pairs of records of the caller's area wait, and the first of them."""
    with caller.begin(Purpose.REVIEW) as transaction:
        waiting, first = record_pair_queue(transaction)
    return PairQueue(waiting=waiting, first=TwoRecords(child_id=first[0], other_id=first[1]) if first else None)


@router.get(
    "/record-pairs/{child_id}/{other_id}",
    summary="One pair of records",
    response_model=RecordPair,
    responses=problems(401, 403, 404, 422),
)
def pair(caller: Signed, child_id: UUID, other_id: UUID) -> RecordPair:
    """Return two records side by side, with the evidence."""
    with caller.begin(Purpose.REVIEW) as transaction:
        found = open_record_pair(transaction, caller.services.vault, child_id, other_id)
    return RecordPair.model_validate(found)


@router.post(
    "/record-pairs/{child_id}/{other_id}",
    status_code=204,
    summary="Decide a pair of records",
    responses=problems(401, 403, 404, 409, 413, 422),
)
def decide(caller: Signed, child_id: UUID, other_id: UUID, verdict: PairVerdict) -> None:
    """Keep what a person says of two records, and act on it."""
    with caller.begin(Purpose.REVIEW) as transaction:
        decide_record_pair(
            transaction, caller.services.vault, child_id, other_id, says=verdict.says, reason=verdict.reason
        )


@router.get("/record-joins", summary="The newest joins", response_model=list[ListedJoin], responses=problems(401, 403))
def joins(caller: Signed) -> list[ListedJoin]:
    """Return the newest joins of records of the caller's area."""
    with caller.begin(Purpose.REVIEW) as transaction:
        found = recent_joins(transaction)
    return [ListedJoin.model_validate(join) for join in found]


@router.post(
    "/record-joins/{child_id}/undo",
    status_code=204,
    summary="Take a record out of a child",
    responses=problems(401, 403, 404, 413, 422),
)
def undo(caller: Signed, child_id: UUID, undoing: Undoing) -> None:
    """Take a record out of the child that it was joined to; it is never joined to the others again."""
    with caller.begin(Purpose.REVIEW, reason=undoing.reason) as transaction:
        undo_join(transaction, caller.services.vault, child_id, reason=undoing.reason)
