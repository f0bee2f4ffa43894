"""Kill whoever rotates keys, rebuilds the search or erases, at random moments, while others read and write.

    python benchmarks/key_kill_loop.py [--kills 200] [--children 300] [--seed 1] [--json]

After each kill every sealed value is opened and every look-up is asked; the exit code is 1 if a value does not open,
a child is lost, an erased one is still there, a look-up leads nowhere, or a reader failed.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import text

from connectors.plugins import file_readers
from connectors.records import ChildFacts, PersonFacts, SourceRecord
from connectors.sectors.education import Education
from registry.actions.intake.ingest import ingest_batch
from registry.actions.keys import rotate_keys
from registry.actions.keys.erase import erase_child
from registry.actions.keys.prove import prove
from registry.demo.invention import invent
from registry.jobs import drop as drops
from registry.jobs import linking, rotating
from registry.jobs.opening import Installation, installation
from registry.model.access import Purpose
from registry.model.errors import Conflict, RegistryError
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring_file import Domain, KeyState
from registry.settings import Settings
from registry.store import children, runs
from registry.store.runs import IngestRun
from registry.store.server.embedded import EmbeddedServer

INVENTED_ON = date(2026, 10, 31)
FORM = Education.format
DOMAINS: Final = (
    Domain.IDENTITY_WRAP,
    Domain.CASE_WRAP,
    Domain.EXTRACT_WRAP,
    Domain.QUARANTINE_WRAP,
    Domain.INDEX,
    Domain.SEARCH,
    Domain.BLOCK,
)
LONGEST = 1.2  # seconds that a victim lives after it has begun
PATIENCE = 5.0  # of a rotation, with the transactions of others

ERASED_LEFT = """
select count(*) from erasure e where exists (select from child_key k where k.child_id = e.child_id)
    or exists (select from identity i where i.child_id = e.child_id)
    or exists (select from identifier_lookup l where l.leads_to = e.child_id)
    or exists (select from source_key_lookup l where l.leads_to = e.child_id)
    or exists (select from child_search s where s.child_id = e.child_id)
    or exists (select from child_block b where b.child_id = e.child_id)
    or exists (select from candidate c where c.child_id = e.child_id)
    or exists (select from link l where l.child_id = e.child_id)
    or exists (select from member m where m.member_id = e.child_id)
    or exists (select from child c where c.child_id = e.child_id and c.erased_at is null)
"""
LOST = """
select count(*) from child c where c.erased_at is null and (
    not exists (select from child_key k where k.child_id = c.child_id and k.owner_id = c.child_id)
    or not exists (select from identity i where i.child_id = c.child_id))
"""


@dataclass(slots=True)
class Report:
    """What the loop came to."""

    kills: int = 0
    during: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    erased_left: int = 0
    erased: int = 0
    children: int = 0
    opened_at_the_end: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    guest: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing was lost."""
        return not (self.unreadable or self.lost or self.erased_left or self.guest.get("failed"))


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
    except BaseException:  # noqa: BLE001  the last door of a process: what went wrong is shown, and it ends
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


# -- the victim: rotates, retires, erases --------------------------------------------------------------------------


def be_victim(data: Path, url: str, said: Path, seed: int) -> None:
    """Do one thing after another until killed; say which in a file."""
    chance = random.Random(seed)
    with open_at(data, url) as installed:
        while True:
            domain = chance.choice([*DOMAINS, None])
            said.write_text("erasing" if domain is None else domain.value)
            with suppress(Conflict):
                if domain is None:
                    _erase_somebody(installed, chance)
                else:
                    rotating.rotate(installed, domain, patience=PATIENCE)
                    _retire_older(installed, domain)


def _erase_somebody(installed: Installation, chance: random.Random) -> None:
    access = replace(installed.engine(Purpose.MAINTENANCE), reason="benchmark")
    with installed.store.begin(access) as transaction:
        found = children.heads_after(transaction, after=None, limit=10_000)
        erase_child(transaction, installed.vault, chance.choice(found), ledger=installed.ledger)


def _retire_older(installed: Installation, domain: Domain) -> None:
    for entry in installed.vault.keyring.entries():
        if entry.domain is not domain or entry.state not in {KeyState.DECRYPT_ONLY, KeyState.RETIRED}:
            continue
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            rotate_keys.retire(transaction, installed.vault, domain, entry.version)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            rotate_keys.close(transaction, installed.vault, domain, entry.version, destroy=True)


# -- the guest: delivers and reads all the while -------------------------------------------------------------------


def be_guest(data: Path, url: str, workshop: Path) -> None:
    """Deliver, look up and link until told to stop; nobody kills this one, and none of its reads may fail."""
    counts: Counter[str] = Counter()
    chance = random.Random(7)
    with open_at(data, url) as installed, (workshop / "turn").open("w") as turn:
        number = 0
        while not (workshop / "stop").exists():
            fcntl.flock(turn, fcntl.LOCK_EX)
            try:
                number += 1
                key = f"GUEST{number % 40:04d}" if number > 40 else f"GUEST{number:04d}"
                _deliver(installed, key, number)
                counts["deliveries"] += 1
                counts["reads"] += 1
                counts["failed"] += not _finds(installed, key)
                if chance.random() < 0.05:
                    with suppress(Conflict):
                        linking.link_all(installed, changed_only=True)
                        counts["linkages"] += 1
            except Conflict:
                counts["conflicts"] += 1
            except RegistryError as error:
                counts[f"refused {type(error).__name__}"] += 1
                counts["failed"] += 1
            finally:
                fcntl.flock(turn, fcntl.LOCK_UN)
            time.sleep(0.005)
    (workshop / "guest.json").write_text(json.dumps(counts))


