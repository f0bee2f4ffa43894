"""A store of linked children for the figures of reading: made once in a folder by the main job, and taken up again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from registry.demo.invention import invent
from registry.store.server.embedded import EmbeddedServer

_SEED: Final = 42
_ON: Final = date(2026, 10, 31)
_MADE: Final = "made.json"
_PROJECT: Final = Path(__file__).parent.parent
# A child as people see it, and where she lives: those whose commune is known exactly.
_CHILDREN: Final = """
    SELECT c.child_id, c.communes[1], coalesce(m.records, 1)
    FROM child c LEFT JOIN pointer p USING (child_id)
    LEFT JOIN (SELECT child_id, count(*) AS records FROM member GROUP BY child_id) m USING (child_id)
    WHERE c.withdrawn_at IS NULL AND c.erased_at IS NULL AND cardinality(c.communes) = 1
    AND (p.head_id IS NULL OR p.head_id = c.child_id) ORDER BY c.child_id
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A child to be opened, and the commune whose worker opens her."""

    child_id: UUID
    commune: str
    records: int


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@contextmanager
def served(folder: Path, *, children: int) -> Iterator[EmbeddedServer]:
    """Give the running server of the store in `folder`, with durable settings; the store is made where it is missing.

    Args:
        children: how many are invented; those who are no source's are in the population register only.
    """
    wanted = {"children": children, "seed": _SEED, "schema": _schema()}
    made = folder / _MADE
    if not made.exists() or json.loads(made.read_text(encoding="utf-8")) != wanted:
        _make(folder, children=children)
        made.write_text(json.dumps(wanted), encoding="utf-8")
    with EmbeddedServer(folder / "data") as server:
        yield server


def _schema() -> str:
    digest = hashlib.sha256()
    for path in sorted((_PROJECT / "migrations" / "versions").glob("*.sql")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _make(folder: Path, *, children: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    invent(folder / "drop", seed=_SEED, children=children, on=_ON, truth=False)
    command = [sys.executable, "-m", "registry", "demo", "--no-serve", "--json", "--data", str(folder / "data")]
    command += ["--drop", str(folder / "drop"), "--links", str(folder / "links.csv")]
    subprocess.run(command, cwd=_PROJECT, stdout=subprocess.DEVNULL, check=True)
    with EmbeddedServer(folder / "data") as server, administered(server) as connection:
        connection.execute("VACUUM (ANALYZE)")


@contextmanager
def administered(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    """Give a connection that row security does not narrow."""
    with psycopg.connect(_libpq(server.superuser_url), autocommit=True) as connection:
        yield connection


def targets(server: EmbeddedServer) -> list[Target]:
    """Return the children of the store."""
    with administered(server) as connection:
        return [Target(*row) for row in connection.execute(_CHILDREN)]


def keys_of(folder: Path) -> Path:
    """Return the folder of the store's keys."""
    return folder / "data" / "keys"


def cpu_of(server: EmbeddedServer) -> float:
    """Return the seconds of CPU that the processes of the server have used so far; on Linux alone."""
    leader = int((server.cluster / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if leader in {int(fields[1]), int(stat.parent.name)}:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
