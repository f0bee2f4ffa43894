"""Sealed values whose tag fails: left out of the answer, noted once with an alarm, and the rest goes on.

A flipped byte, a value that was moved here from elsewhere, one that was cut off: each is a matter of its row. Where
most of a batch fails, it is not the rows but the keys: then nothing is noted of any row, and the work stops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, NoReturn, Protocol, TypeVar
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_alarm, raise_though_refused
from registry.model.errors import RegistryError, Tampered, WrongKeys
from registry.store import damage
from registry.store.damage import Value
from registry.store.session import Transaction

MOST: Final = 20  # newly damaged rows of one batch; more than these, and more than half of it, are the keys' fault
RECORD_TABLES: Final = frozenset({"identity", "child_search"})  # sealed anew with each newer version of a record
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ELSEWHERE: Final = "unknown"


class HasChild(Protocol):
    """A stored row of one identity."""

    @property
    def child_id(self) -> UUID:
        """The identity."""
        ...


R = TypeVar("R", bound=HasChild)
T = TypeVar("T")


class RecordDamaged(RegistryError):
    """What is asked for cannot be read: its sealed values were changed. It is noted, and somebody looks at it."""

    status = 409
    title = "This record cannot be read"


class KeysDoNotFit(WrongKeys):
    """Most of what was read could not be opened: the keys are not those of these rows, or the rows of another place."""


class Damage:
    """What was met in one batch; nothing is asked of the database as long as nothing was."""

    def __init__(self, transaction: Transaction, vault: Vault) -> None:
        self._transaction = transaction
        self._vault = vault
        self._met: dict[Value, None] = {}

    @property
    def children(self) -> frozenset[UUID]:
        """The identities of which something could not be read."""
        return frozenset(child for child, _, _ in self._met)

    def note(self, child_id: UUID, error: Tampered) -> None:
        """Remember a value that could not be read."""
        self._met[(child_id, *place_of(error))] = None

    def tried(self, child_id: UUID, open_one: Callable[[], T]) -> T | None:
        """Return what `open_one` reads of an identity; None: it cannot be read, which is remembered."""
        try:
            return open_one()
        except Tampered as error:
            self.note(child_id, error)
            return None

    def settle(self, *, of: int) -> None:
        """Note what was met, and raise an alarm for what was not noted before.

        Args:
            of: how many rows the batch had.

        Raises:
            KeysDoNotFit: so many of them could not be read that it is the keys.
        """
        if not self._met:
            return
        before = damage.known(self._transaction, self.children)
        new = [value for value in self._met if value not in before]
        rows = len({child for child, _, _ in new})
        if rows > MOST and 2 * rows > of:
            raise_though_refused(self._transaction, self._vault, AlarmKind.KEYS_DO_NOT_FIT, place=".".join(new[0][1:]))
            raise KeysDoNotFit(f"{rows} of {of} rows cannot be opened: look at the keys", place=".".join(new[0][1:]))
        for value in new:
            _note(self._transaction, vault=self._vault, value=value)

    def refuse(self) -> NoReturn:
        """Refuse the whole, for nothing of it could be read; what was met is noted all the same.

        Raises:
            RecordDamaged: always.
        """
        for value in self._met:
            self._transaction.keep(partial(_note, vault=self._vault, value=value))
        raise RecordDamaged


def place_of(error: Tampered) -> tuple[str, str]:
    """Return table and group of a value that could not be read; ids in the name of a group are left out."""
    table, _, group = (error.place or _ELSEWHERE).partition(".")
    name = group.partition(":")[0] or "key"
    return table, "raw" if _ID.fullmatch(name) else name


def opened(transaction: Transaction, vault: Vault, rows: Sequence[R], open_one: Callable[[R], T]) -> list[tuple[R, T]]:
    """Return the rows that can be read with what was read of each, in their order.

    Raises:
        KeysDoNotFit: so many of them cannot be read that it is the keys.
    """
    met = Damage(transaction, vault)
    found = []
    for row in rows:
        try:
            found.append((row, open_one(row)))
        except Tampered as error:
            met.note(row.child_id, error)
    met.settle(of=len(rows))
    return found


def tell_shared(transaction: Transaction, vault: Vault, error: Tampered, *, unreadable: int, of: int) -> None:
    """Raise one alarm for values of no child's own that cannot be read, such as citizens of the extract.

    Raises:
        KeysDoNotFit: so many of them cannot be read that it is the keys.
    """
    place = ".".join(place_of(error))
    if unreadable > MOST and 2 * unreadable > of:
        raise_though_refused(transaction, vault, AlarmKind.KEYS_DO_NOT_FIT, place=place)
        raise KeysDoNotFit(f"{unreadable} of {of} rows cannot be opened: look at the keys", place=place)
    raise_alarm(transaction, vault, AlarmKind.DAMAGED_VALUE, place=place)


@contextmanager
def refusing(transaction: Transaction, vault: Vault, child_id: UUID) -> Iterator[None]:
    """Refuse what the block does with one identity if a value of hers cannot be read; the note and the alarm stand.

    Raises:
        RecordDamaged: it cannot be read.
    """
    try:
        yield
    except Tampered as error:
        met = Damage(transaction, vault)
        met.note(child_id, error)
        met.refuse()


def unread_records(transaction: Transaction, child_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return the identities of which what their source said was found damaged, and was not sealed afresh since."""
    return frozenset(child for child, table, _ in damage.known(transaction, child_ids) if table in RECORD_TABLES)


def heal_records(transaction: Transaction, child_ids: Collection[UUID]) -> None:
    """Forget what was noted of what sources said of identities: it was delivered again, and is sealed afresh."""
    if child_ids:
        damage.forget(transaction, child_ids, tables=RECORD_TABLES)


def heal(transaction: Transaction, child_ids: Collection[UUID], *, table: str | None = None) -> None:
    """Forget what was noted of identities that were sealed afresh; args: table: None for all of theirs."""
    if child_ids:
        damage.forget(transaction, child_ids, tables=None if table is None else [table])


def _note(transaction: Transaction, *, vault: Vault, value: Value) -> None:
    if damage.note(transaction, value):
        raise_alarm(transaction, vault, AlarmKind.DAMAGED_VALUE, child_id=value[0], place=".".join(value[1:]))
