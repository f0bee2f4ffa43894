"""Reads what stands in the database for whoever watches the machine: counts by code, ages of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.actions.keys.sealing import Vault
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring_file import KeyState
from registry.store import gauges
from registry.store.session import Transaction

Counted = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """What the database and the keyring say. Nothing of it is about a person."""

    quarantined: Counted  # (system, rule)
    alarms: Counted  # (kind, state)
    damaged: Counted  # (table.group,)
    key_ages: Counted  # (domain,) → seconds; a key whose maker did not say when is left out
    unsealed_leaves: int


def read_gauges(transaction: Transaction, vault: Vault) -> Gauges:
    """Return what stands now. It tells of nobody, and is asked every few seconds: it leaves no leaf in the log."""
    authorize(transaction.access, Action.CHECK)
    return Gauges(
        quarantined=gauges.quarantined(transaction),
        alarms=gauges.alarms(transaction),
        damaged=gauges.damaged(transaction),
        key_ages={
            (entry.domain.value,): max((transaction.access.at - entry.since).total_seconds(), 0.0)
            for entry in vault.keyring.entries()
            if entry.state is KeyState.ACTIVE and entry.since is not None
        },
        unsealed_leaves=gauges.unsealed_leaves(transaction),
    )
