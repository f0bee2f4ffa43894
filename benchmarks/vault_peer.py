"""The same questions put to PostgreSQL's pg_trgm over names in clear text, on the same server, in the same run.

The usual way: a trigram index on the name, `name % question`, province and year beside it, the most similar first. It
is asked once with the trigram index alone and once with a plain index on province and year that the planner may take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
from vault_dense import PROVINCE
from vault_figures import Figure, load, percentile
from vault_load import Loaded, engine, libpq
from vault_sample import Asked, opened
from vault_search import Timed, timed

from registry.actions.keys.sealing import Vault
from registry.model.access import Purpose
from registry.protect.keys.keyring import Keyring
from registry.store.links import SealedIdentity, living_identities
from registry.store.session import Store
from registry.store.tables.children import ChildRow

DATABASE: Final = "peer"
ASKED: Final = 100  # of the questions: the peer takes seconds for each
TIMES: Final = 50  # as fast as the peer we want to be
_AT_ONCE: Final = 4_000
_PARTS: Final = 2
_FIND: Final = (
    "SELECT child_id, similarity(name, %s) FROM {table}"
    " WHERE name %% %s AND province = %s AND born BETWEEN %s AND %s ORDER BY 2 DESC LIMIT 20"
)


def figures(loaded: Loaded, asked: Sequence[Asked], *, spread: Timed, dense: Timed) -> list[Figure]:
    """Ask the peer the questions of the rows about provinces, and set its times beside ours.

    Args:
        asked: the questions; the peer is asked the first hundred, in one round.
        spread: our times of the same questions, where the children live.
        dense: the same with all children in one province.
    """
    _make_where_missing(loaded)
    asked = asked[:ASKED]
    rows = []
    for indexed in (False, True):
        with psycopg.connect(_url(loaded), autocommit=True) as connection:
            connection.execute("DROP INDEX IF EXISTS spread_place, dense_place")
            if indexed:
                connection.execute("CREATE INDEX spread_place ON spread (province, born)")
                connection.execute("CREATE INDEX dense_place ON dense (province, born)")
            connection.execute("VACUUM (ANALYZE) spread, dense")
            for table, ours in (("spread", spread), ("dense", dense)):
                times = _ask(connection, table, asked)
                rows.append(_figure(table, times, ours, indexed=indexed))
    return rows


def _ask(connection: psycopg.Connection, table: str, asked: Sequence[Asked]) -> list[float]:
    statement = _FIND.format(table=table).encode()

    def one(question: Asked) -> Callable[[], object]:
        year = question.year or question.child.born
        province = PROVINCE if table == "dense" else question.child.province
        bound = [question.text, question.text, province, year - 1, year + 1]
        return lambda: connection.execute(statement, bound).fetchall()

    return timed([one(question) for question in asked], rounds=1, warm=3).all


def _figure(table: str, times: Sequence[float], ours: Timed, *, indexed: bool) -> Figure:
    here = percentile(ours.all[: len(times) * len(ours.rounds[0])], 0.95)
    peer = percentile(times, 0.95)
    ratio = peer / here
    said = " / ".join(f"{percentile(times, share) * 1e3:,.0f}" for share in (0.5, 0.95, 0.99))
    where = "34 provinces" if table == "spread" else "all in one province"
    which = "with an index on (province, year) beside it" if indexed else "trigram index alone"
    return Figure(
        name=f"pg_trgm in clear text, {where}, {which}: p50 / p95 / p99",
        goal="reported" if indexed else f"ours >= {TIMES} x faster at p95",
        measured=f"{said} ms; ours {here * 1e3:.1f} ms at p95 of the same questions: {ratio:.1f} x",
        n=len(times),
        how="GIN gin_trgm_ops, name % q (above 0.3), province, year +-1, ORDER BY similarity LIMIT 20; no log",
        met=None if indexed else ratio >= TIMES,
        load=load(),
    )


def _make_where_missing(loaded: Loaded) -> None:
    """Write the children in clear text into a database of their own; one that is there is taken."""
    if _count(loaded) == loaded.children:
        return
    with psycopg.connect(libpq(loaded.server.url_for("postgres", superuser=True)), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    with psycopg.connect(_url(loaded), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE TABLE spread (child_id uuid, name text, province text, born int)")
    keys = str(loaded.installed.settings.keys)
    with get_context("spawn").Pool(_PARTS) as pool:
        pool.starmap(_fill, [(loaded.server.url, _url(loaded), keys, part) for part in range(_PARTS)])
    with psycopg.connect(_url(loaded), autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute("CREATE TABLE dense (LIKE spread)")
        connection.execute("INSERT INTO dense SELECT child_id, name, %s, born FROM spread", [PROVINCE])
        for table in ("spread", "dense"):
            connection.execute(f"CREATE INDEX ON {table} USING gin (name gin_trgm_ops)".encode())


def _count(loaded: Loaded) -> int:
    """Return how many children the peer has; none where it was not made, or not to the end."""
    try:
        with psycopg.connect(_url(loaded)) as connection:
            row = connection.execute("SELECT count(*) FROM dense").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return 0
    return int(row[0]) if row else 0


def _fill(url: str, peer: str, keys: str, part: int) -> None:
    """Copy one share of the children to the peer."""
    store, vault = Store(url, connections=2), Vault(Keyring.open(Path(keys)))
    after, last = (UUID(int=((1 << 128) - 1) * place // _PARTS) for place in (part, part + 1))
    with psycopg.connect(peer) as connection:
        while rows := _sealed(store, after, last):
            with connection.cursor() as cursor, cursor.copy("COPY spread FROM STDIN") as copy:
                for row in rows:
                    child = opened(vault, row)
                    if child is not None:
                        copy.write_row((child.child_id, child.name, child.province, child.born))
            after = rows[-1].child_id
    store.close()


def _sealed(store: Store, after: UUID, last: UUID) -> list[SealedIdentity]:
    query = (
        living_identities()
        .where(ChildRow.child_id > after, ChildRow.child_id <= last)
        .order_by(ChildRow.child_id)
        .limit(_AT_ONCE)
    )
    with store.begin(engine(Purpose.LINKAGE)) as transaction:
        return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def _url(loaded: Loaded) -> str:
    return libpq(loaded.server.url_for(DATABASE, superuser=True))
