"""Duplicate records: two records side by side, for a person to say whether they are one child; and a join undone."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from registry.actions.linkage.cluster_review import (
    decide_record_pair,
    open_record_pair,
    recent_joins,
    record_pair_queue,
    undo_join,
)
from registry.actions.linkage.review import Says
from registry.model.access import Purpose
from registry.model.errors import BadQuery, Refused
from registry.protect.authorize import Action, permitted
from registry.web.refusals import mistakes_of
from registry.web.rendering import Mistake, render
from registry.web.review import SAID, compare_rows
from registry.web.translation import msgid
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()


@router.get("/record-pairs")
def first(visitor: Member, decided: str = "") -> Response:
    """Go to the pair of records that needs a person most; without one, say that all is done.

    Args:
        decided: what was said of the pair before.
    """
    with visitor.begin(Purpose.REVIEW) as transaction:
        _, pair = record_pair_queue(transaction)
    said = decided if decided in SAID else ""
    if pair is None:
        return render(visitor, "record_pairs_done.html", decided=said)
    note = f"?decided={said}" if said else ""
    return RedirectResponse(visitor.url(f"/record-pairs/{pair[0]}/{pair[1]}{note}"), status_code=303)


@router.get("/record-pairs/{child_id}/{other_id}")
def show(visitor: Member, child_id: UUID, other_id: UUID, decided: str = "") -> Response:
    """Show two records; args: decided: as in `first`."""
    return _pair_page(visitor, child_id, other_id, decided=decided if decided in SAID else "")


@router.post("/record-pairs/{child_id}/{other_id}", dependencies=OWN_FORM)
def decide(
    visitor: Member,
    child_id: UUID,
    other_id: UUID,
    *,
    says: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Keep what a person said of two records, and go on to the next pair."""
    if says not in SAID:
        return _pair_page(visitor, child_id, other_id, mistakes=(Mistake("says", msgid("Choose one of the three.")),))
    try:
        with visitor.begin(Purpose.REVIEW) as transaction:
            decide_record_pair(
                transaction, visitor.services.vault, child_id, other_id, says=cast(Says, says), reason=reason
            )
    except BadQuery as refused:
        return _pair_page(visitor, child_id, other_id, mistakes=mistakes_of(refused), chosen=says)
    return RedirectResponse(visitor.url(f"/record-pairs?decided={says}"), status_code=303)


@router.get("/record-joins")
def joins(visitor: Member) -> Response:
    """List the newest joins of the area, to be looked into."""
    with visitor.begin(Purpose.REVIEW) as transaction:
        found = recent_joins(transaction)
    return render(visitor, "record_joins.html", joins=found)


@router.get("/record-joins/{child_id}/undo")
def ask_undo(visitor: Member, child_id: UUID) -> Response:
    """Ask why a record is taken out of a child."""
    if not permitted(visitor.member.account.role, Action.UNLINK):
        raise Refused(place=Action.UNLINK.value)
    return render(visitor, "record_join_undo.html", child_id=child_id, done=False)


@router.post("/record-joins/{child_id}/undo", dependencies=OWN_FORM)
def undo(visitor: Member, child_id: UUID, *, reason: Annotated[str, Form()] = "") -> Response:
    """Take a record out of a child."""
    sentence = " ".join(reason.split())
    if not sentence:
        mistake = Mistake("reason", msgid("Write one sentence."))
        return render(visitor, "record_join_undo.html", status=422, child_id=child_id, done=False, mistakes=(mistake,))
    try:
        with visitor.begin(Purpose.REVIEW, reason=sentence) as transaction:
            undo_join(transaction, visitor.services.vault, child_id, reason=sentence)
    except BadQuery as refused:
        mistakes = mistakes_of(refused)
        return render(visitor, "record_join_undo.html", status=422, child_id=child_id, done=False, mistakes=mistakes)
    return render(visitor, "record_join_undo.html", child_id=child_id, done=True)


def _pair_page(
    visitor: Visitor,
    child_id: UUID,
    other_id: UUID,
    *,
    mistakes: tuple[Mistake, ...] = (),
    chosen: str = "",
    decided: str = "",
) -> Response:
    with visitor.begin(Purpose.REVIEW) as transaction:
        pair = open_record_pair(transaction, visitor.services.vault, child_id, other_id)
        waiting, _ = record_pair_queue(transaction)
    return render(
        visitor,
        "record_pair.html",
        status=422 if mistakes else 200,
        pair=pair,
        rows=compare_rows(pair.ours, pair),
        waiting=waiting,
        chosen=chosen,
        decided=decided,
        mistakes=mistakes,
    )
