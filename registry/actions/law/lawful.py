"""Refuses a purpose of people that no law allows today. The policy says who may; the register says whether anybody may.

The policy reads no database, so the doors ask here. What was read holds for a minute.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from registry.actions.law.legal_bases import allowed, register
from registry.model.access import PEOPLE_PURPOSES, Access, Purpose
from registry.model.errors import Refused
from registry.model.law import Law
from registry.model.working_days import day_in_viet_nam
from registry.store.session import Store

# Whoever keeps the register, the keys and the accounts is never shut out: otherwise nobody could enter a basis again.
GUARDED: Final = PEOPLE_PURPOSES | {Purpose.REVIEW}
_HOLDS: Final = timedelta(minutes=1)


class NoLegalBasis(Refused):
    """No law that is entered allows this purpose today."""

    title = "No law that is entered allows this purpose today"


class LawfulPurposes:
    """The purposes that a law allows, as the register says; read again after a minute."""

    def __init__(self, store: Store, law: Law) -> None:
        self._store = store
        self._law = law
        self._reading = threading.Lock()
        self._allowed: frozenset[str] = frozenset()
        self._read_at: datetime | None = None  # None: not yet

    def require(self, access: Access) -> None:
        """Let a purpose pass.

        Raises:
            NoLegalBasis: it is one of people, and no law allows it.
        """
        if access.purpose in GUARDED and access.purpose.value not in self._standing(access.at):
            raise NoLegalBasis(field="purpose", place=access.purpose.value)

    def forget(self) -> None:
        """Read the register again before the next purpose passes."""
        self._read_at = None

    def _standing(self, at: datetime) -> frozenset[str]:
        read_at = self._read_at
        if read_at is not None and timedelta(0) <= at - read_at < _HOLDS:
            return self._allowed
        with self._reading:
            engine = Access.of_engine(Purpose.MAINTENANCE, at=at, request_id=uuid4())
            with self._store.begin(engine) as transaction:
                self._allowed = allowed(register(transaction, self._law), day_in_viet_nam(at))
            self._read_at = at
            return self._allowed
