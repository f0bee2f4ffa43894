"""What stands and what waits: states of links, the queue, the breaker, the quota, and what a person must decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry.actions.population import budget
from registry.actions.population.budget import Terms
from registry.protect.authorize import Action, authorize
from registry.store import findings, link_states, population_calls
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What stands and what waits."""

    states: Mapping[str, int]
    due: int  # to be asked about now
    oldest_due: datetime | None
    failing: int  # had no answer the last time
    findings: int  # wait for a person
    connector: str | None  # None: no population database is connected
    breaker: str | None
    open_until: datetime | None
    failure: str | None  # kind of the last one, if nothing was answered since
    answered_at: datetime | None
    quota: int | None
    asked_today: int
    left_today: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The population database that is asked, and on which terms."""

    connector: str | None  # None: none is connected
    terms: Terms


NOT_CONNECTED: Final = Asked(connector=None, terms=Terms(agency_code="", officer_ref="", procedure_code=""))


def overview(transaction: Transaction, terms: Terms, *, connector: str | None) -> Overview:
    """Return what stands and what waits; args: connector: its name; None: none is connected."""
    authorize(transaction.access, Action.VERIFY)
    at = transaction.access.at
    with transaction.as_engine():
        waiting = link_states.waiting(transaction, lasts=terms.lasts)
        found = findings.count_waiting(transaction)
        named = {"connector": connector or "", "agency": terms.agency_code}
        service = population_calls.look(transaction, **named)
        day = population_calls.day(transaction, budget.day_of(at), **named)
    return Overview(
        states=waiting.states,
        due=waiting.due,
        oldest_due=waiting.oldest_due,
        failing=waiting.failing,
        findings=found,
        connector=connector,
        breaker=budget.breaker(service, at, terms).value if connector else None,
        open_until=service.open_until,
        failure=service.failure,
        answered_at=service.answered_at,
        quota=terms.quota_a_day,
        asked_today=day.asked,
        left_today=budget.left_today(day, terms),
    )
