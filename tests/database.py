"""A real PostgreSQL for the tests: one server a session, one migrated template, a fresh clone a test.

`CHILD_REGISTRY_TEST_DATABASE_URL` names another server (15 or later); its account needs CREATEDB and CREATEROLE.
Otherwise an embedded cluster in memory or in the cache folder is used. It outlives the session; the next starts fast.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from platformdirs import user_cache_path
from psycopg import sql
from sqlalchemy import make_url

from registry.store.server.embedded import EmbeddedServer
from registry.store.server.migrate import upgrade

PROJECT = Path(__file__).parent.parent
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of the user's own in it, closed to others by the server
ENOUGH_MEMORY = 3 << 30  # bytes
MIGRATING = 0x7465_7374  # advisory lock: one session at a time makes a template


class DatabaseServer:
    """Makes and drops the databases of one test session."""

    def __init__(self, admin_url: str, login_url: str) -> None:
        """Connect; args: admin_url: an account that may create databases; login_url: the account the tests use."""
        self._login_url = make_url(login_url)
        self._admin_url = make_url(admin_url)
        self._admin = psycopg.connect(_libpq(admin_url), autocommit=True)
        self._session = secrets.randbits(31)
        self._numbers = itertools.count(1)
        # Held until the session ends, however it ends: what is not locked may be swept away.
        self._admin.execute("select pg_advisory_lock(%s)", [self._session])
        self._sweep(r"^test_([0-9a-f]{8})_\d+$")

    def url(self, name: str) -> str:
        """Return the address of a database, for the account of the tests."""
        return self._login_url.set(database=name).render_as_string(hide_password=False)

    def admin_url(self, name: str) -> str:
        """Return the address of a database, for the account that may create databases and roles."""
        return self._admin_url.set(database=name).render_as_string(hide_password=False)

    def template(self) -> str:
        """Return the name of the migrated template, made when no session before had the same migrations."""
        digest = _migrations_digest()
        name = f"template_{digest:08x}"
        self._admin.execute("select pg_advisory_lock(%s)", [MIGRATING])
        try:
            self._admin.execute("select pg_advisory_lock_shared(%s)", [digest])
            if not self._exists(name):
                self._sweep(r"^template_([0-9a-f]{8})$")
                self._make_template(name)
        finally:
            self._admin.execute("select pg_advisory_unlock(%s)", [MIGRATING])
        return name

    def clone(self, template: str | None) -> str:
        """Make a database, empty or like `template`, and return its name."""
        name = f"test_{self._session:08x}_{next(self._numbers)}"
        self._create(name, template or "template0")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, with whatever is still connected to it."""
        self._admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Let go of the server."""
        self._admin.close()

    def _create(self, name: str, template: str) -> None:
        words = (
            "create database {} owner {} template {} strategy file_copy"  # no pass through the log: it is thrown away
        )
        names = (name, self._login_url.username or "", template)
        self._admin.execute(sql.SQL(words).format(*(sql.Identifier(part) for part in names)))

    def _make_template(self, name: str) -> None:
        partial = f"{name}_partial"
        self.drop(partial)
        self._create(partial, "template0")
        upgrade(self.url(partial))
        self._admin.execute(
            sql.SQL("alter database {} rename to {}").format(sql.Identifier(partial), sql.Identifier(name))
        )

    def _exists(self, name: str) -> bool:
        return self._admin.execute("select from pg_database where datname = %s", [name]).fetchone() is not None

    def _sweep(self, pattern: str) -> None:
        """Drop the databases of sessions that have ended; the number in the name is the lock of their session."""
        for (name,) in self._admin.execute("select datname from pg_database where datname ~ %s", [pattern]).fetchall():
            found = re.match(pattern, name)
            key = int(found.group(1), 16) if found else self._session
            if key != self._session and self._locked(key):
                self.drop(name)
                self._admin.execute("select pg_advisory_unlock(%s)", [key])

    def _locked(self, key: int) -> bool:
        told = self._admin.execute("select pg_try_advisory_lock(%s)", [key]).fetchone()
        return told is not None and bool(told[0])


@contextmanager
def running_server(address: str | None) -> Iterator[DatabaseServer]:
    """Yield the server at `address`, or the embedded one of this checkout."""
    if address is not None:
        server = DatabaseServer(address, address)
        try:
            yield server
        finally:
            server.close()
        return
    with EmbeddedServer(_folder(), durable=False) as embedded:
        server = DatabaseServer(embedded.url_for("postgres", superuser=True), embedded.url)
        try:
            yield server
        finally:
            server.close()


def _folder() -> Path:
    """Return where the cluster of this checkout lies: in memory if there is room, for clones are made by hundreds."""
    checkout = hashlib.sha256(str(PROJECT).encode()).hexdigest()[:12]
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH_MEMORY:
        return MEMORY / f"child-registry-tests-{os.getuid()}" / checkout
    return user_cache_path("child-registry") / "tests" / checkout


def _migrations_digest() -> int:
    """Return 31 bits that change with the migrations, and with the job queue's own tables."""
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "migrations").rglob("*")):
        if path.suffix in {".py", ".sql"}:
            digest.update(path.name.encode() + path.read_bytes())
    digest.update((PROJECT / "requirements.lock").read_bytes())
    return int.from_bytes(digest.digest()[:4], "big") >> 1


def _libpq(url: str) -> str:
    """Return a SQLAlchemy address as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
