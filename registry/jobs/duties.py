"""The duties of the law that run by themselves: the retention schedule, and the clocks.

Each child goes in a transaction of her own, so that a run may stop anywhere.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

from registry.actions.keys.erase import NoSuchChild
from registry.actions.law import retention
from registry.actions.law.duty_clocks import watch_clocks
from registry.actions.law.legal_holds import Held
from registry.actions.law.retention import OF_CHILDREN, MustStay, RuleAccount
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose
from registry.model.errors import Conflict
from registry.model.law import Kept
from registry.store.erasures import TOUCHED
from registry.store.server.vacuum import vacuum


def run_retention(installed: Installation, *, dry_run: bool, until: float | None = None) -> list[RuleAccount]:
    """Let everything go whose time is over, or only count it.

    Args:
        dry_run: count, and change nothing.
        until: stop after this moment of the monotonic clock; None: when all is done.
    """
    accounts = []
    for name in Kept:
        of_children = name in OF_CHILDREN
        work: Callable[[Installation, Kept, float | None], RuleAccount]
        if dry_run:
            work = _count_children if of_children else _count_rows
        else:
            work = _erase_children if of_children else _delete_rows
        accounts.append(work(installed, name, until))
    return accounts


def _access(installed: Installation, name: Kept) -> Access:
    return replace(installed.engine(Purpose.MAINTENANCE), reason=f"retention schedule: {name.value}")


def _due(installed: Installation, name: Kept) -> list[UUID]:
    law = installed.law
    with installed.store.begin(_access(installed, name)) as transaction:
        found = retention.due_children(transaction, law, name)
        if name is Kept.CLOSED_CASE:
            found = [child for child in found if retention.is_due_case(transaction, installed.vault, child)]
        return found


def _count_children(installed: Installation, name: Kept, until: float | None) -> RuleAccount:
    del until
    due = _due(installed, name)
    blocked: Counter[str] = Counter()
    with installed.store.begin(_access(installed, name)) as transaction:
        for child in due:
            why = retention.blocked_by(transaction, installed.vault, name, child)
            if why is not None:
                blocked[why.value] += 1
    return RuleAccount(name=name, due=len(due), blocked=dict(blocked))


def _erase_children(installed: Installation, name: Kept, until: float | None) -> RuleAccount:
    due = _due(installed, name)
    blocked: Counter[str] = Counter()
    gone = 0
    for child in due:
        if until is not None and time.monotonic() > until:
            break
        try:
            gone += _let_go(installed, name, child)
        except (Held, MustStay) as error:
            blocked[retention.reason_of(error).value] += 1
        except (Conflict, NoSuchChild):
            continue  # somebody was faster, or the rule does not say so any more
    return RuleAccount(name=name, due=len(due), gone=gone, blocked=dict(blocked))


def _let_go(installed: Installation, name: Kept, child_id: UUID) -> bool:
    with installed.store.begin(_access(installed, name)) as transaction:
        return retention.let_go(
            transaction, installed.vault, installed.law, name, child_id=child_id, ledger=installed.ledger
        )


def _count_rows(installed: Installation, name: Kept, until: float | None) -> RuleAccount:
    del until
    with installed.store.begin(_access(installed, name)) as transaction:
        return RuleAccount(name=name, due=retention.due_rows(transaction, installed.law, name))


def _delete_rows(installed: Installation, name: Kept, until: float | None) -> RuleAccount:
    due = _count_rows(installed, name, None).due
    gone = 0
    while until is None or time.monotonic() < until:
        with installed.store.begin(_access(installed, name)) as transaction:
            some = retention.let_rows_go(transaction, installed.vault, installed.law, name)
        gone += some
        if not some:
            break
    return RuleAccount(name=name, due=due, gone=gone)


def retain(installed: Installation) -> None:
    """Run the schedule as the daily job does; what is erased leaves no trace in the tables either."""
    accounts = run_retention(installed, dry_run=False)
    if any(account.gone for account in accounts if account.name in OF_CHILDREN):
        vacuum(installed.url, TOUCHED)


def watch(installed: Installation) -> Mapping[str, int]:
    """Raise the alarms of the clocks of the law that have run out; return how many of each kind."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return watch_clocks(transaction, installed.vault, installed.law)
