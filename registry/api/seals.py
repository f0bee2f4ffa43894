"""Seal a child, so that none but the officers who are named know of her."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry.actions.looking.seal_child import MOST_KEEPERS, seal_child, seal_view, unseal_child
from registry.api.caller import Signed
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["children"])

LONGEST_REASON = 500  # characters
Reason = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON, strip_whitespace=True)]
Login = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]


class Seal(BaseModel):
    """Who knows of a child."""

    model_config = ConfigDict(from_attributes=True)

    child_id: UUID
    keepers: list[str] = Field(description="sign-in names; none: the child is not sealed")


class Sealing(BaseModel):
    """Who may know of a child from now on, and why nobody else."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    keepers: Annotated[list[Login], Field(min_length=1, max_length=MOST_KEEPERS)]
    reason: Reason = Field(repr=False)


class Lifting(BaseModel):
    """Why a seal is lifted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Reason = Field(repr=False)


@router.get(
    "/children/{child_id}/seal",
    summary="Who knows of a child",
    response_model=Seal,
    responses=problems(401, 403, 404, 422),
)
def view(caller: Signed, child_id: UUID) -> Seal:
    """Return the keepers of a child whom the caller may open."""
    with caller.begin(Purpose.CASE_WORK) as transaction:
        found = seal_view(transaction, caller.services.vault, child_id)
    return Seal.model_validate(found)


@router.post(
    "/children/{child_id}/seal",
    status_code=204,
    summary="Seal a child",
    responses=problems(401, 403, 404, 413, 422),
)
def seal(caller: Signed, child_id: UUID, sealing: Sealing) -> None:
    """Let nobody but the keepers know of a child; one who is sealed gets these keepers."""
    with caller.begin(Purpose.CASE_WORK, reason=sealing.reason) as transaction:
        seal_child(transaction, caller.services.vault, child_id, keepers=sealing.keepers)


@router.post(
    "/children/{child_id}/seal/lift",
    status_code=204,
    summary="Lift the seal of a child",
    responses=problems(401, 403, 404, 409, 413, 422),
)
def lift(caller: Signed, child_id: UUID, lifting: Lifting) -> None:
    """Let a sealed child be found and opened again as her area says."""
    with caller.begin(Purpose.CASE_WORK, reason=lifting.reason) as transaction:
        unseal_child(transaction, caller.services.vault, child_id)
