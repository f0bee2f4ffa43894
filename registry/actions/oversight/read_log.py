"""Shows the newest leaves of the access log to the auditor: no names, children as a number only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event, Leaf, read_leaf
from registry.store import access_log
from registry.store.session import Transaction

LIMIT: Final = 200  # leaves shown


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One event as the auditor sees it."""

    at: datetime
    account: str | None  # the beginning of the account's id; None: the system, or nobody signed in
    role: str
    office: str
    purpose: str
    action: str
    outcome: str
    children: int
    counts: Mapping[str, int]
    groups: tuple[str, ...]
    has_reason: bool
    os_account: str | None
    sealed: bool  # the leaf has its place in the signed tree


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """The newest events, and how far the log is signed."""

    entries: tuple[LogEntry, ...]
    signed_size: int  # leaves under the newest signed head
    signed_at: datetime | None  # None: nothing was signed yet


def read_log(transaction: Transaction, vault: Vault, *, limit: int = LIMIT) -> LogPage:
    """Return the newest events, newest first; the look at the log is an event of its own."""
    authorize(transaction.access, Action.LOG)
    stored = access_log.newest(transaction, limit=limit)
    head = access_log.last_checkpoint(transaction)
    log(transaction, vault, Event(action=Action.LOG.value, counts={"leaves": len(stored)}))
    return LogPage(
        entries=tuple(_entry(read_leaf(leaf.content), sealed=leaf.tree_index is not None) for leaf in stored),
        signed_size=head.tree_size if head else 0,
        signed_at=head.signed_at if head else None,
    )


def _entry(leaf: Leaf, *, sealed: bool) -> LogEntry:
    return LogEntry(
        at=leaf.at,
        account=None if leaf.staff_id is None else str(leaf.staff_id)[:8],
        role=leaf.role,
        office=leaf.office,
        purpose=leaf.purpose,
        action=leaf.action,
        outcome=leaf.outcome.value,
        children=len(leaf.children),
        counts=leaf.counts,
        groups=leaf.groups,
        has_reason=leaf.sealed_reason is not None,
        os_account=leaf.os_account,
        sealed=sealed,
    )
