"""Puts one question to a connector that may be anybody's: one that hangs or raises fails that question and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Final, Generic, TypeVar

from connectors.contract import (
    BadClaim,
    ConnectorError,
    ContractDrift,
    Denied,
    MediatorFailure,
    RateLimited,
    Transient,
)
from registry.model.link_state import Failed, Failure

T = TypeVar("T")
_KINDS: Final[tuple[tuple[type[ConnectorError], Failure], ...]] = (  # the first that fits
    (RateLimited, Failure.RATE_LIMITED),
    (MediatorFailure, Failure.MEDIATOR),
    (Transient, Failure.TRANSIENT),
    (Denied, Failure.DENIED),
    (BadClaim, Failure.BAD_CLAIM),
    (ContractDrift, Failure.DRIFT),
)


@dataclass(slots=True)
class _Call(Generic[T]):
    """A call in a thread of its own, with what became of it."""

    ask: Callable[[], T]
    answer: list[T] = field(default_factory=list, repr=False)
    error: Exception | None = field(default=None, repr=False)

    def __call__(self) -> None:
        with self:
            self.answer.append(self.ask())

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        """Keep whatever a foreign connector raises: it is a failure of this question."""
        if isinstance(error, Exception):
            self.error = error
            return True
        return False


def put(ask: Callable[[], T], *, patience: float) -> T | Failed:
    """Return an answer, or why there is none.

    Args:
        patience: seconds; a call that has not come back by then is left to itself, and its answer is not read.
    """
    call: _Call[T] = _Call(ask)
    thread = threading.Thread(target=call, name="population question", daemon=True)
    thread.start()
    thread.join(patience)
    if call.answer:
        return call.answer[0]
    if call.error is None:
        return Failed(failure=Failure.HUNG)
    return _failure(call.error)


def _failure(error: Exception) -> Failed:
    wait = error.retry_after if isinstance(error, Transient) else None
    kind = next((failure for known, failure in _KINDS if isinstance(error, known)), Failure.RAISED)
    return Failed(failure=kind, retry_after=timedelta(seconds=wait) if wait and 0 < wait < 1e6 else None)
