"""The ways a look can be logged, measured by turns: our leaf, a hash chain in its place, nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from reads_clients import Place, Told, reading
from reads_store import Target, administered, cpu_of, keys_of
from vault_figures import percentile

from registry.store.server.embedded import EmbeddedServer

KINDS: Final[Mapping[str, str]] = {"log": "with the log", "chain": "with a hash chain", "none": "with no log"}
_FUNCTION: Final = "append_access_leaf(bytea, bytea, bytea[])"
_SIGNATURE: Final = "append_access_leaf(new_content bytea, new_hash bytea, new_children bytea[]) RETURNS void"
_KEPT: Final = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp"
# What stands in for the product's function, so that the action under measure stays the same to the last byte.
_BODIES: Final[Mapping[str, str]] = {
    "chain": """
        DECLARE
            linked bytea;
            new_id bigint;
        BEGIN
            SELECT sha256(head.hash || new_content) INTO linked FROM chain_head AS head FOR UPDATE;
            INSERT INTO access_leaf (content, leaf_hash) VALUES (new_content, linked) RETURNING leaf_id INTO new_id;
            INSERT INTO leaf_child (pseudonym, leaf_id) SELECT DISTINCT name, new_id FROM unnest(new_children) AS name;
            UPDATE chain_head SET hash = linked;
        END""",
    "none": "BEGIN RETURN; END",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round of one kind."""

    kind: str
    seconds: float
    times: list[float]
    records: int
    cpu_clients: float
    cpu_server: float
    flushes: int  # of the write-ahead log
    leaves: int

    @property
    def reads(self) -> int:
        """How many children were opened."""
        return len(self.times)

    @property
    def a_second(self) -> float:
        """Children opened in a second, by all clients together."""
        return self.reads / self.seconds

    @property
    def latency(self) -> str:
        """What one client waits."""
        return f"p50 {percentile(self.times, 0.5) * 1e3:.1f} ms, p95 {percentile(self.times, 0.95) * 1e3:.1f} ms"

    @property
    def how(self) -> str:
        """What a read cost."""
        parts = (
            f"{self.records / self.reads:.1f} records a child",
            f"CPU a read: clients {self.cpu_clients / self.reads * 1e3:.2f} ms,"
            f" server {self.cpu_server / self.reads * 1e3:.2f} ms",
            f"{self.reads / max(self.flushes, 1):.1f} reads a flush",
            f"{self.leaves} leaves",
        )
        return "; ".join(parts)


def measured(
    server: EmbeddedServer,
    folder: Path,
    children: Sequence[Target],
    *,
    kinds: Sequence[str],
    clients: int,
    seconds: float,
    rounds: int,
) -> list[Measured]:
    """Return every round of every kind, the kinds by turns.

    Raises:
        RuntimeError: reads and leaves are not as many as each other, or an interrupted run spoilt the store.
    """
    place = Place(url=server.url, keys=keys_of(folder), children=children)
    found = []
    for _ in range(rounds):
        for kind in kinds:
            with administered(server) as connection, _kept_as(connection, kind):
                found.append(_round(server, connection, place, kind=kind, clients=clients, seconds=seconds))
    return found


def _round(
    server: EmbeddedServer, connection: psycopg.Connection, place: Place, *, kind: str, clients: int, seconds: float
) -> Measured:
    with reading(place, clients=clients, seconds=seconds) as (barrier, told):
        barrier.wait()  # all are warm
        leaves, flushes, cpu = _leaves(connection), _flushes(connection), cpu_of(server)
        barrier.wait()  # now they read
        barrier.wait()
        cpu_server, leaves = cpu_of(server) - cpu, _leaves(connection) - leaves
        barrier.wait()
        answers: list[Told] = [told.get() for _ in range(clients)]
        flushes = _flushes(connection) - flushes
    times = [one for answer in answers for one in answer.seconds]
    if leaves != (0 if kind == "none" else len(times)):
        raise RuntimeError(f"{len(times)} reads, {leaves} leaves")
    return Measured(
        kind=kind,
        seconds=seconds,
        times=times,
        records=sum(answer.records for answer in answers),
        cpu_clients=sum(answer.cpu for answer in answers),
        cpu_server=cpu_server,
        flushes=flushes,
        leaves=leaves,
    )


@contextmanager
def _kept_as(connection: psycopg.Connection, kind: str) -> Iterator[None]:
    """Let leaves be kept in another way as long as the block runs."""
    row = connection.execute("SELECT pg_get_functiondef(%s::regprocedure)", [_FUNCTION]).fetchone()
    ours = str(row[0]) if row else ""
    if "chain_head" in ours or "LANGUAGE sql" not in ours:
        raise RuntimeError("an interrupted run has left another log behind: delete the folder of the store")
    if kind not in _BODIES:
        yield
        return
    connection.execute("CREATE TABLE IF NOT EXISTS chain_head AS SELECT sha256('') AS hash")
    connection.execute("GRANT ALL ON chain_head TO PUBLIC")
    try:
        connection.execute(f"CREATE OR REPLACE FUNCTION {_SIGNATURE} {_KEPT} AS $${_BODIES[kind]}$$".encode())
        yield
    finally:
        connection.execute(ours.encode())
        connection.execute("DROP TABLE chain_head")


def _leaves(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM access_leaf").fetchone()
    return int(row[0]) if row else 0


def _flushes(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'").fetchone()
    return int(row[0] or 0) if row else 0
