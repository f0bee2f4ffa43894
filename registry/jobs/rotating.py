"""Carries a rotation to its end, batch by batch, while the registry is in use; the next run follows one killed.

Older hashes and search rows are changed only when no transaction is left that began before the new key: so nobody looks
with the old key alone for what is no longer under it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from registry.actions.finding.rebuild_search import rebuild_search
from registry.actions.keys import rehash, rotate_keys
from registry.actions.keys.rotate_keys import WRAPPING, Moved
from registry.actions.keys.sealing import Vault
from registry.jobs.intake import Progress, no_progress
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import KeyUnavailable
from registry.protect.keys.keyring_file import Domain, KeyState
from registry.store import rotation
from registry.store.rotation import HashTable
from registry.store.session import Transaction

PATIENCE: Final = 60.0  # seconds for transactions that began before the new key
PASSES: Final = 5  # over rows that somebody else held in the moment
_PAUSE: Final = 0.05  # seconds

Act = Callable[[Transaction, Any], Moved]


@dataclass(slots=True)
class RotationAccount:
    """What a rotation came to. Not finished: something was held or cannot be read; the next run goes on."""

    domain: Domain
    version: int
    continued: bool
    rows: int = 0
    unreadable: int = 0
    finished: bool = False


class OutOfTime(Exception):
    """The turn of this worker is over; what is left waits for the next."""


@dataclass(slots=True)
class _Work:
    installed: Installation
    account: RotationAccount
    progress: Progress = field(default=no_progress)
    patience: float = PATIENCE
    until: float | None = None  # of the monotonic clock; None: for as long as it takes

    def step(self, act: Callable[[Transaction], Moved], purpose: Purpose = Purpose.MAINTENANCE) -> Moved:
        """Run one batch in a transaction of its own.

        Raises:
            OutOfTime: others wait for this worker.
        """
        if self.until is not None and time.monotonic() > self.until:
            raise OutOfTime
        with self.installed.store.begin(self.installed.engine(purpose)) as transaction:
            moved = act(transaction)
        self.account.rows += moved.rows
        self.progress(moved.rows)
        return moved

    def through(self, act: Act) -> None:
        """Walk over all rows until a walk moves none: rows that somebody held are met again."""
        for _ in range(PASSES):
            moved = 0
            unreadable = 0
            after = None
            while True:
                found = self.step(_from(act, after))
                moved, unreadable, after = moved + found.rows, unreadable + found.unreadable, found.after
                if after is None:
                    break
            self.account.unreadable = max(self.account.unreadable, unreadable)
            if moved == 0:
                return


def rotate(
    installed: Installation,
    domain: Domain,
    *,
    anew: bool = False,
    progress: Progress = no_progress,
    patience: float = PATIENCE,
) -> RotationAccount:
    """Make the next version of a key and move all rows to it; an unfinished rotation is carried on instead.

    Args:
        anew: make another version although an older rotation is unfinished.
        progress: told how many rows were moved.
        patience: seconds to wait for transactions that began before the new key.

    Raises:
        BadQuery: the key of this domain is for ever.
        ClockBack: the clock stands before the last key.
    """
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        begun = rotate_keys.begin(transaction, installed.vault, domain, anew=anew)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        rotate_keys.make(transaction, installed.vault, begun)
    account = RotationAccount(domain=domain, version=begun.version, continued=begun.continued)
    carry_on(_Work(installed, account, progress, patience))
    return account


def carry_on_all(installed: Installation, *, seconds: float | None = None) -> list[RotationAccount]:
    """Carry on every rotation that somebody has left unfinished.

    Args:
        seconds: how long this may take; None: to the end.
    """
    until = None if seconds is None else time.monotonic() + seconds
    accounts: list[RotationAccount] = []
    for domain in _older_alive(installed):
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            left = rotate_keys.unfinished(transaction, installed.vault, domain)
        if left:
            version = installed.vault.keyring.active(domain)
            accounts.append(RotationAccount(domain=domain, version=version, continued=True))
            patience = PATIENCE if seconds is None else seconds / 2
            try:
                carry_on(_Work(installed, accounts[-1], patience=patience, until=until))
            except OutOfTime:
                break
    return accounts


def _older_alive(installed: Installation) -> list[Domain]:
    """Return the domains with a version before the active one that is not yet destroyed: there alone rows can wait."""
    keyring = installed.vault.keyring
    keyring.follow()
    older = {entry.domain for entry in keyring.entries() if entry.state in {KeyState.DECRYPT_ONLY, KeyState.RETIRED}}
    return [domain for domain in rotate_keys.ROTATING if domain in older]


def rebuild_missing(installed: Installation, progress: Progress = no_progress, *, until: float | None = None) -> int:
    """Build the search rows that are missing or of an older key; return how many identities were looked at.

    Args:
        progress: told of each batch.
        until: of the monotonic clock; None: for as long as it takes.

    Raises:
        OutOfTime: others wait for this worker.
    """
    built = 0
    while True:
        if until is not None and time.monotonic() > until:
            raise OutOfTime
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            number = rebuild_search(transaction, installed.vault)
        if number == 0:
            return built
        built += number
        progress(number)


def carry_on(work: _Work) -> None:
    """Move the rows of a rotation until none is left, or what is left is held or unreadable."""
    domain, vault = work.account.domain, work.installed.vault
    alone = _wait(work)
    if domain in WRAPPING:
        work.through(lambda transaction, after: rotate_keys.rewrap_some(transaction, vault, domain, after=after))
    elif domain in rehash.TABLES:
        _rehash(work, rehash.TABLES[domain], alone=alone)
    elif domain is Domain.SEARCH and alone:
        work.account.rows += rebuild_missing(work.installed, work.progress, until=work.until)
    elif domain is Domain.SESSION_WRAP:
        work.step(lambda transaction: Moved(rows=rotate_keys.drop_searches(transaction, vault)))
    with work.installed.store.begin(work.installed.engine(Purpose.MAINTENANCE)) as transaction:
        work.account.finished = not rotate_keys.unfinished(transaction, vault, domain)
        rotate_keys.tell_states(transaction, vault)


def _rehash(work: _Work, tables: Iterable[HashTable], *, alone: bool) -> None:
    vault, domain = work.installed.vault, work.account.domain
    for table in tables:
        work.through(_filling(vault, table))
    if not alone:
        return
    if domain is Domain.BLOCK:  # whoever writes tokens writes them of every version alive
        if _some_wait(work, tables):
            return
        _give_up_older(work)
        if not _wait(work):
            return
    for table in tables:
        while work.step(_dropping(vault, table)).rows:
            pass


def _from(act: Act, after: Any) -> Callable[[Transaction], Moved]:  # noqa: ANN401  where a walk has come to
    return lambda transaction: act(transaction, after)


def _filling(vault: Vault, table: HashTable) -> Act:
    return lambda transaction, after: rehash.rehash_some(transaction, vault, table, after=after)


def _dropping(vault: Vault, table: HashTable) -> Callable[[Transaction], Moved]:
    return lambda transaction: Moved(rows=rehash.drop_some(transaction, vault, table))


def _some_wait(work: _Work, tables: Iterable[HashTable]) -> bool:
    """Say whether an owner has older hashes alone; those stay, and so does the version that made them."""
    version = work.installed.vault.keyring.active(work.account.domain)
    with work.installed.store.begin(work.installed.engine(Purpose.MAINTENANCE)) as transaction:
        return any(rotation.owners_waiting(transaction, table, version, after=None, limit=1) for table in tables)


def _give_up_older(work: _Work) -> None:
    keyring, domain = work.installed.vault.keyring, work.account.domain
    for version in keyring.usable(domain):
        if version != keyring.active(domain):
            with suppress(KeyUnavailable):  # another process was faster
                keyring.retire(domain, version)


def _wait(work: _Work) -> bool:
    """Wait until the transactions of this moment have ended; False: some go on for longer than our patience."""
    until = time.monotonic() + work.patience
    before = _running(work.installed)
    while before and time.monotonic() < until:
        time.sleep(_PAUSE)
        before &= _running(work.installed)
    return not before


def _running(installed: Installation) -> rotation.Running:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return rotation.running(transaction)
