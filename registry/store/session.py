"""A transaction that knows on whose behalf it runs: no Access, no query."""

from __future__ import annotations

import select
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool

from registry.model.access import NOWHERE, Access, Area, Purpose, Role
from registry.model.errors import Conflict, DatabaseUnavailable, RegistryError
from registry.protect.authorize import Grant
from registry.protect.log.log_sink import Sink, ToldLeaf
from registry.store.wire import Call, Driver, Rows, ask_together, run

DATABASE_ROLE_PREFIX = "child_registry_"
# Two purposes have a database role of their own, whoever acts: a delivery is written as the system's own, and accounts
# are read before anybody is known.
_ROLE_OF_PURPOSE = {Purpose.SIGN_IN: "door", Purpose.INGEST: "sector_system"}


class ForeignGrant(TypeError):
    """A grant was shown in the transaction of another Access."""


@dataclass(slots=True)
class _Held:
    """Where the transaction sees children by now."""

    area: Area = NOWHERE


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction under the database role and the context of one Access; made by `Store.begin` alone.

    To begin with it sees no child: it sees those of the area of the grant that it holds.
    """

    connection: Connection
    access: Access
    kept: list[Callable[[Transaction], None]] = field(default_factory=list, repr=False, compare=False)
    held: _Held = field(default_factory=_Held, repr=False, compare=False)
    appended: list[ToldLeaf] = field(default_factory=list, repr=False, compare=False)  # leaves of the access log
    ahead: dict[Call, Rows] = field(default_factory=dict, repr=False, compare=False)  # answers that wait
    last: list[Call] = field(default_factory=list, repr=False, compare=False)  # what is said with the commit

    def hold(self, grant: Grant) -> None:
        """Let the rest of this transaction see the children of the area where `grant` holds, and of no other.

        Raises:
            ForeignGrant: it was given to another Access.
        """
        self._own(grant)
        if grant.area != self.held.area:
            self._see(_area_statements(grant.area))
            self.held.area = grant.area

    def hold_by_call(self, grant: Grant) -> tuple[str, str, str]:
        """Hold `grant` by a function of the database that is told the area: communes, provinces, nation.

        Raises:
            ForeignGrant: as in `hold`.
        """
        self._own(grant)
        self.ahead.clear()
        self.held.area = grant.area
        return _area_settings(grant.area)

    def _own(self, grant: Grant) -> None:
        if grant.access is not self.access and grant.access != self.access:
            raise ForeignGrant("a grant holds in the transaction of its own access")

    @contextmanager
    def as_engine(self) -> Iterator[None]:
        """Let the block see and write as the engine: for what must be whole, and is shown to nobody."""
        self._see(_as_role(Role.ENGINE.value))
        try:
            yield
        finally:
            if not _has_failed(self.connection):  # a transaction that failed takes no statement, and ends
                self._see(_as_role(_database_role(self.access)))

    def keep(self, note: Callable[[Transaction], None]) -> None:
        """Let a note be written in a transaction of its own, if this one ends in a refusal."""
        self.kept.append(note)

    def open_to(self, children: Iterable[uuid.UUID]) -> None:
        """Let the rest of this transaction see `children`, whom the policy has just opened to this Access."""
        self._see(_set("app.opened", ",".join(map(str, children))))

    def _see(self, statements: str) -> None:
        """Change what the transaction sees; what was answered ahead is what it saw before."""
        self.ahead.clear()
        run(driver_of(self), statements)


class Store:
    """The database, spoken to in transactions that carry an Access."""

    def __init__(self, url: str, *, connections: int = 8) -> None:
        self._follow: Callable[[], None] | None = None
        self._sink: Sink | None = None
        self._engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=connections,
            hide_parameters=True,  # an error message never repeats what was bound
            connect_args={"prepare_threshold": None, "application_name": "child-registry"},
        )
        event.listen(self._engine, "checkout", _refuse_dead)

    def see_changes(self, follow: Callable[[], None]) -> None:
        """Let `follow` be called as each transaction begins, to see what others have changed outside the database."""
        self._follow = follow

    def tell_leaves(self, sink: Sink) -> None:
        """Let `sink` be told of each leaf of the access log after its commit and before anybody is answered."""
        self._sink = sink

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
                run(_driver(connection), "BEGIN;" + _context(access, system))
                if self._follow is not None:  # once the transaction has begun: whoever waits for it waits for its keys
                    self._follow()
                transaction = Transaction(connection, access, kept)
                yield transaction
                if transaction.last:
                    ask_together(_driver(connection), transaction.last, committing=True)
            if self._sink is not None and transaction.appended:  # committed, and nothing was answered yet
                self._sink.tell(transaction.appended)
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


def _context(access: Access, system: str | None) -> str:
    told = f"{access.request_id} {access.at.isoformat()}"  # for the leaves that the database writes itself
    return (
        _as_role(_database_role(access))
        + _set("app.purpose", access.purpose.value)
        + _set("app.staff", "" if access.staff_id is None else str(access.staff_id))
        + _set("app.request", told)
        + _set("app.system", system or "")
        + _set("app.opened", "")
        + _area_statements(NOWHERE)
    )


def _as_role(name: str) -> str:
    return f"SET LOCAL ROLE {DATABASE_ROLE_PREFIX}{name};"


def _area_settings(area: Area) -> tuple[str, str, str]:
    return ",".join(sorted(area.communes)), ",".join(sorted(area.provinces)), "on" if area.nation else ""


@lru_cache(maxsize=4096)
def _area_statements(area: Area) -> str:
    names = ("app.communes", "app.provinces", "app.nation")
    return "".join(_set(name, value) for name, value in zip(names, _area_settings(area), strict=True))


def _set(name: str, value: str) -> str:
    """Return the statement that sets `name` for this transaction, the value quoted as SQL reads it."""
    if not value.isprintable() or "\\" in value:
        raise ValueError(f"{name} cannot be set to this")
    quoted = value.replace("'", "''")
    return f"SET LOCAL {name} = '{quoted}';"


def _refuse_dead(connection: Driver, *_: object) -> None:
    """Refuse a kept connection on which the server has spoken unasked: it said that it ends.

    Looking at the socket costs nothing, where asking the server costs as much as beginning the transaction.

    Raises:
        DisconnectionError: the pool is to open another one.
    """
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    if heard.poll(0):
        raise DisconnectionError


def driver_of(transaction: Transaction) -> Driver:
    """Return the driver's own connection, for what must not cost an object a row."""
    return _driver(transaction.connection)


def _has_failed(connection: Connection) -> bool:
    return connection.closed or _driver(connection).info.transaction_status is not TransactionStatus.INTRANS


def _driver(connection: Connection) -> Driver:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise DatabaseUnavailable("the connection is closed")
    return driver


def _first_line(error: DBAPIError | psycopg.Error) -> str:
    lines = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    return lines[0] if lines else "no answer"
