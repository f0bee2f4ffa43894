"""Calls of functions that the database keeps: their plans last from one call to the next, those of queries do not.

What runs at every look at a child is asked this way. A query is planned anew each time, for the server may stand behind
a pool of connections where no statement can be prepared; planning one that row security guards takes ten times as long
as running it.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from registry.store.session import Transaction, driver_of
from registry.store.wire import Call, Rows, Scalar, ask, ask_together

Argument = Scalar | Iterable[UUID | bytes]


def call_of(function: str, *arguments: Argument) -> Call:
    """Return a call of a function; args: arguments: in the function's order, several values for an array."""
    return Call(function, tuple(one if isinstance(one, Scalar) else tuple(one) for one in arguments))


def called(transaction: Transaction, function: str, *arguments: Argument) -> Rows:
    """Return the rows of a function of the database."""
    return answer(transaction, call_of(function, *arguments))


def answer(transaction: Transaction, call: Call) -> Rows:
    """Return the rows of a call, which may have been asked ahead."""
    ahead = transaction.ahead.pop(call, None)
    return ask(driver_of(transaction), call) if ahead is None else ahead


def ask_ahead(transaction: Transaction, calls: Iterable[Call]) -> None:
    """Ask now, in one breath, what will be asked one by one; each answer is used once.

    What is answered ahead is what this transaction could see now: it is forgotten when that changes.
    """
    asked = list(calls)
    answers = ask_together(driver_of(transaction), asked)
    transaction.ahead.update(zip(asked, answers, strict=True))


def call_last(transaction: Transaction, function: str, *arguments: Argument) -> None:
    """Call a function whose answer nobody needs as the transaction ends, in one breath with its commit.

    If it fails, nothing is committed, and nobody is answered.
    """
    transaction.last.append(call_of(function, *arguments))
