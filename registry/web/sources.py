"""The stewards' page: how the sources stand, why rows were refused, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import RedirectResponse, Response

from registry.actions.exchange.deliver import deliveries
from registry.actions.sources import decide
from registry.actions.sources.decide import Because, Wish
from registry.actions.sources.overview import overview
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.store.session import Transaction
from registry.web import source_words
from registry.web.duty_forms import Fields, Sent, mistake_of
from registry.web.rendering import Mistake, render
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
LONGEST: Final = 2000  # characters of a sentence


@router.get("/sources")
def show(visitor: Member) -> Response:
    """Show how the sources stand."""
    return _page(visitor)


@router.post("/sources/{source}/reading", dependencies=OWN_FORM)
def ask(visitor: Member, source: Name, sent: Sent) -> Response:
    """Ask for a source to be read: on, from the beginning, or what waits in quarantine again."""
    fields = Fields(sent)
    try:
        what = fields.one_of("what", Wish)
    except BadQuery as refused:
        return _page(visitor, mistakes=mistake_of(refused))
    with visitor.begin(Purpose.INGEST) as transaction:
        decide.wish(transaction, visitor.services.vault, source, what)
    return RedirectResponse(visitor.url("/sources"), status_code=303)


@router.post("/sources/{source}/pause", dependencies=OWN_FORM)
def pause(visitor: Member, source: Name, sent: Sent) -> Response:
    """Let nobody read a source for now."""
    fields = Fields(sent)
    try:
        because = fields.one_of("because", Because)
    except BadQuery as refused:
        return _page(visitor, mistakes=mistake_of(refused))
    with _begun(visitor, fields) as transaction:
        decide.pause(transaction, visitor.services.vault, source, because=because)
    return RedirectResponse(visitor.url("/sources"), status_code=303)


@router.post("/sources/{source}/resume", dependencies=OWN_FORM)
def resume(visitor: Member, source: Name, sent: Sent) -> Response:
    """Let a source be read again."""
    with _begun(visitor, Fields(sent)) as transaction:
        decide.resume(transaction, visitor.services.vault, source)
    return RedirectResponse(visitor.url("/sources"), status_code=303)


@router.post("/source-proposals/{proposal_id}", dependencies=OWN_FORM)
def decide_proposal(visitor: Member, proposal_id: UUID, sent: Sent) -> Response:
    """Agree that records are withdrawn that a whole listing no longer holds, or refuse it."""
    fields = Fields(sent)
    with visitor.begin(Purpose.INGEST) as transaction:
        system = decide.find(transaction, proposal_id).system
    said = fields.text("says")
    if said not in ("approve", "refuse"):
        return _page(visitor, mistakes=mistake_of(BadQuery("says", "choose one")))
    with _begun(visitor, fields, system=system) as transaction:
        decide.decide(transaction, visitor.services.vault, proposal_id, approved=said == "approve")
    return RedirectResponse(visitor.url("/sources"), status_code=303)


@contextmanager
def _begun(visitor: Visitor, fields: Fields, *, system: str | None = None) -> Iterator[Transaction]:
    """Open a transaction with the sentence that was given, which the access log keeps sealed."""
    access = visitor.access(Purpose.INGEST, reason=fields.text("reason")[:LONGEST] or None)
    visitor.services.lawful.require(access)
    with visitor.services.store.begin(access, system=system) as transaction:
        yield transaction


def _page(visitor: Visitor, *, mistakes: tuple[Mistake, ...] = ()) -> Response:
    with visitor.begin(Purpose.INGEST) as transaction:
        found, sent = overview(transaction), deliveries(transaction)
    status = 422 if mistakes else 200
    told = {"overview": found, "deliveries": sent, "said": source_words}
    return render(visitor, "sources.html", status=status, mistakes=mistakes, **told)
