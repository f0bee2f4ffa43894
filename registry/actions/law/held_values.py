"""All that is held about a child, for the family that asked to see it: readable, and without what may endanger anybody.

Who reported, who is suspected and what stands in a protection case are never part of it; while somebody who stands for
the child is suspected, not even that there is a case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.law.consent import ConsentView, consents_of
from registry.actions.law.corrections import CorrectionView, corrections_of
from registry.actions.law.subject_requests import own_request
from registry.actions.looking.open_child import open_child
from registry.actions.looking.suspects import guardian_is_suspect
from registry.actions.looking.views import ChildView
from registry.actions.looking.who_looked import Looks, who_looked
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery
from registry.model.family_requests import Kind
from registry.model.law import Law
from registry.protect.authorize import Action
from registry.protect.log.access_log import Event
from registry.store.session import Transaction

_OF_CASES: Final = frozenset({"protection", "commune"})  # systems whose records are cases


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValues:
    """What the family is given."""

    child: ChildView
    looks: Looks
    consents: tuple[ConsentView, ...]
    corrections: tuple[CorrectionView, ...]


def what_is_held(transaction: Transaction, vault: Vault, law: Law, child_id: UUID, *, request_id: UUID) -> HeldValues:
    """Return all that is held about a child, for an open request to see it.

    Raises:
        NotFound, WithProvince, Conflict: there is no such open request that this office answers.
        BadQuery: the family asked for something else.
    """
    reached, known, request = own_request(transaction, vault, child_id, request_id=request_id)
    if request.kind != Kind.ACCESS.value:
        raise BadQuery("request", "the family asked for something else")
    event = Event(
        action=Action.SUBJECT_REQUEST.value, children=reached.members, groups=(Kind.ACCESS.value,), counts={"given": 1}
    )
    log(transaction, vault, event)
    child = open_child(transaction, vault, child_id)
    if guardian_is_suspect(transaction, vault, reached.members):
        child = replace(child, records=tuple(one for one in child.records if one.system not in _OF_CASES))
    return HeldValues(
        child=child,
        looks=who_looked(transaction, vault, child_id),
        consents=tuple(consents_of(transaction, law, reached, known)),
        corrections=tuple(corrections_of(transaction, reached, known)),
    )
