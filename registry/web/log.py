"""The access log for the auditor: when, in which role, for what purpose, what. No names; before it, what alarms."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from registry.actions.oversight.alarms import acknowledge_alarm, list_alarms
from registry.actions.oversight.read_log import read_log
from registry.model.access import Purpose
from registry.web.rendering import render
from registry.web.visitor import OWN_FORM, Member

router = APIRouter()

ALARMS_SHOWN: Final = 20


@router.get("/log")
def show(visitor: Member) -> Response:
    """Show the newest events."""
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        page = read_log(transaction, visitor.services.vault)
        alarms = list_alarms(transaction, visitor.services.vault, waiting_only=True, limit=ALARMS_SHOWN)
    return render(visitor, "log.html", page=page, alarms=alarms)


@router.post("/log/alarms/{alarm_id}", dependencies=OWN_FORM)
def acknowledge(visitor: Member, alarm_id: UUID) -> Response:
    """Say that an alarm was looked at."""
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        acknowledge_alarm(transaction, visitor.services.vault, alarm_id)
    return RedirectResponse(visitor.url("/log"), status_code=303)
