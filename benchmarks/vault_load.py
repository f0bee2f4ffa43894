"""A store of one nation for the vault's figures: made once in a folder, kept, and taken up again.

    python benchmarks/vault_load.py --data DIR [--children 1000000] [--seed 1]

Every child comes in through `ingest_batch`, the door of every delivery, in two processes that play two sector systems;
the embedded server writes without waiting for the disk while loading, and secondary indexes are made at the end. The
block tokens of the linkage are made and sent, but not kept: no figure reads them, and they are half of all bytes.
A second database, `dense`, is a copy in which every search row says that the child lives in one province.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
from hard_set_habits import ON
from sqlalchemy import make_url
from vault_dense import make_dense
from vault_people import BLOCKS, SYSTEMS, Nation, record

from connectors import plugins
from registry.actions.intake.ingest import ingest_batch
from registry.actions.keys.sealing import Vault
from registry.jobs.opening import Installation, installation
from registry.model.access import Access, Purpose
from registry.protect.keys.keyring import Keyring
from registry.settings import Settings
from registry.store import runs
from registry.store.runs import IngestRun
from registry.store.server.embedded import EmbeddedServer
from registry.store.session import Store

AT_ONCE: Final = 2_000
PROJECT: Final = Path(__file__).parent.parent
_MADE: Final = "made.json"
_LEAVE_OUT: Final = (
    "CREATE FUNCTION left_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
    "CREATE TRIGGER left_out BEFORE INSERT ON child_block FOR EACH ROW EXECUTE FUNCTION left_out()"
)
_SHAPES: Final = (  # what the stored rows look like; a change of these makes the store anew
    *("migrations/versions/*.sql", "registry/actions/intake/record_rows.py", "registry/actions/finding/search_rows.py"),
    *("registry/protect/search_tokens.py", "registry/model/finding.py", "benchmarks/vault_people.py"),
)


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def shape() -> str:
    """Return a digest of everything that decides what stands in a loaded store."""
    digest = hashlib.sha256()
    for pattern in _SHAPES:
        for path in sorted(PROJECT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def engine(purpose: Purpose) -> Access:
    """Return an access of background work."""
    return Access.of_engine(purpose, at=now(), request_id=uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A running store with its nation inside."""

    installed: Installation
    server: EmbeddedServer
    seed: int
    children: int
    seconds: float  # that loading took, whenever that was
    dense_url: str

    @property
    def store(self) -> Store:
        """The store of the nation."""
        return self.installed.store

    @property
    def vault(self) -> Vault:
        """Its keys."""
        return self.installed.vault


@contextmanager
def loaded(folder: Path, *, seed: int, children: int, anyhow: bool = False) -> Iterator[Loaded]:
    """Give the loaded store in `folder`; it is made anew where seed, size or the form of its rows do not fit.

    Args:
        anyhow: take what is there, whatever form its rows have.
    """
    wanted = {"seed": seed, "children": children, "shape": shape()}
    told = _told(folder)
    if {**told, **({"shape": wanted["shape"]} if anyhow else {})}.items() >= wanted.items():
        seconds = float(told["seconds"])
    else:
        seconds = _make(folder, seed=seed, children=children)
        (folder / _MADE).write_text(json.dumps({**wanted, "seconds": round(seconds, 1)}), encoding="utf-8")
    with EmbeddedServer(folder / "data") as server, installation(settings_of(folder), clock=now) as installed:
        dense = server.url_for("dense")
        yield Loaded(installed=installed, server=server, seed=seed, children=children, seconds=seconds, dense_url=dense)


def _told(folder: Path) -> dict[str, Any]:
    made = folder / _MADE
    told: dict[str, Any] = json.loads(made.read_text(encoding="utf-8")) if made.exists() else {}
    return told


def settings_of(folder: Path) -> Settings:
    """Return the settings of the store in a folder."""
    return Settings.model_validate({"data": folder / "data", "keys": folder / "keys", "mark": "demo"})


def _make(folder: Path, *, seed: int, children: int) -> float:
    for part in ("data", "keys", _MADE):
        target = folder / part
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.perf_counter()
    with EmbeddedServer(folder / "data", durable=False) as server:
        with installation(settings_of(folder), clock=now, may_create=True) as installed:
            url = installed.url
        indexes = _drop_indexes(libpq(server.superuser_url))
        with psycopg.connect(libpq(server.superuser_url), autocommit=True) as connection:
            connection.execute(_LEAVE_OUT)
        _say(f"empty store: {time.perf_counter() - began:.0f} s")
        with get_context("spawn").Pool(len(SYSTEMS)) as pool:
            jobs = [(url, str(folder / "keys"), seed, children, part) for part in range(len(SYSTEMS))]
            pool.starmap(_load_part, jobs)
        _say(f"children stored: {time.perf_counter() - began:.0f} s")
        with psycopg.connect(libpq(server.superuser_url), autocommit=True) as connection:
            connection.execute("DROP FUNCTION left_out CASCADE; SET maintenance_work_mem = '1GB'")
            for statement in indexes:
                connection.execute(statement.encode())
            connection.execute("VACUUM (ANALYZE)")
        _say(f"indexes made: {time.perf_counter() - began:.0f} s")
        make_dense(server, folder / "keys")
        _say(f"the second store: {time.perf_counter() - began:.0f} s")
        seconds = time.perf_counter() - began
        with psycopg.connect(libpq(server.superuser_url), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
    return seconds


def _drop_indexes(url: str) -> list[str]:
    """Drop the indexes that no constraint needs, and return how they are made."""
    query = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef NOT LIKE '%UNIQUE%'"
        " AND tablename IN ('child', 'child_block', 'child_search', 'child_key', 'identifier_lookup')"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(query).fetchall()
        for name, _ in found:
            connection.execute(f'DROP INDEX "{name}"'.encode())
    return [definition for _, definition in found]


def _load_part(url: str, keys: str, seed: int, children: int, part: int) -> None:
    """Store the blocks of one sector system."""
    system, stream = SYSTEMS[part]
    file_format = plugins.file_readers()[system].format
    vault, store, nation = Vault(Keyring.open(Path(keys))), Store(url, connections=2), Nation(seed, children)
    run = IngestRun(
        run_id=uuid4(),
        system=system,
        stream=stream,
        file_digest=part.to_bytes(32, "big"),
        mapping_version=file_format.mapping_version,
        rows_done=0,
    )
    with store.begin(engine(Purpose.INGEST), system=system) as transaction:
        run = runs.open_ingest(transaction, run, encodings={}, started_at=now())
    rows = (row for block in range(part, BLOCKS, len(SYSTEMS)) for row in nation.rows(block))
    records = ((place, record(row, place, system=system, stream=stream)) for place, row in enumerate(rows))
    while batch := list(islice(records, AT_ONCE)):
        with store.begin(engine(Purpose.INGEST), system=system) as transaction:
            ingest_batch(transaction, vault, batch, file_format=file_format, run_id=run.run_id, today=ON)
    with store.begin(engine(Purpose.INGEST), system=system) as transaction:
        runs.close_ingest(transaction, run.run_id, at=now())
    store.close()


def libpq(url: str) -> str:
    """Return a SQLAlchemy address as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


def main() -> None:
    """Make the store, or say that it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with loaded(options.data, seed=options.seed, children=options.children) as store:
        print(f"{store.children} children, loaded in {store.seconds:.0f} s")


if __name__ == "__main__":
    main()
