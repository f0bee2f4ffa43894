"""Seals a child: she exists for nobody but the officers who are named. A child in hiding must not be found by a search.

All her records are sealed, and each that joins her later. Sectors deliver what they know of her as before and are told
nothing; she counts in published tables, whose protection does not let anybody be told apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.looking.reach import reach
from registry.actions.oversight.log import log
from registry.model.access import Role
from registry.model.errors import BadQuery, Conflict, Refused
from registry.protect.authorize import Action, Grant, authorize, permitted
from registry.protect.log.access_log import Event
from registry.store import children, seals
from registry.store.seals import Officer
from registry.store.session import Transaction

MOST_KEEPERS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SealView:
    """Who knows of a child."""

    child_id: UUID
    keepers: tuple[str, ...] = field(repr=False)  # logins; none: she is not sealed


def seal_view(transaction: Transaction, vault: Vault, child_id: UUID) -> SealView:
    """Return whether a child is sealed, and who keeps her, for somebody who may change that.

    Raises:
        NotFound, OutsideOpeningArea: as when she is opened.
        Refused: this role seals nobody.
    """
    if not permitted(transaction.access.role, Action.SEAL_CHILD):
        raise Refused(place=Action.SEAL_CHILD.value)
    found = reach(transaction, vault, authorize(transaction.access, Action.OPEN), child_id)
    with transaction.as_engine():
        keepers = seals.keepers_of(transaction, found.members)
    log(transaction, vault, Event(action=Action.SEAL_CHILD, children=found.members, counts={"asked": 1}))
    return SealView(child_id=found.head, keepers=tuple(keepers))


def seal_child(transaction: Transaction, vault: Vault, child_id: UUID, *, keepers: Collection[str]) -> None:
    """Let nobody but the keepers know of a child; one who is sealed gets these keepers.

    Args:
        keepers: logins.

    Raises:
        BadQuery: a keeper is not an officer in whose area she lives, or none of them could lift the seal.
        NotFound, OutsideOpeningArea: as when she is opened.
        ReasonNeeded, FreshSignInNeeded, Refused: as the policy says.
    """
    grant = authorize(transaction.access, Action.SEAL_CHILD)
    found = reach(transaction, vault, grant, child_id)
    named = sorted({login.strip().lower() for login in keepers} - {""})
    with transaction.as_engine():
        officers = seals.officers(transaction, named)
        _check(transaction, grant, officers, named=named, members=found.members)
        seals.place(transaction, found.members, keepers=[officer.staff_id for officer in officers])
    counts = {"keepers": len(officers)}
    log(transaction, vault, Event(action=Action.SEAL_CHILD, children=found.members, counts=counts))


def unseal_child(transaction: Transaction, vault: Vault, child_id: UUID) -> None:
    """Lift the seal of a child: she is found and opened again as her area says.

    Raises:
        Conflict: she is not sealed.
        NotFound, OutsideOpeningArea: as when she is opened.
        ReasonNeeded, FreshSignInNeeded, Refused: as the policy says.
    """
    grant = authorize(transaction.access, Action.SEAL_CHILD)
    found = reach(transaction, vault, grant, child_id)
    with transaction.as_engine():
        lifted = seals.lift(transaction, found.members)
    if not lifted:
        raise Conflict("the child is not sealed")
    log(transaction, vault, Event(action=Action.SEAL_CHILD, children=found.members, counts={"lifted": lifted}))


def _check(
    transaction: Transaction,
    grant: Grant,
    officers: Sequence[Officer],
    *,
    named: Sequence[str],
    members: Sequence[UUID],
) -> None:
    if not named or len(named) > MOST_KEEPERS:
        raise BadQuery("keepers", "name from one to 10 officers")
    places = children.places(transaction, grant, members).values()
    fit = [
        officer
        for officer in officers
        if permitted(officer.role, Action.OPEN) and any(place.inside(officer.area) for place in places)
    ]
    if len(fit) < len(named):
        raise BadQuery("keepers", "each must be the login of an officer in whose area the child lives")
    if not any(officer.role is Role.PROVINCE_WORKER for officer in fit):
        raise BadQuery("keepers", "one of them must be a province worker, who can lift the seal")
