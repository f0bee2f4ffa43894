"""Compares the sealed rows as they stand with what the log says was written last."""

from __future__ import annotations

from typing import Any, Final

from registry.protect.log.log_faults import Fault, FaultKind

ENTRY_BYTES: Final = 32
_HALF: Final = 16
GONE: Final = bytes(_HALF)  # the state of a row that was deleted


class RowCheck:
    """Remembers the last state of every row that the log names, and which states it had before."""

    def __init__(self) -> None:
        self._last: dict[bytes, bytes] = {}
        self._table: dict[bytes, str] = {}
        self._older: set[bytes] = set()
        self.rows = 0

    def wrote(self, document: dict[str, Any]) -> None:
        """Take in what a leaf says was written.

        Raises: ValueError, KeyError, TypeError: not a leaf of written rows.
        """
        (table,) = document["counts"]
        for written in document["row_digests"]:
            entry = bytes.fromhex(written)
            if len(entry) != ENTRY_BYTES:
                raise ValueError("an entry of a written row is malformed")
            name = entry[:_HALF]
            before = self._last.get(name)
            if before is not None:
                self._older.add(name + before)
            self._last[name] = entry[_HALF:]
            self._table[name] = table

    def stands(self, table: str, entry: bytes) -> Fault | None:
        """Compare a row as it stands; None: as it was written last."""
        self.rows += 1
        name, state = entry[:_HALF], entry[_HALF:]
        logged = self._last.pop(name, None)
        if logged == state:
            return None
        row = f"row {name.hex()[:16]} of {table}"
        if logged is None:
            return Fault(kind=FaultKind.ROW_UNLOGGED, words=f"{row} was written without a leaf of the log")
        if logged == GONE:
            return Fault(
                kind=FaultKind.ROW_BACK, words=f"{row} was deleted, and was put back without a leaf of the log"
            )
        if name + state in self._older:
            return Fault(
                kind=FaultKind.ROW_OLDER, words=f"{row} was put back to an older state without a leaf of the log"
            )
        return Fault(kind=FaultKind.ROW_CHANGED, words=f"{row} was changed without a leaf of the log")

    def missing(self) -> list[Fault]:
        """Return the rows that the log knows and that stand no longer; called after all that stand."""
        return [
            Fault(
                kind=FaultKind.ROW_GONE,
                words=f"row {name.hex()[:16]} of {self._table[name]} was deleted without a leaf of the log",
            )
            for name, state in self._last.items()
            if state != GONE
        ]
