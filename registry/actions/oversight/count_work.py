"""Counts the work that waits for whoever is signed in: records of the own area, as rows of a list to be worked off."""

from __future__ import annotations

from dataclasses import dataclass

from registry.actions.keys.sealing import Vault
from registry.actions.linkage.cluster_review import record_pair_queue
from registry.actions.oversight.decoys import decoys_in
from registry.model.access import Purpose
from registry.protect.authorize import Action, authorize, permitted
from registry.store import links
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What waits. These are lengths of work lists, never figures about children."""

    linked: int  # records whose child was found in the population database
    waiting: int  # records for which a person must decide
    pairs: int  # pairs of records for which a person must decide
    unmatched: int  # records whose child was not found there


def count_work(transaction: Transaction, vault: Vault) -> Work | None:
    """Return the work of the own area; None for a role that has none."""
    role = transaction.access.role
    pairs = 0
    if permitted(role, Action.REVIEW) and transaction.access.purpose is Purpose.REVIEW:
        grant = authorize(transaction.access, Action.REVIEW)
        pairs, _ = record_pair_queue(transaction)
    elif permitted(role, Action.OPEN):
        grant = authorize(transaction.access, Action.OPEN)
    else:
        return None
    transaction.hold(grant)
    found = links.counts(transaction, but=decoys_in(transaction, vault, grant.area))
    return Work(linked=found["link"], waiting=found["review"], unmatched=found["none"], pairs=pairs)
