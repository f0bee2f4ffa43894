"""Kill whoever seals the log with -9, again and again, while others write leaves: nothing is lost, nothing is torn.

    python benchmarks/seal_kill_loop.py --kills 200

A sealer in a process of its own numbers leaves without a pause, and is killed after a random moment. Writers in
processes of their own, which nobody kills, look for children all the while and write down the hash of every leaf that
was committed. After every fifth kill the log is checked: heads, signatures, places without a gap. At the end the whole
log is sealed and checked as `log verify` does, and every leaf that a writer wrote down must stand in the tree once.
The exit code is 1 if a check found a fault or a leaf is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import text

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.oversight.seal_log import log_keys, seal_log
from registry.actions.oversight.verify_log import check_log, verify_log
from registry.jobs.opening import Installation, installation
from registry.jobs.sealing_log import seal_all
from registry.model.access import Access, Area, Purpose, Role
from registry.protect.log.log_check import Against
from registry.protect.log.log_sink import FileSink, read_sink
from registry.settings import Settings
from registry.store.server.embedded import EmbeddedServer

LONGEST = 1.0  # seconds that a sealer lives after it has begun
WRITERS = 2
CHECK_EVERY = 5  # kills


@dataclass(slots=True)
class Report:
    """What the loop came to."""

    kills: int = 0
    checks: int = 0
    faults: list[str] = field(default_factory=list)
    written: int = 0
    lost: int = 0
    leaves: int = 0
    heads: int = 0
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing was lost or torn."""
        return not self.faults and self.lost == 0


@contextmanager
def open_at(data: Path, url: str) -> Iterator[Installation]:
    """Open the installation as a process of its own would."""
    settings = Settings(data=data, database_url=SecretStr(url))
    with installation(settings, clock=lambda: datetime.now(UTC), may_create=True) as opened:
        yield opened


def forked(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own and return its id; it never comes back here."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException as error:  # noqa: BLE001  the last door of a process: what went wrong is shown, and it ends
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def be_sealer(data: Path, url: str, said: Path) -> None:
    """Seal without a pause until killed."""
    with open_at(data, url) as installed:
        said.touch()
        while True:
            with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
                seal_log(transaction, installed.vault)


def be_writer(data: Path, url: str, workshop: Path, number: int) -> None:
    """Look for somebody again and again until told to stop; a second sink writes down what was committed."""
    with open_at(data, url) as installed:
        installed.store.tell_leaves(FileSink(workshop / f"told-{number}"))
        while not (workshop / "stop").exists():
            with installed.store.begin(_worker(installed, number)) as transaction:
                find_child(transaction, installed.vault, FindQuery(text="khong co ai"))


def _worker(installed: Installation, number: int) -> Access:
    return Access(
        staff_id=UUID(int=number + 1),
        login=f"writer-{number}",
        role=Role.COMMUNE_WORKER,
        area=Area(communes=frozenset({"05443"})),
        office="benchmark",
        purpose=Purpose.CASE_WORK,
        reason=None,
        at=installed.clock(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
    )


def check_now(installed: Installation, report: Report) -> None:
    """Check the log as it is after a kill."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        state = check_log(transaction, installed.vault)
    report.checks += 1
    if state.fault is not None:
        report.faults.append(state.fault)


def loop(data: Path, url: str, workshop: Path, *, kills: int, seed: int) -> Report:
    """Kill so many sealers; check now and then that nothing is torn, and at the end that nothing is lost."""
    report, chance, said = Report(), random.Random(seed), workshop / "said"
    writers = [forked(partial(be_writer, data, url, workshop, number)) for number in range(WRITERS)]
    begun = time.monotonic()
    while report.kills < kills:
        said.unlink(missing_ok=True)
        sealer = forked(lambda: be_sealer(data, url, said))
        _wait_for(said)
        time.sleep(chance.uniform(0.0, LONGEST))
        os.kill(sealer, signal.SIGKILL)
        _, status = os.waitpid(sealer, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit("a sealer ended by itself")
        report.kills += 1
        if report.kills % CHECK_EVERY == 0:
            with open_at(data, url) as installed:
                check_now(installed, report)
    (workshop / "stop").touch()
    for writer in writers:
        os.waitpid(writer, 0)
    _finish(data, url, workshop, report)
    report.seconds = round(time.monotonic() - begun, 1)
    return report


def _finish(data: Path, url: str, workshop: Path, report: Report) -> None:
    told: dict[bytes, tuple[str, datetime]] = {}
    for number in range(WRITERS):
        told |= read_sink(workshop / f"told-{number}")
    with open_at(data, url) as installed:
        seal_all(installed)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            found = verify_log(transaction, Against(log=log_keys(installed.vault.keyring), sink=told))
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            query = text("SELECT leaf_hash FROM access_leaf WHERE tree_index IS NOT NULL")
            placed = list(transaction.connection.scalars(query))
    report.faults += [fault.words for fault in found.faults]
    report.written, report.leaves, report.heads = len(told), found.leaves, found.heads
    report.lost = len(set(told) - set(placed)) + len(placed) - len(set(placed))


def _wait_for(said: Path) -> None:
    until = time.monotonic() + 60
    while not said.exists():
        if time.monotonic() > until:
            raise SystemExit("a sealer does not begin")
        time.sleep(0.01)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print its report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="seal-kill-loop-") as folder:
        workshop = Path(folder)
        with EmbeddedServer(workshop / "server") as server:
            data = workshop / "data"
            data.mkdir(mode=0o700)
            with open_at(data, server.url):
                pass  # schema and keys are made before anybody is forked
            report = loop(data, server.url, workshop, kills=chosen.kills, seed=chosen.seed)
    document = asdict(report) | {"sound": report.sound}
    print(json.dumps(document, indent=None if chosen.json else 2))
    return int(not report.sound)


if __name__ == "__main__":
    sys.exit(main())
