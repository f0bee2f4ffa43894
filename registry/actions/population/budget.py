"""How much may be asked now: the agency's quota of the day, its rate, and a breaker that opens when nothing answers.

Pure: what is known goes in, what may be asked and what is to be kept comes out. A moment that no waiting explains is
that of a clock that stood elsewhere, and holds nobody up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from registry.model.link_state import LONGEST_WAIT, Failure
from registry.model.working_days import day_in_viet_nam
from registry.store.population_calls import Day, Service

LEASE: Final = timedelta(minutes=5)  # a batch is asked about within that time, or by another process
_BURST: Final = timedelta(seconds=5)  # the rate is kept over so long
_IN_DEBT: Final = timedelta(minutes=2)  # what questions that follow from answers may take in advance
_FOR_NEW: Final = 0.1  # of the day's quota, kept for links that were never asked about
_LINK_ALONE: Final = frozenset({Failure.BAD_CLAIM})  # says nothing of the service
_AT_ONCE: Final = frozenset({Failure.RATE_LIMITED})  # it has told us to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """As whom we ask, how much, and what holds us back."""

    agency_code: str
    officer_ref: str
    procedure_code: str
    quota_a_day: int | None = None  # None: there is none
    calls_a_second: float | None = None
    opens_after: int = 5
    closed_again_after: timedelta = timedelta(seconds=60)
    lasts: timedelta = timedelta(days=180)  # a confirmation


class Breaker(StrEnum):
    """Whether anybody asks."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # one question tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """How many questions may be put now, how many of them about links that were asked about before."""

    calls: int
    again: int
    again_at: datetime | None = None  # with no calls: when it is worth to look again


def breaker(service: Service, at: datetime, terms: Terms) -> Breaker:
    """Say whether anybody asks now."""
    if service.open_until is None:
        return Breaker.CLOSED
    longest = max(terms.closed_again_after, LONGEST_WAIT)
    return Breaker.OPEN if _lies_ahead(service.open_until, at, longest=longest) else Breaker.HALF_OPEN


def day_of(at: datetime) -> date:
    """Return the day of the quota."""
    return day_in_viet_nam(at)


def one_more(service: Service, day: Day, at: datetime, terms: Terms) -> bool:
    """Say whether a question that follows from an answer may be put: what it takes of the rate is missing later."""
    left = left_today(day, terms)
    return breaker(service, at, terms) is not Breaker.OPEN and left != 0


def allowed(service: Service, day: Day, at: datetime, terms: Terms, *, most: int) -> Allowed:
    """Return how many questions may be put now; args: most: of one batch."""
    state = breaker(service, at, terms)
    if state is Breaker.OPEN:
        return Allowed(calls=0, again=0, again_at=service.open_until)
    if state is Breaker.HALF_OPEN:
        if service.probing_until and _lies_ahead(service.probing_until, at, longest=LEASE):
            return Allowed(calls=0, again=0, again_at=service.probing_until)
        most = 1
    left = left_today(day, terms)
    again = most
    if left is not None and terms.quota_a_day is not None:
        most = min(most, left)
        again = max(0, int(terms.quota_a_day * (1 - _FOR_NEW)) - day.asked)
    paced, opens_at = _paced(service, at, terms)
    calls = max(0, min(most, paced))
    return Allowed(calls=calls, again=min(again, calls), again_at=None if calls else opens_at)


def slower(terms: Terms, rate: float | None) -> Terms:
    """Return terms whose rate is not above what the service itself bears."""
    rates = [one for one in (terms.calls_a_second, rate) if one is not None]
    return replace(terms, calls_a_second=min(rates, default=None))


def left_today(day: Day, terms: Terms) -> int | None:
    """Return how many questions are left of the day's quota; None: there is no quota."""
    return None if terms.quota_a_day is None else max(0, terms.quota_a_day - day.asked)


def _paced(service: Service, at: datetime, terms: Terms) -> tuple[int, datetime | None]:
    """Return how many questions the rate lets through now, and else when it lets one through."""
    if terms.calls_a_second is None:
        return 1 << 30, None
    interval = timedelta(seconds=1 / terms.calls_a_second)
    window = max(_BURST, interval)
    begins = service.paced_until if _in_window(service, at, window) and service.paced_until else at
    free = math.floor((at + window - begins) / interval)
    return free, None if free else begins + interval - window


def _in_window(service: Service, at: datetime, window: timedelta) -> bool:
    return service.paced_until is not None and _lies_ahead(service.paced_until, at, longest=window + _IN_DEBT)


def spent(service: Service, at: datetime, terms: Terms, *, calls: int) -> Service:
    """Return what is known of a service after so many questions were let through."""
    probing = at + LEASE if breaker(service, at, terms) is Breaker.HALF_OPEN else None
    if terms.calls_a_second is None:
        return replace(service, probing_until=probing)
    interval = timedelta(seconds=1 / terms.calls_a_second)
    window = max(_BURST, interval)
    begins = service.paced_until if _in_window(service, at, window) and service.paced_until else at
    return replace(service, probing_until=probing, paced_until=begins + calls * interval)


def answered(service: Service, at: datetime) -> Service:
    """Return what is known of a service that has answered."""
    return replace(service, failures=0, failure=None, answered_at=at, open_until=None, probing_until=None)


def failed(
    service: Service, failure: Failure, at: datetime, terms: Terms, *, retry_after: timedelta | None = None
) -> Service:
    """Return what is known of a service that has not answered."""
    if failure in _LINK_ALONE:
        return replace(service, probing_until=None)
    failures = service.failures + 1
    opens = failures >= terms.opens_after or failure in _AT_ONCE or service.open_until is not None
    wait = max(terms.closed_again_after, min(retry_after or timedelta(0), LONGEST_WAIT))
    return replace(
        service,
        failures=failures,
        failure=failure.value,
        failed_at=at,
        probing_until=None,
        open_until=at + wait if opens else None,
    )


def _lies_ahead(moment: datetime, at: datetime, *, longest: timedelta) -> bool:
    return at < moment <= at + longest
