"""The record of processing: what is done with children's data, by whom, why, how long, and how it is guarded.

It is made from what the registry goes by: the policy, the register of legal bases, the schedule, the connectors, the
keeper of the keys. So it is true of this installation, and changes with it.

Source: Law 91/2025/QH15, duty of the controller to keep a record of processing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.law.legal_bases import register
from registry.actions.law.retention import ScheduleLine, schedule
from registry.actions.oversight.log import log
from registry.model.access import Purpose, Role
from registry.model.law import Law, LegalNumber
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.protect.policy import Extent, FieldGroup
from registry.protect.policy_rules import AREAS, RULES
from registry.store.legal_bases import StoredBasis
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A system that delivers data, or is asked for it."""

    system: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientLine:
    """What a role sees, where."""

    role: Role
    purposes: tuple[Purpose, ...]
    shown: tuple[FieldGroup, ...]
    shortened: tuple[FieldGroup, ...]
    finding: Extent
    opening: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingRecord:
    """Everything that the document says."""

    keyring_id: UUID
    is_demo: bool
    made_at: datetime
    keeper: str  # of the root key
    bases: tuple[StoredBasis, ...]  # that stand today
    without_basis: tuple[Purpose, ...]
    recipients: tuple[RecipientLine, ...]
    sources: tuple[SourceLine, ...]
    schedule: tuple[ScheduleLine, ...]
    clocks: tuple[LegalNumber, ...]


def processing_record(
    transaction: Transaction, vault: Vault, law: Law, *, sources: Sequence[SourceLine], keeper: str, demo: bool
) -> ProcessingRecord:
    """Return the record as of now.

    Args:
        sources: the systems that deliver.
        keeper: the name of whoever keeps the root key.
        demo: the children are invented.
    """
    authorize(transaction.access, Action.PROCESSING)
    at = transaction.access.at
    today = day_in_viet_nam(at)
    bases = [
        one
        for one in register(transaction, law)
        if one.valid_from <= today and (one.valid_to is None or today <= one.valid_to)
    ]
    allowed = {one.purpose for one in bases}
    log(transaction, vault, Event(action=Action.PROCESSING.value, counts={"bases": len(bases)}))
    return ProcessingRecord(
        keyring_id=vault.keyring.keyring_id,
        is_demo=demo,
        made_at=at,
        keeper=keeper,
        bases=tuple(bases),
        without_basis=tuple(purpose for purpose in Purpose if purpose.value not in allowed),
        recipients=tuple(_recipients()),
        sources=tuple(sources),
        schedule=tuple(schedule(law, today)),
        clocks=tuple(_standing(law, today)),
    )


def _recipients() -> list[RecipientLine]:
    lines = []
    for role in Role:
        rules = [rule for rule in RULES if rule.role is role and (rule.shown or rule.masked)]
        if not rules:
            continue
        shown = {group for rule in rules for group in rule.shown}
        shortened = {group for rule in rules for group in rule.masked} - shown
        purposes = {purpose for rule in rules for purpose in rule.purposes}
        lines.append(
            RecipientLine(
                role=role,
                purposes=tuple(purpose for purpose in Purpose if purpose in purposes),
                shown=tuple(group for group in FieldGroup if group in shown),
                shortened=tuple(group for group in FieldGroup if group in shortened),
                finding=AREAS[role].finding,
                opening=AREAS[role].opening,
            )
        )
    return lines


def _standing(law: Law, today: date) -> list[LegalNumber]:
    newest: dict[str, LegalNumber] = {}
    for number in law.numbers:
        known = newest.get(number.name)
        if number.valid_from <= today and (known is None or known.valid_from < number.valid_from):
            newest[number.name] = number
    return list(newest.values())
