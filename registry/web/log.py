"""The access log for the auditor: when, in which role, for what purpose, what. No names."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from registry.actions.read_log import read_log
from registry.model.access import Purpose
from registry.web.rendering import render
from registry.web.visitor import Member

router = APIRouter()


@router.get("/log")
def show(visitor: Member) -> Response:
    """Show the newest events."""
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        page = read_log(transaction, visitor.services.vault)
    return render(visitor, "log.html", page=page)
