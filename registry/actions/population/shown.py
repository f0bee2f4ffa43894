"""What the page of a child shows beside her records: how her links stand, what her sources are asked to correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault
from registry.actions.looking.views import ChildView
from registry.actions.population.corrections import CorrectionView, open_correction
from registry.protect.authorize import Action, FieldGroup, authorize
from registry.store import children, findings, link_states
from registry.store.link_states import ShownState
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Beside the records of a child."""

    states: Mapping[UUID, ShownState]  # identity → how its link stands
    corrections: tuple[CorrectionView, ...]
    died: bool


def shown_of(transaction: Transaction, vault: Vault, view: ChildView) -> Shown:
    """Return what is shown beside the records of a child who was opened in this transaction."""
    grant = authorize(transaction.access, Action.OPEN)
    ids = [view.child_id, *(link.child_id for link in view.links)]
    states = link_states.of_children(transaction, [link.child_id for link in view.links])
    died = bool(findings.died_among(transaction, ids))
    if view.emergency_until is not None or not grant.may_open(FieldGroup.IDENTITY):
        return Shown(states=states, corrections=(), died=died)
    stored = findings.corrections_of(transaction, sorted(set(ids)))
    owners = {one.child_id: one for one in children.some(transaction, grant, [one.child_id for one in stored])}
    known = [one for one in stored if one.child_id in owners]
    read = opened(transaction, vault, known, lambda one: open_correction(vault.child_key(owners[one.child_id]), one))
    return Shown(
        states=states,
        corrections=tuple(
            CorrectionView(
                correction_id=one.correction_id,
                field=one.field,
                before=document["from"],
                said=document["to"],
                proposed_at=one.proposed_at,
                answer=one.answer,
            )
            for one, document in read
        ),
        died=died,
    )
