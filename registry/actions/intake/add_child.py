"""A commune worker adds a child of the own commune by hand.

The answer is the same whether the registry knows the child or not: who has her already, sealed or out of the area,
stays unknown here, and the linkage finds the duplicate later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

from connectors.records import ChildFacts, PersonFacts
from matching import numbers
from matching.identity import Flag, Scheme
from registry.actions.intake.handwritten import CHILDREN, check, day_of, record_of, taken_in
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.log.access_log import Event
from registry.store import children
from registry.store.session import Transaction

OLDEST: Final = 18  # years that an estimated age may have
SEXES: Final = ("female", "male", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChild:
    """What a commune knows of a child. None: not known."""

    name: str = field(repr=False)
    sex: str  # of `SEXES`
    commune: str  # today's code, one of the worker's own
    birth_date: str | None = field(default=None, repr=False)  # a date, a month or a year
    estimated_age: int | None = field(default=None, repr=False)  # years, where no date is known
    number: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    mother: str | None = field(default=None, repr=False)
    father: str | None = field(default=None, repr=False)
    carer: str | None = field(default=None, repr=False)
    carer_relation: str | None = field(default=None, repr=False)


def add_child(transaction: Transaction, vault: Vault, new: NewChild, *, token: UUID) -> UUID:
    """Store a child whom a commune knows, and return the identity that the record opened.

    Args:
        token: of the form; the same form sent again adds nobody and returns the same child.

    Raises:
        BadQuery: which field breaks which rule.
        Refused: the role adds no children.
    """
    access = transaction.access
    grant = authorize(access, Action.ADD_CHILD)
    facts = _checked(transaction, grant, new)
    written = {"token": str(token), "by": str(access.staff_id), **asdict(new)}
    record = record_of(transaction, CHILDREN, token=token, facts=facts, written=written)
    child_id, is_new = taken_in(transaction, vault, CHILDREN, record)
    if is_new and access.staff_id is not None:  # whoever wrote her down has said why
        purpose = access.purpose.value
        children.note_opening(transaction, grant, child_id, staff_id=access.staff_id, purpose=purpose)
    counts = {"added": 1} if is_new else {"added": 0}
    log(transaction, vault, Event(action=Action.ADD_CHILD, children=[child_id], counts=counts))
    return child_id


def _checked(transaction: Transaction, grant: Grant, new: NewChild) -> ChildFacts:
    if not new.name.strip():
        raise BadQuery("name", "Write the name, or 'không rõ' if nobody knows it.")
    if new.sex not in SEXES:
        raise BadQuery("sex", "Choose girl, boy or not known.")
    if new.commune not in grant.area.communes:
        raise BadQuery("commune", "Choose one of your own communes.")
    _check_number(new.number)
    if new.estimated_age is not None and not 0 <= new.estimated_age <= OLDEST:
        raise BadQuery("estimated_age", "A child is between 0 and 18 years old.")
    today = day_of(transaction)
    facts = ChildFacts(
        name=_text(new.name),
        sex=None if new.sex == "unknown" else new.sex,
        birth_date=_text(new.birth_date),
        estimated_age=None if _text(new.birth_date) else new.estimated_age,
        estimated_on=today.isoformat() if new.estimated_age is not None else None,
        personal_number=_text(new.number),
        commune_code=new.commune,
        commune_scheme=Scheme.SINCE_2025.value,
        address=_text(new.address),
        mother=_person(new.mother),
        father=_person(new.father),
        carer=_person(new.carer, new.carer_relation),
    )
    check(facts, today=today)
    return facts


def _check_number(written: str | None) -> None:
    """Refuse a number of another form; whether it is somebody's is not asked."""
    number, flags = numbers.read_number(_text(written))
    if Flag.NUMBER_SHAPE in flags or (number is None and _text(written)):
        raise BadQuery("number", "A personal number has twelve digits.")


def _person(name: str | None, relation: str | None = None) -> PersonFacts | None:
    if not _text(name):
        return None
    return PersonFacts(name=_text(name), relation=_text(relation))


def _text(value: str | None) -> str | None:
    return " ".join((value or "").split()) or None


def asked_again(new: NewChild) -> dict[str, Any]:
    """Return what a form is filled with again after a refusal."""
    return {name: "" if value is None else value for name, value in asdict(new).items()}
