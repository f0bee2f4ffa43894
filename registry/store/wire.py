"""What is said to the server in one breath: statements that answer nothing, and calls of functions by the driver.

The cost of a short transaction is the waiting for each answer, not the work: what does not depend on one another is
said together, and answered together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.adapt import Transformer
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Scalar = UUID | bytes | str | datetime | None
Driver = psycopg.Connection[Any]
Rows = list[tuple[Any, ...]]

_DONE: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})
_IN_BINARY: Final = 1
_COMMIT: Final = b"COMMIT"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function that the database keeps; the server reads the arguments as the types it declares."""

    function: str
    arguments: tuple[Scalar | tuple[UUID | bytes, ...], ...] = field(repr=False)

    @property
    def statement(self) -> bytes:
        """The call as SQL, without the arguments."""
        return _statement(self.function, len(self.arguments))

    @property
    def written(self) -> list[bytes | None]:
        """The arguments as the server reads them."""
        return [_written(one) for one in self.arguments]


def run(driver: Driver, statements: str) -> None:
    """Run statements that answer nothing, in one message to the server."""
    _checked(driver.pgconn.exec_(statements.encode()))


def ask(driver: Driver, call: Call) -> Rows:
    """Return the rows of a call."""
    answer = driver.pgconn.exec_params(call.statement, call.written, result_format=_IN_BINARY)
    return _rows(driver, _checked(answer))


def ask_together(driver: Driver, calls: Sequence[Call], *, committing: bool = False) -> list[Rows]:
    """Return the rows of each of several calls, which are sent at once and run one after another.

    Args:
        committing: end the transaction with them; it stands only if all of them went well.
    """
    connection = driver.pgconn
    connection.enter_pipeline_mode()
    whole = False
    try:
        for call in calls:
            connection.send_query_params(call.statement, call.written, result_format=_IN_BINARY)
        if committing:
            connection.send_query_params(_COMMIT, None)
        connection.pipeline_sync()
        answers = [_next(driver) for _ in range(len(calls) + committing)]
        connection.get_result()  # that all is said
        connection.exit_pipeline_mode()
        whole = True
    finally:
        if not whole:
            connection.finish()  # nobody knows which answers are still to come
    return [_rows(driver, answer) for answer in [_checked(one) for one in answers][: len(calls)]]


def _next(driver: Driver) -> PGresult:
    answer = driver.pgconn.get_result()
    if answer is None:
        raise OperationalError("the connection is lost")
    driver.pgconn.get_result()  # None: this answer has ended
    return answer


def _checked(answer: PGresult) -> PGresult:
    if answer.status not in _DONE:
        raise error_from_result(answer)
    return answer


def _rows(driver: Driver, answer: PGresult) -> Rows:
    reader = Transformer(driver)
    reader.set_pgresult(answer)
    return reader.load_rows(0, answer.ntuples, tuple)


@lru_cache(maxsize=256)
def _statement(function: str, arguments: int) -> bytes:
    places = ",".join(f"${place}" for place in range(1, arguments + 1))
    return b"SELECT * FROM " + sql.Identifier(function).as_bytes() + f"({places})".encode()


def _written(argument: Scalar | tuple[UUID | bytes, ...]) -> bytes | None:
    if argument is None:
        return None
    if isinstance(argument, bytes):
        return b"\\x" + argument.hex().encode()
    if isinstance(argument, datetime):
        return argument.isoformat().encode()
    if isinstance(argument, UUID | str):
        return str(argument).encode()
    return b"{" + b",".join(map(_element, argument)) + b"}"


def _element(one: UUID | bytes) -> bytes:
    return b'"\\\\x' + one.hex().encode() + b'"' if isinstance(one, bytes) else str(one).encode()
