"""Findings: what the population database or the police say otherwise, for a reviewer to decide."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from registry.actions.population.decide import (
    FindingView,
    decide_finding,
    finding_of,
    findings_waiting,
    undo_finding,
)
from registry.actions.population.facts import Kind
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.web import population_words
from registry.web.duty_forms import Fields, Sent
from registry.web.rendering import Mistake, render
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

_SENTENCE: Final = msgid("Write one sentence of at most 500 characters.")
_CHOOSE: Final = msgid("Choose whether it is accepted.")


@router.get("/findings")
def show(visitor: Member) -> Response:
    """Show what waits, the oldest first."""
    with visitor.begin(Purpose.REVIEW) as transaction:
        found = findings_waiting(transaction, visitor.services.vault)
    return render(visitor, "findings.html", findings=found, said=population_words)


@router.get("/findings/{child_id}/{finding_id}")
def one(visitor: Member, child_id: UUID, finding_id: UUID) -> Response:
    """Show a finding, and the form in which it is decided or taken back."""
    return _one(visitor, child_id, finding_id)


@router.post("/findings/{child_id}/{finding_id}", dependencies=OWN_FORM)
def decide(visitor: Member, child_id: UUID, finding_id: UUID, sent: Sent) -> Response:
    """Accept a finding or refuse it."""
    fields = Fields(sent)
    said = fields.text("says")
    if said not in ("accept", "refuse"):
        return _one(visitor, child_id, finding_id, Mistake("says", _CHOOSE))
    try:
        with visitor.begin(Purpose.REVIEW) as transaction:
            decide_finding(
                transaction,
                visitor.services.vault,
                child_id,
                finding_id,
                accept=said == "accept",
                reason=fields.text("reason"),
            )
    except BadQuery:
        return _one(visitor, child_id, finding_id, Mistake("reason", _SENTENCE))
    return RedirectResponse(visitor.url("/findings"), status_code=303)


@router.post("/findings/{child_id}/{finding_id}/undo", dependencies=OWN_FORM)
def undo(visitor: Member, child_id: UUID, finding_id: UUID, sent: Sent) -> Response:
    """Take back what was accepted."""
    try:
        with visitor.begin(Purpose.REVIEW) as transaction:
            undo_finding(transaction, visitor.services.vault, child_id, finding_id, reason=Fields(sent).text("reason"))
    except BadQuery:
        return _one(visitor, child_id, finding_id, Mistake("reason", _SENTENCE))
    return RedirectResponse(visitor.url("/findings"), status_code=303)


def _one(visitor: Visitor, child_id: UUID, finding_id: UUID, mistake: Mistake | None = None) -> Response:
    with visitor.begin(Purpose.REVIEW) as transaction:
        found = finding_of(transaction, visitor.services.vault, child_id, finding_id)
    mistakes = (mistake,) if mistake else ()
    status = 422 if mistake else 200
    return render(
        visitor,
        "finding.html",
        status=status,
        finding=found,
        parents=_parents(found),
        said=population_words,
        mistakes=mistakes,
    )


def _parents(found: FindingView) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the parents before and now; empty if the finding is of something else."""
    return (found.before or {}, found.said or {}) if found.kind is Kind.PARENTS else ({}, {})
