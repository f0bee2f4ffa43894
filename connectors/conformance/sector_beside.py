"""Clauses beside reading: nothing is left behind, and what a connector offers beyond the protocol's core."""

from __future__ import annotations

import gc
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.scenario import NotOffered, Row
from connectors.conformance.subject import ROWS, Bench, Subject, close_connector
from connectors.contract import (
    Counts,
    Proposal,
    Pushed,
    Receipt,
    Record,
    Rereads,
    RowRefusal,
    SectorConnector,
    TakesProposals,
    TakesReceipts,
)
from connectors.records import Rejected

PATIENCE_SECONDS: Final = 3.0
_DESCRIPTORS: Final = Path("/dev/fd")  # where the system shows what is open; elsewhere sockets are not counted


def left_behind(subject: Subject) -> None:
    """After a reading that was ended or left in the middle, no thread and no connection stays."""
    with subject.filled() as bench, _nothing_left():
        for use in (_read_all, _read_one):
            connector = bench.connector()
            use(bench, connector)
            close_connector(connector)
            bench.made.clear()
            del connector


def _read_all(bench: Bench, connector: SectorConnector) -> None:
    engine = bench.engine(limit=3)
    engine.run(connector)


def _read_one(bench: Bench, connector: SectorConnector) -> None:
    reading = connector.read(bench.scenario.stream, None, limit=3)
    next(iter(reading))
    close_connector(reading)


@contextmanager
def _nothing_left() -> Iterator[None]:
    threads, sockets = _threads(), _sockets()
    gc.freeze()  # only what is made from here on is looked through
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always", ResourceWarning)
            yield
            gc.collect()
    finally:
        gc.unfreeze()
    require(_soon(lambda: not _threads() - threads), "a thread is left running")
    require(_soon(lambda: _sockets() <= sockets), "a connection is left open")
    unclosed = [warning for warning in seen if issubclass(warning.category, ResourceWarning)]
    require(not unclosed, "a file or connection is left for the interpreter to close")


def _soon(holds: Callable[[], bool]) -> bool:
    """Wait until it holds, for a while: a server in this process lets go of its end a moment later."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _threads() -> set[threading.Thread]:
    """Return the threads of this process, without the hands of a scenario's server, which wait for more to do."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("AnyIO worker")}


def _sockets() -> int:
    """Return how many sockets are open in this process."""
    return sum(_is_socket(int(found.name)) for found in _DESCRIPTORS.iterdir()) if _DESCRIPTORS.is_dir() else 0


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:  # that of the listing itself is closed by now
        return False


def count(subject: Subject) -> None:
    """The number of living records, if the connector says it."""
    with subject.filled() as bench:
        connector = bench.connector()
        if not isinstance(connector, Counts):
            raise NotShown("it does not count")
        living = len(bench.read_through().landed.living())
        require(
            connector.count(bench.scenario.stream) == living, f"count() is not {living} in a source of {living} rows"
        )
        bench.write(Row(number=ROWS + 1, at=bench.scenario.now()))
        require(connector.count(bench.scenario.stream) == living + 1, "count() does not see a new row")


def push(subject: Subject) -> None:
    """One answer for each proposal, in their order; the same again does no harm."""
    with subject.filled() as bench:
        connector, name = bench.connector(), bench.scenario.stream
        if not isinstance(connector, TakesProposals):
            raise NotShown("it takes no proposals")
        field_name = sorted(set(bench.stream().fields) - set(bench.stream().key))[0]
        keys = [bench.scenario.key(2), bench.scenario.key(1), "kit-nobody-has-this-key"]
        proposals = [Proposal(key=key, field_name=field_name, proposed="Mẫu", reason="kit") for key in keys]
        require(list(connector.push(name, [])) == [], "push() answers where nothing is proposed")
        first = _pushed(connector.push(name, proposals), keys)
        require(first == _pushed(connector.push(name, proposals), keys), "push() answers otherwise when it is repeated")
        require(not first[-1].taken, "push() takes a proposal for a key that the source does not have")


def _pushed(answers: Sequence[Pushed], keys: Sequence[str]) -> list[Pushed]:
    require(all(isinstance(answer, Pushed) for answer in answers), "push() returns something but Pushed")
    require([answer.key for answer in answers] == list(keys), "push() does not answer each proposal in its order")
    require(all(answer.taken or answer.rule for answer in answers), "push() refuses and does not say why")
    return list(answers)


def reread(subject: Subject) -> None:
    """What `read` had to refuse is read again by its bytes alone."""
    with subject.filled() as bench:
        connector = bench.connector()
        if not isinstance(connector, Rereads):
            raise NotShown("it does not read refused rows again")
        for number, name in enumerate(sorted(bench.stream().required), start=ROWS + 1):
            try:
                bench.write(Row(number=number, at=bench.scenario.now(), without=name))
            except NotOffered:
                continue
        refused = bench.read_through().landed.rejected
        if not refused:
            raise NotShown("read() itself refuses no row of the scenario")
        for rejected in refused:
            _again(partial(connector.reread, bench.scenario.stream, rejected.raw, row=rejected.row))
        _again(partial(connector.reread, bench.scenario.stream, b"\x00\xff kit", row=1))


def _again(ask: Callable[[], Record | Rejected]) -> None:
    try:
        answer = ask()
    except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
        raise Broken(f"reread() raises {type(error).__name__}") from None
    require(isinstance(answer, Record | Rejected), f"reread() returns {type(answer).__name__}")


def receipt(subject: Subject) -> None:
    """A receipt can be handed over twice, and is not taken for something to be read."""
    with subject.filled() as bench:
        connector, name = bench.connector(), bench.scenario.stream
        if not isinstance(connector, TakesReceipts):
            raise NotShown("it takes no receipts")
        if bench.stands:
            raise NotShown("no receipts are written beside a real source")
        engine = bench.read_through()
        before = engine.landed.living()
        refused = [RowRefusal(row=1, rule="kit_rule", field="kit_field")]
        for delivery in (engine.landed.deliveries or ["kit"]) * 2:
            told = Receipt(delivery=delivery, at=bench.scenario.now(), counts={"accepted": ROWS}, refused=refused)
            connector.receipt(name, told)
        bench.scenario.settle()
        engine.run(bench.connector())
        for found in (engine, bench.read_through()):
            require(found.landed.living() == before, "after a receipt was handed over, other records come")
            require(not found.landed.rejected, "a receipt is read as if it were a delivery")


CLAUSES: Final = (
    Clause(
        name="left-behind",
        promise="closed or left in the middle, it leaves no thread and no connection behind",
        show=left_behind,
        needs=("pages",),
    ),
    Clause(name="count", promise="count(), if it has it, says how many records live", show=count, needs=("changes",)),
    Clause(
        name="push",
        promise="push(), if it has it, answers each proposal in its order, and may be repeated",
        show=push,
        needs=("whole",),
    ),
    Clause(
        name="receipt",
        promise="receipt(), if it has it, may be repeated, and brings nothing to be read",
        show=receipt,
        needs=("quiet",),
    ),
    Clause(
        name="reread",
        promise="reread(), if it has it, reads refused rows again by their bytes",
        show=reread,
        needs=("whole",),
    ),
)
