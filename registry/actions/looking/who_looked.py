"""Who looked at a child, when and why: for her family, and for the auditor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.looking.reach import reach
from registry.actions.looking.suspects import guardian_is_suspect
from registry.actions.oversight.log import log
from registry.model.access import Role
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.log.access_log import Event, Leaf, Outcome, read_leaf, reason_of
from registry.protect.policy import FieldGroup
from registry.protect.pseudonym import child_pseudonyms
from registry.store import access_log, account_looks, grouping
from registry.store.access_log import StoredLeaf
from registry.store.session import Transaction

SHOWN: Final = 500  # looks, the newest
DAYS: Final = 30  # of an account's looks that the auditor sees
_ALARMS: Final = "alarm."

# What a look at a case shows: while a parent or carer is the suspect, the family does not learn of such a look.
_OF_A_CASE: Final = frozenset(
    {FieldGroup.CASE, FieldGroup.CASE_NOTES, FieldGroup.REPORTER, FieldGroup.SUSPECT_GUARDIAN}
)
# Groups of the law that a role may be shown if a child belongs to one: a leaf has them for every child alike.
_MAYBE: Final = frozenset({FieldGroup.GROUP_5, FieldGroup.GROUP_9, FieldGroup.GROUP_11, FieldGroup.GROUP_12})
_CASE_ACTIONS: Final = frozenset(
    {Action.OPEN_CASE, Action.WRITE_CASE, Action.BREAK_GLASS, Action.REVIEW_EMERGENCY, Action.SEAL_CHILD}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One time that somebody looked at the child, or did something to her record."""

    at: datetime
    event_id: UUID
    office: str
    role: str
    purpose: str
    action: str
    outcome: str
    groups: tuple[str, ...]  # that were shown
    place: int | None  # in the signed log; None: it is signed next
    login: str | None = field(repr=False)  # the auditor's to know; None: the system itself, or not shown
    reason: str | None = field(repr=False)  # the sentence, for the auditor; None: none was given, or not shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """All looks at a child, the newest first, and how far the log is signed."""

    looks: tuple[Look, ...]
    more: int  # that are older and not shown
    signed_size: int
    signed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLooks:
    """What one account looked at lately."""

    login: str | None = field(repr=False)
    role: str
    office: str
    days: int
    opened: int  # children, each once a day
    searches: int
    missed: int  # children asked for who are not there for the account
    most: int  # children opened on one day
    usual: float  # children opened on a usual day
    alarms: int


def who_looked(transaction: Transaction, vault: Vault, child_id: UUID) -> Looks:
    """Return who looked at a child, by whichever of her records, under every name the log has had for her.

    A family is told the office, not the person, and nothing of the case if a parent or carer is its suspect.

    Raises:
        NotFound: no such child, or none in the area of this Access; the auditor gets an empty answer instead.
        ReasonNeeded: an auditor gives no sentence.
    """
    grant = authorize(transaction.access, Action.WHO_LOOKED)
    for_auditor = transaction.access.role is Role.AUDITOR
    members = _members(transaction, vault, grant, child_id)
    names = sorted({name for member in members for name in child_pseudonyms(vault.keyring, member)})
    stored = access_log.about(transaction, names)
    read = [(one, read_leaf(one.content)) for one in stored]
    if not for_auditor:
        hidden = guardian_is_suspect(transaction, vault, members)
        read = [(one, leaf) for one, leaf in read if _is_told(leaf, hidden=hidden)]
    shown = read[::-1][:SHOWN]
    logins = _logins(transaction, (leaf.staff_id for _, leaf in shown)) if for_auditor else {}
    head = access_log.last_checkpoint(transaction)
    log(transaction, vault, Event(action=Action.WHO_LOOKED, children=members, counts={"looks": len(shown)}))
    return Looks(
        looks=tuple(_look(one, leaf, vault, logins if for_auditor else None) for one, leaf in shown),
        more=len(read) - len(shown),
        signed_size=head.tree_size if head else 0,
        signed_at=head.signed_at if head else None,
    )


def looks_by_account(transaction: Transaction, vault: Vault) -> list[AccountLooks]:
    """Return what each account looked at within the last days, the most unusual first; no child is named."""
    authorize(transaction.access, Action.LOG)
    since = (transaction.access.at - timedelta(days=DAYS)).date()
    with transaction.as_engine():
        days = account_looks.by_day(transaction, since=since)
        alarms = account_looks.alarms(transaction, since=since)
    accounts = account_looks.names(transaction, days)
    found = []
    for staff_id, counted in days.items():
        opened = [one.opened for one in counted]
        known = accounts.get(staff_id)
        found.append(
            AccountLooks(
                login=known.login if known else None,
                role=counted[-1].role,
                office=known.office if known else "",
                days=len(counted),
                opened=sum(opened),
                searches=sum(one.searches for one in counted),
                missed=sum(one.missed for one in counted),
                most=max(opened),
                usual=float(median(opened)),
                alarms=alarms.get(staff_id, 0),
            )
        )
    log(transaction, vault, Event(action=Action.LOG, counts={"accounts": len(found)}))
    return sorted(found, key=lambda one: (one.alarms, one.missed, one.most / max(one.usual, 1.0)), reverse=True)


def _members(transaction: Transaction, vault: Vault, grant: Grant, child_id: UUID) -> Sequence[UUID]:
    """Return all identities of the child; the auditor, who sees no child, may know them by their names in the log."""
    if transaction.access.role is not Role.AUDITOR:
        return reach(transaction, vault, grant, child_id).members
    with transaction.as_engine():
        head = grouping.heads(transaction, [child_id])[child_id]
        return grouping.members(transaction, head)


def _is_told(leaf: Leaf, *, hidden: bool) -> bool:
    """Say whether a family is told of a look: what people and systems did, not what the registry does by itself."""
    if leaf.staff_id is None or leaf.outcome is not Outcome.DONE or leaf.action.startswith(_ALARMS):
        return False
    return not (hidden and (leaf.action in _CASE_ACTIONS or not _OF_A_CASE.isdisjoint(leaf.groups)))


def _look(stored: StoredLeaf, leaf: Leaf, vault: Vault, logins: dict[UUID, str] | None) -> Look:
    told = logins is not None
    return Look(
        at=leaf.at,
        event_id=leaf.event_id,
        office=leaf.office,
        role=leaf.role,
        purpose=leaf.purpose,
        action=leaf.action,
        outcome=leaf.outcome.value,
        groups=leaf.groups if told else tuple(group for group in leaf.groups if group not in _MAYBE),
        place=stored.tree_index,
        login=(logins or {}).get(leaf.staff_id) if leaf.staff_id else None,
        reason=reason_of(leaf, vault.keyring) if told else None,
    )


def _logins(transaction: Transaction, staff_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    named = account_looks.names(transaction, {staff_id for staff_id in staff_ids if staff_id is not None})
    return {staff_id: account.login for staff_id, account in named.items()}
