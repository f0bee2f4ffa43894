"""Clients that open children as fast as they can, each in a process of its own, and what they say afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID, uuid4

from reads_store import Target, now

from registry.actions.keys.sealing import Vault
from registry.actions.looking.open_child import open_child
from registry.model.access import Access, Area, Purpose, Role
from registry.protect.keys.keyring import Keyring
from registry.protect.policy import SEPARATE_RIGHTS
from registry.store.session import Store

_A_PERSON: Final = 40  # reads of one account, which is stopped at a limit: many people work at once
_WARM: Final = 150  # reads of each client before those that count
_RIGHTS: Final = frozenset(right.value for right in SEPARATE_RIGHTS)  # the most that can be shown, case included


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the children are read."""

    url: str = field(repr=False)
    keys: Path
    children: Sequence[Target] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one client has done."""

    seconds: list[float]  # of every read
    cpu: float  # seconds of this process while it read
    records: int


def access_for(staff_id: UUID, commune: str) -> Access:
    """Return the access of a commune's worker who looks at one of its children for case work."""
    return Access(
        staff_id=staff_id,
        login="benchmark",
        role=Role.COMMUNE_WORKER,
        area=Area(communes=frozenset({commune})),
        office="benchmark",
        purpose=Purpose.CASE_WORK,
        reason=None,
        at=now(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
        rights=_RIGHTS,
    )


@contextmanager
def reading(place: Place, *, clients: int, seconds: float) -> Iterator[tuple[Barrier, Queue[Told]]]:
    """Start clients that wait at a barrier when they are warm, and once more when they have read."""
    context = get_context("spawn")
    barrier: Barrier = context.Barrier(clients + 1)
    told: Queue[Told] = context.Queue()
    processes = [
        context.Process(target=_read, args=(place, seed, seconds), kwargs={"barrier": barrier, "told": told})
        for seed in range(clients)
    ]
    for process in processes:
        process.start()
    try:
        yield barrier, told
    finally:
        for process in processes:
            process.join(timeout=30)
            process.kill()


def _read(place: Place, seed: int, seconds: float, *, barrier: Barrier, told: Queue[Told]) -> None:
    rng = Random(seed)
    store, vault = Store(place.url, connections=1), Vault(Keyring.open(place.keys))
    store.see_changes(vault.keyring.follow)
    for _ in range(_WARM):
        _open(store, vault, rng.choice(place.children), staff_id=uuid4())
    barrier.wait()  # what was done so far is counted
    barrier.wait()
    times: list[float] = []
    records, began, cpu = 0, time.perf_counter(), _cpu()
    last, staff_id = began, uuid4()
    while last - began < seconds:
        target = rng.choice(place.children)
        if len(times) % _A_PERSON == 0:
            staff_id = uuid4()
        _open(store, vault, target, staff_id=staff_id)
        ended = time.perf_counter()
        times.append(ended - last)
        records, last = records + target.records, ended
    cpu = _cpu() - cpu
    barrier.wait()  # the server's processes are still there to be asked what they used
    barrier.wait()
    told.put(Told(seconds=times, cpu=cpu, records=records))
    store.close()


def _open(store: Store, vault: Vault, target: Target, *, staff_id: UUID) -> None:
    with store.begin(access_for(staff_id, target.commune)) as transaction:
        open_child(transaction, vault, target.child_id)


def _cpu() -> float:
    used = os.times()
    return used.user + used.system
