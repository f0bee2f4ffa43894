"""A transaction that knows on whose behalf it runs: no Access, no query."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool

from registry.model.access import Access, Purpose, Role
from registry.model.errors import Conflict, DatabaseUnavailable, RegistryError

DATABASE_ROLE_PREFIX = "child_registry_"
# Two purposes have a database role of their own, whoever acts: a delivery is written as the system's own, and accounts
# are read before anybody is known.
_ROLE_OF_PURPOSE = {Purpose.SIGN_IN: "door", Purpose.INGEST: "sector_system"}


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction under the database role and the context of one Access; made by `Store.begin` alone."""

    connection: Connection
    access: Access
    kept: list[Callable[[Transaction], None]] = field(default_factory=list, repr=False, compare=False)

    def keep(self, note: Callable[[Transaction], None]) -> None:
        """Let a note be written in a transaction of its own, if this one ends in a refusal."""
        self.kept.append(note)

    def open_to(self, children: Iterable[uuid.UUID]) -> None:
        """Let the rest of this transaction see `children`, whom the policy has just opened to this Access."""
        opened = ",".join(str(child) for child in children)
        _run(self.connection, sql.SQL("SET LOCAL app.opened = {}").format(sql.Literal(opened)))


class Store:
    """The database, spoken to in transactions that carry an Access."""

    def __init__(self, url: str, *, connections: int = 8) -> None:
        self._follow: Callable[[], None] | None = None
        self._engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=connections,
            pool_pre_ping=True,
            hide_parameters=True,  # an error message never repeats what was bound
            connect_args={"prepare_threshold": None, "application_name": "child-registry"},
        )

    def see_changes(self, follow: Callable[[], None]) -> None:
        """Let `follow` be called as each transaction begins, to see what others have changed outside the database."""
        self._follow = follow

    @contextmanager
    def begin(self, access: Access, *, system: str | None = None) -> Iterator[Transaction]:
        """Open a transaction for `access`; commit when the block ends well, else leave nothing but kept notes.

        Args:
            system: the sector system whose own rows the transaction may see and write.

        Raises:
            DatabaseUnavailable: the server is down, full, or refuses us.
            Conflict: another transaction got there first.
        """
        kept: list[Callable[[Transaction], None]] = []
        try:
            with self._opened(access, system, kept) as transaction:
                yield transaction
        except RegistryError:
            if kept:
                with self._opened(access, system, []) as own:
                    for note in kept:
                        note(own)
            raise

    @contextmanager
    def _opened(
        self, access: Access, system: str | None, kept: list[Callable[[Transaction], None]]
    ) -> Iterator[Transaction]:
        try:
            with self._engine.begin() as connection:
                _run(connection, _context(access, system))
                if self._follow is not None:  # once the transaction has begun: whoever waits for it waits for its keys
                    self._follow()
                yield Transaction(connection, access, kept)
        except (OperationalError, psycopg.OperationalError) as error:  # bulk writes go past SQLAlchemy
            raise DatabaseUnavailable(_first_line(error)) from None
        except (IntegrityError, psycopg.IntegrityError):
            raise Conflict("somebody else has changed this in the same moment") from None

    def answers(self) -> str:
        """Return the server's version after one query and one PL/pgSQL block.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        try:
            with self._engine.connect() as connection:
                connection.execute(text("DO $$ BEGIN PERFORM 1; END $$"))  # fails when a library was swapped under it
                return str(connection.execute(text("SHOW server_version")).scalar_one())
        except OperationalError as error:
            raise DatabaseUnavailable(_first_line(error)) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _database_role(access: Access) -> str:
    if access.purpose is Purpose.STATISTICS and access.role is not Role.ENGINE:
        return Role.STATISTICIAN.value  # whoever asks for a table sees the frame, and no child
    return _ROLE_OF_PURPOSE.get(access.purpose, access.role.value)


def _context(access: Access, system: str | None) -> sql.Composed:
    role = _database_role(access)
    settings = {
        "app.purpose": access.purpose.value,
        "app.communes": ",".join(sorted(access.area.communes)),
        "app.provinces": ",".join(sorted(access.area.provinces)),
        "app.nation": "on" if access.area.nation else "",
        "app.opened": "",
        "app.system": system or "",
    }
    statements = [sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(DATABASE_ROLE_PREFIX + role))]
    statements += [
        sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(*name.split(".")), sql.Literal(value))
        for name, value in settings.items()
    ]
    return sql.SQL("; ").join(statements)


def _run(connection: Connection, statement: sql.Composable) -> None:
    driver = connection.connection.driver_connection
    if driver is None:
        raise DatabaseUnavailable("the connection is closed")
    driver.execute(statement)


def _first_line(error: DBAPIError | psycopg.Error) -> str:
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    return lines[0] if lines else "no answer"
