"""How fast a rotation rewraps the data keys of all children while another process looks children up.

The rotation is the product's own (`registry/jobs/rotating.py`), run to its end with the bounds it has in service: the
new version, the batches, the log leaves. The reader opens identities found by their number, about forty a second.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

import psycopg
from vault_figures import Figure, load
from vault_load import Loaded, libpq, now, settings_of
from vault_sample import Known, drawn, worker

from registry.actions.finding.find_child import FindQuery, find_child
from registry.jobs.opening import installation
from registry.jobs.rotating import rotate
from registry.model.access import Area
from registry.model.errors import RegistryError
from registry.protect.keys.keyring_file import Domain

GOAL: Final = 5_000  # keys a second
READ: Final = 500  # children, over and over
_PAUSE: Final = 0.02  # seconds between two looks
_START: Final = 60.0  # seconds that the reader may take to open the store


@dataclass(frozen=True, slots=True)
class Reads:
    """What the reader met."""

    done: int
    failed: int
    first: str  # the class of the first failure


def figure(loaded: Loaded) -> Figure:
    """Rotate the key that wraps the keys of children, with a reader beside it."""
    children = [one for one in drawn(loaded, READ, seed=loaded.seed + 3) if one.number]
    context = get_context("spawn")
    started, stop = context.Event(), context.Event()
    told: Queue[Reads] = context.Queue()
    folder = loaded.installed.settings.data.parent
    reader = context.Process(target=_read, args=(folder, children, started, stop, told))
    reader.start()
    try:
        if not started.wait(_START):
            raise TimeoutError("the reader did not start")
        began = time.perf_counter()
        account = rotate(loaded.installed, Domain.IDENTITY_WRAP)
        seconds = time.perf_counter() - began
    finally:
        stop.set()
    reads = told.get(timeout=_START)
    reader.join()
    _tidy(loaded)
    rate = account.rows / seconds
    whole = account.finished and account.unreadable == 0
    return Figure(
        name="rewrap of data keys, service running",
        goal=f">= {GOAL:,} a second, no failed read",
        measured=f"{rate:,.0f} a second; {reads.failed} of {reads.done} reads failed{reads.first}",
        n=account.rows,
        how=f"rotate() to its end in {seconds:.0f} s, {'finished' if whole else 'NOT finished'};"
        " find_child in another process",
        met=rate >= GOAL and reads.failed == 0 and reads.done > 0 and whole,
        load=load(),
    )


def _read(folder: Path, children: Sequence[Known], started: Event, stop: Event, told: Queue[Reads]) -> None:
    """Look children up by number until told to stop; one that is not found is a failed read as well."""
    done = failed = 0
    first = ""
    with installation(settings_of(folder), clock=now) as installed:
        while not stop.is_set():
            child = children[done % len(children)]
            access = worker(Area(provinces=frozenset({child.province})))
            try:
                with installed.store.begin(access) as transaction:
                    found = find_child(transaction, installed.vault, FindQuery(text=child.number or "")).found
                wrong = "" if any(hit.child_id == child.child_id for hit in found) else "NotFound"
            except RegistryError as error:
                wrong = type(error).__name__
            done += 1
            failed += bool(wrong)
            first = first or (f", first {wrong}" if wrong else "")
            started.set()
            time.sleep(_PAUSE)
    told.put(Reads(done, failed, first))


def _tidy(loaded: Loaded) -> None:
    """Clear the dead rows away, so that figures taken after this one do not suffer from it."""
    with psycopg.connect(libpq(loaded.server.superuser_url), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) child_key")
