"""Writes the leaf of a sign-in, or of a refused one, into the transaction of what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from registry.actions.keys.sealing import Vault
from registry.protect.authorize import Action
from registry.protect.log.access_log import Event, Outcome, leaf_of
from registry.store import access_log
from registry.store.session import Transaction
from registry.store.staff import Account


def log_sign_in(
    transaction: Transaction,
    vault: Vault,
    account: Account | None,
    *,
    outcome: Outcome = Outcome.DONE,
    counts: Mapping[str, int] | None = None,
) -> None:
    """Append a leaf that names the account, though the Access is nobody's yet.

    Args:
        account: whose sign-in it is; None: nobody knows.
        counts: what happened, such as the kind of proof.
    """
    access = transaction.access
    if account is not None:
        access = replace(
            access, staff_id=account.staff_id, login=account.login, role=account.role, office=account.office
        )
    event = Event(action=Action.SIGN_IN.value, outcome=outcome, counts=dict(counts or {}))
    access_log.append(transaction, leaf_of(access, event, keyring=vault.keyring))