def _deliver(installed: Installation, key: str, number: int) -> None:
    described = ChildFacts(
        name=f"Nguyễn Thị {('Hoà', 'Mai', 'Lan', 'Cúc', 'Đào')[number % 5]}",
        sex="Nữ",
        birth_date="03/05/2014",
        personal_number=f"0193140{number % 40:05d}",
        commune_code="05443",
        commune_scheme="2025",
        mother=PersonFacts(name="Lê Thị Mai"),
    )
    written = {"key": key, "number": number}
    record = SourceRecord(
        system=FORM.system,
        stream=FORM.stream,
        key=key,
        row=1,
        version_at=datetime.now(UTC),
        facts=described,
        written=written,
        raw=json.dumps(written).encode(),
    )
    _take_in(installed, record)


def _take_in(installed: Installation, record: SourceRecord) -> None:
    wanted = IngestRun(
        run_id=uuid4(),
        system=FORM.system,
        stream=FORM.stream,
        file_digest=uuid4().bytes,
        mapping_version=FORM.mapping_version,
        rows_done=0,
    )
    access = installed.engine(Purpose.INGEST)
    with installed.store.begin(access, system=FORM.system) as transaction:
        run = runs.open_ingest(transaction, wanted, encodings={}, started_at=access.at)
        ingest_batch(
            transaction,
            installed.vault,
            [(0, record)],
            file_format=FORM,
            run_id=run.run_id,
            today=access.at.date(),
        )
        runs.close_ingest(transaction, run.run_id, at=access.at)


def _finds(installed: Installation, key: str) -> bool:
    """Look a record up by its key and open it; one that was erased is rightly not there."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        digest = installed.vault.index.erased_record(FORM.system, FORM.stream, key)
        gone = transaction.connection.scalar(
            text("SELECT count(*) FROM erased_record WHERE key_digest = :digest"), {"digest": digest}
        )
        hashes = installed.vault.source_key_indexes(FORM.system, FORM.stream, key)
        query = text("SELECT leads_to FROM source_key_lookup WHERE key_index = ANY (:hashes)")
        found = list(transaction.connection.scalars(query, {"hashes": hashes}))
        rows = children.groups(transaction, authorize(transaction.access, Action.LINK), found)
        for row in rows:
            installed.vault.child_key(row)
        return bool(rows) or bool(gone)


# -- the loop ------------------------------------------------------------------------------------------------------


def prove_all(installed: Installation, report: Report) -> None:
    """Open everything, look everybody up, and count who is lost and who was erased and is still there."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        proof = prove(transaction, installed.vault)
        run = transaction.connection.scalar
        report.unreadable.update(proof.failed)
        report.lost += int(run(text(LOST)) or 0)
        report.erased_left += int(run(text(ERASED_LEFT)) or 0)
        report.erased = int(run(text("select count(*) from erasure")) or 0)
        report.children = int(run(text("select count(*) from child")) or 0)
        report.opened_at_the_end = sum(proof.opened.values())


def loop(data: Path, url: str, workshop: Path, *, kills: int, seed: int) -> Report:
    """Kill so many victims; prove after each that nothing was lost."""
    report, chance, said = Report(), random.Random(seed), workshop / "said"
    guest = forked(lambda: be_guest(data, url, workshop))
    begun = time.monotonic()
    with (workshop / "turn").open("w") as turn:
        while report.kills < kills:
            said.unlink(missing_ok=True)
            victim = forked(lambda: be_victim(data, url, said, chance.randrange(1 << 30)))
            _wait_for(said)
            time.sleep(chance.uniform(0.0, LONGEST))
            os.kill(victim, signal.SIGKILL)
            _, status = os.waitpid(victim, 0)
            if not os.WIFSIGNALED(status):
                raise SystemExit("a victim ended by itself")
            report.kills += 1
            report.during[said.read_text() or "beginning"] += 1
            fcntl.flock(turn, fcntl.LOCK_EX)
            with open_at(data, url) as installed:
                prove_all(installed, report)
            fcntl.flock(turn, fcntl.LOCK_UN)
    (workshop / "stop").touch()
    os.waitpid(guest, 0)
    with open_at(data, url) as installed:
        rotating.carry_on_all(installed)
        prove_all(installed, report)
        report.versions = {domain.value: installed.vault.keyring.active(domain) for domain in DOMAINS}
    report.guest = json.loads((workshop / "guest.json").read_text())
    report.seconds = round(time.monotonic() - begun, 1)
    return report


def _wait_for(said: Path) -> None:
    until = time.monotonic() + 60
    while not said.exists():
        if time.monotonic() > until:
            raise SystemExit("a victim does not begin")
        time.sleep(0.01)


def fill(data: Path, url: str, folder: Path, *, size: int) -> None:
    """Run the main job on an invented province."""
    invent(folder, seed=3, children=size, on=INVENTED_ON)
    with open_at(data, url) as installed:
        connectors = file_readers()
        found = drops.look_into(folder, connectors)
        digest = drops.drop_digest(installed.vault, found)
        drops.run_drop(installed, found, connectors, digest=digest, step=lambda *_: lambda _done: None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loop and print its report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--children", type=int, default=300, help="of the invented province")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="key-kill-loop-") as folder:
        workshop = Path(folder)
        with EmbeddedServer(workshop / "server") as server:
            data = workshop / "data"
            data.mkdir(mode=0o700)
            fill(data, server.url, workshop / "drop", size=chosen.children)
            report = loop(data, server.url, workshop, kills=chosen.kills, seed=chosen.seed)
    names = [one.name for one in fields(report)]
    document = {name: getattr(report, name) for name in names} | {"sound": report.sound}
    print(json.dumps(document, indent=None if chosen.json else 2))
    return int(not report.sound)


if __name__ == "__main__":
    sys.exit(main())
