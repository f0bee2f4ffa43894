"""Faults that no service has a say in: the network's, the bus's, and those of any document."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connectors.simulators.exchange import Answered, json_answer
from connectors.simulators.population.faults import Fault
from connectors.simulators.population.gate import retry_date

RETRY_AFTER = 2  # seconds
HUGE = 30_000_000  # bytes
BUS_FAILED = "Server.ServerProxy.ServiceFailed"
_PAGE = "<!doctype html><html><head><title>503</title></head><body><h1>Bảo trì hệ thống</h1></body></html>"

CLOSED = Answered(sent=0, body=b" ")  # the connection is closed before anything is answered


def instead_of_answer(fault: Fault | None, now: datetime) -> Answered | None:
    """Return what comes in the place of an answer; None: the service is asked."""
    if fault is Fault.RATE_LIMITED_UNTIL:
        return Answered(status=429, headers={"Retry-After": retry_date(now, RETRY_AFTER)})
    return None if fault is None else _INSTEAD.get(fault)


def too_many(seconds: float) -> Answered:
    """Return the answer to one who asks too much."""
    return Answered(status=429, headers={"Retry-After": str(max(1, round(seconds)))})


def bus_failure(kind: str, *, status: int) -> Answered:
    """Return the security server's own error: nothing was asked of the service."""
    return json_answer(
        {"type": kind, "message": "the security server failed", "detail": "simulated"},
        status=status,
        headers={"X-Road-Error": kind},
    )


_INSTEAD = {
    Fault.RATE_LIMITED: too_many(RETRY_AFTER),
    Fault.DENIED: Answered(status=403),
    Fault.SERVER_ERROR: Answered(status=503),
    Fault.REDIRECT: Answered(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    Fault.BUS_ERROR: bus_failure(BUS_FAILED, status=500),
}


def spoiled(answered: Answered, fault: Fault | None, *, slow_seconds: float) -> Answered:
    """Return an answer as it is delivered."""
    if fault is Fault.SLOW:
        return replace(answered, late_by=slow_seconds)
    if fault is Fault.DRIP:
        return replace(answered, drips=slow_seconds)
    spoil = None if fault is None else _SPOILED.get(fault)
    return answered if spoil is None else spoil(answered)


def _compressed(answered: Answered) -> Answered:
    headers = {**answered.headers, "Content-Encoding": "gzip"}
    return replace(answered, body=gzip.compress(answered.body + b" " * HUGE, compresslevel=1), headers=headers)


_SPOILED: dict[Fault, Callable[[Answered], Answered]] = {
    Fault.DROP: lambda answered: replace(answered, sent=0),
    Fault.CUT_SHORT: lambda answered: replace(answered, sent=len(answered.body) // 2),
    Fault.HALF: lambda answered: replace(answered, body=answered.body[: len(answered.body) // 2]),
    Fault.HUGE: lambda answered: replace(answered, body=answered.body + b" " * HUGE),
    Fault.BOMB: _compressed,
    Fault.WRONG_TYPE: lambda answered: replace(answered, body=_PAGE.encode(), media_type="text/html; charset=utf-8"),
}
