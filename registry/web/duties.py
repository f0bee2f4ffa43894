"""Pages of the data protection officer: legal bases, breaches, legal holds, the schedule, the record of processing."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from connectors import plugins
from registry.actions.law import breaches, legal_bases, legal_holds
from registry.actions.law.breaches import BreachFacts
from registry.actions.law.legal_bases import NewBasis
from registry.actions.law.processing_record import SourceLine, processing_record
from registry.actions.law.retention import schedule
from registry.model.access import Purpose
from registry.model.errors import BadQuery, ReasonNeeded
from registry.model.working_days import day_in_viet_nam
from registry.web import duty_words
from registry.web.breach_notice import notice_fields
from registry.web.duty_forms import Fields, Sent, mistake_of
from registry.web.processing_document import sections_of
from registry.web.rendering import Mistake, render
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

_OFFICE: Final = Purpose.ADMINISTRATION


@router.get("/legal-bases")
def show_bases(visitor: Member) -> Response:
    """Show the register of legal bases, and the form to enter one."""
    return _bases(visitor)


@router.post("/legal-bases", dependencies=OWN_FORM)
def add_basis(visitor: Member, sent: Sent) -> Response:
    """Enter a legal basis."""
    fields = Fields(sent)
    try:
        basis = NewBasis(
            purpose=fields.text("purpose"),
            law=fields.text("law"),
            article=fields.text("article"),
            wording=fields.text("wording"),
            valid_from=_day(fields, "valid_from"),
        )
        with visitor.begin(_OFFICE) as transaction:
            legal_bases.add_basis(transaction, visitor.services.vault, basis)
    except BadQuery as refused:
        return _bases(visitor, fields=fields, mistakes=mistake_of(refused))
    visitor.services.lawful.forget()
    return RedirectResponse(visitor.url("/legal-bases"), status_code=303)


@router.post("/legal-bases/{basis_id}/end", dependencies=OWN_FORM)
def end_basis(visitor: Member, basis_id: UUID, sent: Sent) -> Response:
    """End a legal basis with a day."""
    fields = Fields(sent)
    try:
        last_day = _day(fields, "last_day")
        with visitor.begin(_OFFICE) as transaction:
            services = visitor.services
            legal_bases.end_basis(transaction, services.vault, services.law, basis_id, last_day=last_day)
    except BadQuery as refused:
        return _bases(visitor, fields=fields, mistakes=mistake_of(refused))
    visitor.services.lawful.forget()
    return RedirectResponse(visitor.url("/legal-bases"), status_code=303)


@router.get("/breaches")
def show_breaches(visitor: Member) -> Response:
    """Show the breaches with their clocks, and the form to write one down."""
    return _breaches(visitor)


@router.post("/breaches", dependencies=OWN_FORM)
def add_breach(visitor: Member, sent: Sent) -> Response:
    """Write a breach down."""
    fields = Fields(sent)
    try:
        discovered_at = fields.moment("discovered_at")
        with visitor.begin(_OFFICE) as transaction:
            breach_id = breaches.add_breach(
                transaction, visitor.services.vault, discovered_at=discovered_at, facts=_facts(fields)
            )
    except BadQuery as refused:
        return _breaches(visitor, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url(f"/breaches/{breach_id}"), status_code=303)


@router.get("/breaches/{breach_id}")
def show_breach(visitor: Member, breach_id: UUID) -> Response:
    """Show one breach as its notice, with all versions, to print; and the form to add what is known now."""
    return _breach(visitor, breach_id)


@router.post("/breaches/{breach_id}", dependencies=OWN_FORM)
def update_breach(visitor: Member, breach_id: UUID, sent: Sent) -> Response:
    """Add what is known now."""
    fields = Fields(sent)
    try:
        told = fields.moment("notified_at") if fields.text("notified_at") else None
        with visitor.begin(_OFFICE) as transaction:
            services = visitor.services
            breaches.update_breach(
                transaction, services.vault, services.law, breach_id, facts=_facts(fields), notified_at=told
            )
    except BadQuery as refused:
        return _breach(visitor, breach_id, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url(f"/breaches/{breach_id}"), status_code=303)


@router.get("/holds")
def show_holds(visitor: Member) -> Response:
    """Show the legal holds and the schedule, and the form to place a hold."""
    return _holds(visitor)


@router.post("/holds", dependencies=OWN_FORM)
def place_hold(visitor: Member, sent: Sent) -> Response:
    """Place a hold."""
    fields = Fields(sent)
    try:
        held, of_case = _id(fields, "held"), fields.text("of_case") == "yes"
        with visitor.begin(_OFFICE) as transaction:
            legal_holds.place_hold(
                transaction, visitor.services.vault, held, of_case=of_case, sentence=fields.text("sentence")
            )
    except (BadQuery, ReasonNeeded) as refused:
        return _holds(visitor, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url("/holds"), status_code=303)


@router.post("/holds/{hold_id}/lift", dependencies=OWN_FORM)
def lift_hold(visitor: Member, hold_id: UUID, sent: Sent) -> Response:
    """Lift a hold."""
    fields = Fields(sent)
    try:
        with visitor.begin(_OFFICE) as transaction:
            legal_holds.lift_hold(transaction, visitor.services.vault, hold_id, sentence=fields.text("sentence"))
    except ReasonNeeded as refused:
        return _holds(visitor, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url("/holds"), status_code=303)


@router.get("/processing")
def show_processing(visitor: Member) -> Response:
    """Show the record of processing of this installation."""
    services = visitor.services
    sources = [
        SourceLine(system=one.format.system, stream=one.format.stream) for one in plugins.file_readers().values()
    ]
    keeper = type(services.vault.keyring.provider).__name__.removesuffix("Provider").lower()
    with visitor.begin(_OFFICE) as transaction:
        record = processing_record(
            transaction, services.vault, services.law, sources=sources, keeper=keeper, demo=services.demo
        )
    return render(visitor, "processing.html", sections=sections_of(record, visitor.language))


def _day(fields: Fields, name: str) -> date:
    return fields.moment(name).date()


def _id(fields: Fields, name: str) -> UUID:
    try:
        return UUID(fields.text(name))
    except ValueError:
        raise BadQuery(name, "an id") from None


def _facts(fields: Fields) -> BreachFacts:
    children = fields.text("children")
    if children and not (children.isascii() and children.isdigit() and len(children) <= 9):
        raise BadQuery("children", "a number")
    return BreachFacts(
        what=fields.text("what"),
        kinds=tuple(kind.strip() for kind in fields.text("kinds").split(";") if kind.strip()),
        children=int(children) if children else None,
        consequences=fields.text("consequences"),
        measures=fields.text("measures"),
        contact=fields.text("contact"),
        late_because=fields.text("late_because") or None,
    )


def _bases(visitor: Visitor, *, fields: Fields | None = None, mistakes: tuple[Mistake, ...] = ()) -> Response:
    services = visitor.services
    with visitor.begin(_OFFICE) as transaction:
        found = legal_bases.list_bases(transaction, services.vault, services.law)
        missing = legal_bases.without_basis(transaction, services.law)
    return render(
        visitor,
        "legal_bases.html",
        status=422 if mistakes else 200,
        bases=found,
        missing=missing,
        purposes=list(Purpose),
        text=fields.text if fields else _nothing,
        mistakes=mistakes,
    )


def _breaches(visitor: Visitor, *, fields: Fields | None = None, mistakes: tuple[Mistake, ...] = ()) -> Response:
    services = visitor.services
    with visitor.begin(_OFFICE) as transaction:
        found = breaches.list_breaches(transaction, services.vault, services.law)
    text = fields.text if fields else _nothing
    status = 422 if mistakes else 200
    return render(visitor, "breaches.html", status=status, breaches=found, text=text, mistakes=mistakes)


def _breach(
    visitor: Visitor, breach_id: UUID, *, fields: Fields | None = None, mistakes: tuple[Mistake, ...] = ()
) -> Response:
    services = visitor.services
    with visitor.begin(_OFFICE) as transaction:
        found = breaches.show_breach(transaction, services.vault, services.law, breach_id)
    facts = found.newest
    known = {
        "what": facts.what,
        "kinds": "; ".join(facts.kinds),
        "children": "" if facts.children is None else str(facts.children),
        "consequences": facts.consequences,
        "measures": facts.measures,
        "contact": facts.contact,
    }
    return render(
        visitor,
        "breach.html",
        status=422 if mistakes else 200,
        breach=found,
        fields=notice_fields(found, visitor.language),
        text=fields.text if fields else lambda name: known.get(name, ""),
        mistakes=mistakes,
    )


def _holds(visitor: Visitor, *, fields: Fields | None = None, mistakes: tuple[Mistake, ...] = ()) -> Response:
    services = visitor.services
    with visitor.begin(_OFFICE) as transaction:
        found = legal_holds.list_holds(transaction, services.vault)
    return render(
        visitor,
        "holds.html",
        status=422 if mistakes else 200,
        holds=found,
        schedule=schedule(services.law, day_in_viet_nam(visitor.at)),
        text=fields.text if fields else _nothing,
        duty=duty_words,
        mistakes=mistakes,
    )


def _nothing(_name: str) -> str:
    return ""
