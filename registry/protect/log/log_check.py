"""Checks a whole log with public keys alone: contents, tree, signatures, witnesses, second sink, rows as they stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from registry.protect.log.checkpoint import BadCheckpoint, Checkpoint, Verifier, signed_by
from registry.protect.log.cosignature import WitnessVerifier
from registry.protect.log.log_faults import Fault, FaultKind
from registry.protect.log.log_records import BadBundle, Cosigned, Head, Header, LeafRecord, Record, Row
from registry.protect.log.log_rows import RowCheck
from registry.protect.log.log_tree import TreeCheck

SINK_GRACE: Final = timedelta(minutes=10)  # a leaf told this shortly before an export may have been committed after it
_ROWS: Final = b'{"action":"rows",'


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """With what a log is compared: nothing of it comes from the log itself."""

    log: tuple[Verifier, ...]  # its keys, the oldest first
    witnesses: tuple[WitnessVerifier, ...] = ()
    outside: tuple[str, ...] = ()  # heads that were kept elsewhere
    sink: Mapping[bytes, tuple[str, datetime]] = field(default_factory=dict)  # leaf hash: event, time
    grace: timedelta = SINK_GRACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the check came to; no fault: everything holds."""

    leaves: int
    waiting: int  # leaves that are not sealed yet
    heads: int
    cosigned: Mapping[str, int]  # witness: the newest size it has cosigned
    rows: int
    told: int  # leaves that the second sink knows
    faults: tuple[Fault, ...]


class LogCheck:
    """Takes in the records of a log in one pass."""

    def __init__(self, against: Against) -> None:
        self._against = against
        self._faults: list[Fault] = []
        self._notes: dict[int, str] = {}
        self._roots: dict[int, bytes] = {}
        self._newest_key = 0
        self._last_size = 0
        self._cosigned: dict[str, int] = {}
        self._outside = self._read_outside()
        self._sink = dict(against.sink)
        self._rows = RowCheck()
        self._with_rows = False  # it is said of a whole log which rows stand
        self._tree: TreeCheck | None = None
        self._waiting = 0
        self._exported_at: datetime | None = None

    def run(self, records: Iterable[Record]) -> Findings:
        """Check everything.

        Raises: BadBundle: heads after leaves.
        """
        for record in records:
            if type(record) is tuple:
                self._leaf(record)
            elif type(record) is Row:
                self._row(record)
            elif self._tree is not None:
                raise BadBundle("the heads do not stand before the leaves")
            elif type(record) is Head:
                self._head(record)
            elif type(record) is Cosigned:
                self._cosignature(record)
            elif type(record) is Header:
                self._exported_at, self._with_rows = record.exported_at, True
        return self._finished()

    def _finished(self) -> Findings:
        tree = self._begun()
        tree.finish()
        rows = self._rows.missing() if self._with_rows else []
        faults = [*self._faults, *tree.faults, *self._dropped(), *self._not_cosigned(), *rows]
        return Findings(
            leaves=tree.size,
            waiting=self._waiting,
            heads=len(self._notes),
            cosigned=self._cosigned,
            rows=self._rows.rows,
            told=len(self._against.sink),
            faults=tuple(faults),
        )

    def _read_outside(self) -> list[Checkpoint]:
        found = []
        for note in self._against.outside:
            try:
                found.append(signed_by(note, self._against.log)[0])
            except BadCheckpoint as error:
                self._say(FaultKind.BAD_HEAD, f"a head that was kept outside cannot be used: {error}")
        return found

    def _head(self, head: Head) -> None:
        before, self._last_size = self._last_size, head.size
        try:
            said, key = signed_by(head.note, self._against.log)
        except BadCheckpoint as error:
            foreign = "not the log's" in str(error)
            self._say(
                FaultKind.FOREIGN_KEY if foreign else FaultKind.BAD_HEAD, f"the head of {head.size} leaves: {error}"
            )
            return
        if key < self._newest_key:
            self._say(
                FaultKind.OLDER_KEY, f"the head of {head.size} leaves is signed with a key older than one before it"
            )
        if (said.origin, said.size) != (self._against.log[key].name, head.size):
            self._say(FaultKind.BAD_HEAD, f"the head stored as of {head.size} leaves is another head")
            return
        if said.previous is not None and said.previous != before:
            words = f"the head of {said.previous} leaves, which the head of {head.size} names, was removed"
            self._say(FaultKind.HEAD_REMOVED, words)
        self._newest_key = max(key, self._newest_key)
        self._notes[head.size] = head.note
        self._roots[head.size] = said.root

    def _cosignature(self, cosigned: Cosigned) -> None:
        note = self._notes.get(cosigned.size)
        if note is None:
            words = f"the head of {cosigned.size} leaves was cosigned by a witness, and was removed"
            self._say(FaultKind.HEAD_REMOVED, words)
            return
        for witness in self._against.witnesses:
            try:
                at = witness.signed_at(f"{note}{cosigned.line}")
            except BadCheckpoint as error:
                self._say(
                    FaultKind.BAD_COSIGNATURE, f"the head of {cosigned.size} leaves, witness {witness.name}: {error}"
                )
                continue
            if at is not None:
                self._cosigned[witness.name] = max(cosigned.size, self._cosigned.get(witness.name, 0))

    def _begun(self) -> TreeCheck:
        if self._tree is None:
            self._tree = TreeCheck(self._roots, outside=self._outside)
        return self._tree

    def _leaf(self, record: LeafRecord) -> None:
        index, leaf_id, stored, content = record
        tree = self._tree or self._begun()
        if index is not None:
            tree.leaf(index, leaf_id, stored=stored, content=content)
        else:
            self._waiting += 1
            self._unsealed(leaf_id, stored, content)
        if self._sink:
            self._sink.pop(stored, None)
        if content.startswith(_ROWS):
            self._written(leaf_id, content)

    def _unsealed(self, leaf_id: int, stored: bytes, content: bytes) -> None:
        if TreeCheck({}).leaf(0, leaf_id, stored=stored, content=content) != stored:
            self._say(FaultKind.EDITED, f"the leaf numbered {leaf_id}, not sealed yet, was edited")

    def _written(self, leaf_id: int, content: bytes) -> None:
        try:
            self._rows.wrote(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._say(FaultKind.BROKEN, f"the leaf numbered {leaf_id} tells of written rows and cannot be read")

    def _row(self, row: Row) -> None:
        fault = self._rows.stands(row.table, row.entry)
        if fault is not None:
            self._faults.append(fault)

    def _dropped(self) -> list[Fault]:
        last = None if self._exported_at is None else self._exported_at - self._against.grace
        return [
            Fault(
                kind=FaultKind.DROPPED,
                words=f"the leaf of event {event}, told to the second sink at {at.isoformat()}, is not in the log",
            )
            for event, at in self._sink.values()
            if last is None or at <= last
        ]

    def _not_cosigned(self) -> list[Fault]:
        return [
            Fault(kind=FaultKind.NOT_COSIGNED, words=f"no head is cosigned by the witness {witness.name}")
            for witness in self._against.witnesses
            if witness.name not in self._cosigned
        ]

    def _say(self, kind: FaultKind, words: str) -> None:
        self._faults.append(Fault(kind=kind, words=words))
