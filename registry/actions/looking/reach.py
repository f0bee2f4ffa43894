"""The one way from a child's id to the child: inside the area of a grant, or refused as if there were no such child."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NoReturn
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import NotFound, OutsideOpeningArea, ReasonNeeded, Refused
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.log.access_log import Event, Outcome
from registry.store import children, grouping
from registry.store.children import Place
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A child that the transaction sees from now on, all identities of hers."""

    head: UUID  # the identity that stands for her
    members: tuple[UUID, ...]
    sealed: bool = False  # known to named officers only, and this access is one of theirs


def reach(transaction: Transaction, vault: Vault, grant: Grant, child_id: UUID) -> Reached:
    """Return the child of whom `child_id` is an identity, if one of them is in the area of the grant.

    A refusal is kept in the log under the pseudonym of the id that was asked for, whoever that may be.

    Raises:
        NotFound: there is no such child, or not for this access: both look the same.
        OutsideOpeningArea: this access may find her, and not do this.
    """
    found = reached(transaction, grant, child_id)
    if found is None:
        refuse(transaction, vault, grant, child_id)
    return found


def refuse(transaction: Transaction, vault: Vault, grant: Grant, child_id: UUID) -> NoReturn:
    """Refuse a child who was not reached; raises as `reach` does, always."""
    event = Event(action=grant.action, children=[child_id], outcome=Outcome.REFUSED, counts={"missing": 1})
    transaction.keep(partial(_note, vault=vault, event=event))
    near = found_near(transaction, child_id)
    if not near:
        raise NotFound
    raise OutsideOpeningArea(place=_unit(near.values()))


def found_near(transaction: Transaction, child_id: UUID) -> Mapping[UUID, Place]:
    """Return where a child lives whom this access may find, by her identities; nothing: she does not exist for it."""
    try:
        grant = authorize(transaction.access, Action.FIND)
    except (Refused, ReasonNeeded):
        return {}
    _, members = grouping.identities(transaction, child_id)
    return children.places(transaction, grant, members)


def reached(transaction: Transaction, grant: Grant, child_id: UUID) -> Reached | None:
    """Return what `reach` returns, or None; nothing is refused, and nothing logged."""
    found = children.reach(transaction, grant, child_id)
    return None if found is None else Reached(head=found.head, members=tuple(found.members), sealed=found.sealed)


def _unit(places: Iterable[Place]) -> str:
    """Return the commune where a child is known to live, else her province, else nothing."""
    known = list(places)
    communes = sorted(place.communes[0] for place in known if len(place.communes) == 1)
    provinces = sorted(place.province for place in known if place.province)
    return next(iter(communes + provinces), "")


def _note(transaction: Transaction, *, vault: Vault, event: Event) -> None:
    log(transaction, vault, event)
