"""Open one child beyond the own area in an emergency, and judge what others have opened so."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.actions.looking.break_glass import break_glass, end_emergency
from registry.actions.looking.review_emergency import Verdict, emergencies_to_judge, judge_emergency
from registry.api.caller import Person
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["emergencies"])

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class NewEmergency(BaseModel):
    """What the emergency is, and whose record it opens."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    child_id: UUID
    reason: Sentence = Field(repr=False, description="one sentence; the supervisor reads it")


class RunningEmergency(BaseModel):
    """An emergency that runs: until its end the child is opened with the purpose `emergency`."""

    model_config = ConfigDict(from_attributes=True)

    emergency_id: UUID
    child_id: UUID
    ends_at: datetime
    review_due_at: datetime = Field(description="without a verdict by then the account is locked")


class Emergency(BaseModel):
    """An emergency as its supervisor reads it."""

    model_config = ConfigDict(from_attributes=True)

    emergency_id: UUID
    child_id: UUID
    kind: str = Field(description="break_glass: a child of another area; own_area: one of the own")
    login: str = Field(repr=False)
    office: str
    reason: str | None = Field(repr=False)
    began_at: datetime
    ends_at: datetime | None
    review_due_at: datetime | None
    locked_at: datetime | None = Field(description="since when the account is locked for want of the verdict")
    reviewed_at: datetime | None
    verdict: str | None
    note: str | None = Field(repr=False)


class Judgement(BaseModel):
    """What the supervisor says."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    verdict: Verdict
    note: Sentence = Field(repr=False)


@router.post(
    "/emergencies",
    summary="Open one child beyond the own area for 30 minutes",
    status_code=201,
    response_model=RunningEmergency,
    responses=problems(401, 403, 404, 409, 413, 422),
)
def begin(caller: Person, asked: NewEmergency) -> RunningEmergency:
    """Break the glass. It takes a sign-in of the last five minutes, and the supervisor is told at once."""
    with caller.begin(Purpose.EMERGENCY, reason=" ".join(asked.reason.split())) as transaction:
        begun = break_glass(transaction, caller.services.vault, asked.child_id)
    return RunningEmergency.model_validate(begun)


@router.delete(
    "/emergencies/running", summary="End the own emergency", status_code=204, responses=problems(401, 403, 422)
)
def end(caller: Person) -> None:
    """End the own emergency that runs; without one nothing changes."""
    with caller.begin(Purpose.EMERGENCY) as transaction:
        end_emergency(transaction, caller.services.vault)


@router.get(
    "/emergencies", summary="Emergencies to judge", response_model=list[Emergency], responses=problems(401, 403)
)
def told(caller: Person) -> list[Emergency]:
    """Return what the caller was told of as a supervisor, what waits for a verdict first."""
    with caller.begin(Purpose.ADMINISTRATION) as transaction:
        found = emergencies_to_judge(transaction, caller.services.vault)
    return [Emergency.model_validate(one) for one in found]


@router.post(
    "/emergencies/{emergency_id}/verdict",
    summary="Judge an emergency",
    status_code=204,
    responses=problems(401, 403, 404, 409, 413, 422),
)
def judge(caller: Person, emergency_id: UUID, said: Judgement) -> None:
    """Keep the verdict of the supervisor; an account that was locked for want of it is unlocked."""
    with caller.begin(Purpose.ADMINISTRATION) as transaction:
        judge_emergency(transaction, caller.services.vault, emergency_id, verdict=said.verdict, note=said.note)
