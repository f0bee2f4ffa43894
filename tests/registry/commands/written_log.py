"""A small log in a database of its own, to be tampered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from registry.actions.finding.find_child import FindQuery, find_child
from registry.jobs.opening import Installation, installation
from registry.jobs.sealing_log import seal_all
from registry.settings import Settings
from tests.people import record
from tests.registry.actions.installed import deliver, unguarded, worker
from tests.registry.commands.command_line import Home, Said

HEADS = (8, 16, 24)  # sizes of the heads of a log that was written here


@dataclass(frozen=True, slots=True)
class Log:
    """A log under three heads."""

    home: Home
    vkey: str
    folder: Path

    def export(self) -> Path:
        """Return the log as a bundle."""
        path = self.folder / f"bundle-{len(list(self.folder.iterdir()))}"
        said = self.home.run("log", "export", path)
        assert said.code == 0, said
        return path

    def verify(self, *arguments: object) -> Any:
        """Return what the check of the database found."""
        return document(self.home.run("log", "verify", *arguments, "--json"))

    def verify_far(self, bundle: Path, *arguments: object) -> Any:
        """Return what the check of a bundle found, where there is neither database nor keys."""
        nowhere = Home(self.folder / "nowhere")
        return document(nowhere.run("log", "verify", bundle, "--vkey", self.vkey, *arguments, "--json"))

    def faults(self, *arguments: object) -> list[str]:
        """Return the words of the faults in the database, each with its kind; its bundle has the same ones."""
        here = [f"{one['kind']}: {one['words']}" for one in self.verify(*arguments)["faults"]]
        there = [f"{one['kind']}: {one['words']}" for one in self.verify_far(self.export(), *arguments)["faults"]]
        assert here == there
        return here

    def tamper(self, *statements: str, values: Sequence[object] | None = None) -> None:
        """Change the database as whoever owns it can, with no trigger to tell of it."""
        with unguarded(self.home.database_url or "") as connection, untold(connection):
            for statement in statements:
                assert connection.execute(statement.encode(), values).rowcount > 0

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Return the rows of a query that sees everything."""
        with unguarded(self.home.database_url or "") as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def note(self, size: int) -> str:
        """Return the signed head of a size."""
        return str(self.rows("select note from checkpoint where tree_size = %s", size)[0]["note"])

    def keep(self, size: int, name: str = "kept") -> Path:
        """Write a head where nobody can change it together with the log."""
        path = self.folder / name
        path.write_text(self.note(size), encoding="utf-8")
        return path


def document(said: Said) -> Any:
    """Return what was found; the exit code says whether anything was."""
    assert said.err == "", said
    found = said.document
    assert said.code == (1 if found["faults"] else 0)
    return found


@contextmanager
def untold(connection: psycopg.Connection[dict[str, Any]]) -> Iterator[None]:
    """Switch the triggers off that tell the log of written rows."""
    query = "select distinct tgrelid::regclass::text as name from pg_trigger where tgname like 'log\\_rows%'"
    tables = [row["name"] for row in connection.execute(query.encode()).fetchall()]
    for name in tables:
        connection.execute(f"alter table {name} disable trigger user".encode())
    yield
    for name in tables:
        connection.execute(f"alter table {name} enable trigger user".encode())


@contextmanager
def at_home(home: Home, *, clock: Callable[[], datetime] | None = None, **settings: Any) -> Iterator[Installation]:
    """Open the installation of a home in this process."""
    url = SecretStr(home.database_url or "")
    chosen = Settings(data=home.data, database_url=url, **settings)
    with installation(chosen, clock=clock or (lambda: datetime.now(UTC)), may_create=True) as installed:
        yield installed


def look(installed: Installation, times: int) -> None:
    """Leave some leaves."""
    for _ in range(times):
        with installed.store.begin(worker(installed)) as transaction:
            find_child(transaction, installed.vault, FindQuery(text="khong co ai"))


def count(installed: Installation) -> int:
    """Return how many leaves there are."""
    with unguarded(installed.url) as connection:
        return int(connection.execute("select count(*) as n from access_leaf").fetchall()[0]["n"])


def write_log(home: Home, folder: Path) -> Log:
    """Take in two records and look around, until there are leaves under three heads."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with at_home(home) as installed:
        deliver(installed, [record("HS1"), record("HS2", name="Lò Thị Hoa")])
        for head in HEADS:
            look(installed, head - count(installed))
            seal_all(installed)
            assert count(installed) == head
    return Log(home, home.run("log", "key").out.strip(), folder)
