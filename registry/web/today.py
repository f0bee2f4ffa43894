"""Today: the work that waits, and the box to find a child."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from registry.actions.looking.review_emergency import waiting_to_judge
from registry.actions.oversight.count_work import Work, count_work
from registry.model.access import Purpose
from registry.protect.authorize import Action, permitted
from registry.web.rendering import render
from registry.web.visitor import Member, Visitor

router = APIRouter()


@router.get("/")
def show(visitor: Member) -> Response:
    """Show what waits for whoever is signed in."""
    role = visitor.member.account.role
    finds, reviews = bool(permitted(role, Action.FIND)), bool(permitted(role, Action.REVIEW))
    work = _work(visitor, Purpose.REVIEW if reviews else Purpose.CASE_WORK) if finds or reviews else None
    judged = _to_judge(visitor) if permitted(role, Action.REVIEW_EMERGENCY) else 0
    return render(visitor, "today.html", work=work, finds=finds, reviews=reviews, judged=judged, fields={})


def _to_judge(visitor: Visitor) -> int:
    with visitor.begin(Purpose.ADMINISTRATION) as transaction:
        return waiting_to_judge(transaction)


def _work(visitor: Visitor, purpose: Purpose) -> Work | None:
    with visitor.begin(purpose) as transaction:
        return count_work(transaction, visitor.services.vault)
