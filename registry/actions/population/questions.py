"""Claims the links that are asked about next: a batch is leased and counted before a word of it leaves.

Whoever is stopped before its answers are kept has taken nothing away: the lease ends, and the same question is asked
under the same name. What was let through counts against the agency's quota all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from connectors.contract import (
    Claim,
    PopulationConnector,
)
from registry.actions.intake.load_extract import People
from registry.actions.keys.sealing import Vault
from registry.actions.population import budget
from registry.actions.population.budget import LEASE, Allowed, Terms
from registry.actions.population.facts import Facts, claim_document, claim_of, facts_of
from registry.model.link_state import (
    CannotBeAsked,
    Failed,
    Happening,
    Standing,
    Why,
    after,
)
from registry.protect.authorize import Action, authorize
from registry.store import link_states, population_calls
from registry.store.link_states import Key, StoredState
from registry.store.population_calls import Service
from registry.store.session import Transaction

AT_ONCE: Final = 50  # questions of a batch
_LEARN_MORE: Final = frozenset({Why.CHANGED.value, Why.FLAGGED.value, Why.CORRECTED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about one link."""

    state: StoredState
    request_id: str
    claim: Claim = field(repr=False)
    facts: Facts = field(repr=False)

    @property
    def learns(self) -> bool:
        """Say whether it is worth to learn more although everything fits."""
        return self.state.standing.reason in _LEARN_MORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one process asks about now. Nothing to ask: `again_at` says when it is worth to look again, if ever."""

    lease: UUID
    questions: tuple[Question, ...] = ()
    again_at: datetime | None = None


def claim_batch(
    transaction: Transaction,
    vault: Vault,
    connector: PopulationConnector,
    terms: Terms,
    *,
    people: People,
    most: int = AT_ONCE,
) -> Batch:
    """Hold the links that are asked about next, as many as quota, rate and breaker let through, and count them."""
    authorize(transaction.access, Action.VERIFY)
    can = connector.describe()
    at, lease = transaction.access.at, uuid4()
    service = population_calls.lock(transaction, connector=can.name, agency=terms.agency_code)
    let = _let_through(transaction, service, terms, can.name, rate=can.calls_per_second, most=most)
    if not let.calls:
        return Batch(lease=lease, again_at=let.again_at)
    states = link_states.claim(transaction, limit=let.calls, again=let.again, lasts=terms.lasts, lease=LEASE)
    facts = facts_of(transaction, vault, people, states)
    questions: list[Question] = []
    unaskable: dict[Key, Standing] = {}
    for state in states:
        known = facts.get(state.link_id)
        claim = claim_of(known, can) if known else None
        if known is None or claim is None:
            unaskable[state.key] = after_event(state, CannotBeAsked(), at, terms)
        else:
            questions.append(_question(vault, state, claim, known))
    link_states.keep(transaction, unaskable, answered={})
    _hold(transaction, vault, lease, questions)
    slower = budget.slower(terms, can.calls_per_second)
    spent = budget.spent(service, at, slower, calls=len(questions)) if questions else service
    population_calls.keep(transaction, spent, connector=can.name, agency=terms.agency_code)
    _count(transaction, terms, can.name, questions)
    return Batch(lease=lease, questions=tuple(questions), again_at=at if unaskable else None)


def _let_through(
    transaction: Transaction, service: Service, terms: Terms, name: str, *, rate: float | None, most: int
) -> Allowed:
    at = transaction.access.at
    day = population_calls.day(transaction, budget.day_of(at), connector=name, agency=terms.agency_code)
    return budget.allowed(service, day, at, budget.slower(terms, rate), most=most)


def _question(vault: Vault, state: StoredState, claim: Claim, facts: Facts) -> Question:
    digest = vault.index.content_digest(claim_document(claim))
    same = state.request_id is not None and state.question_digest == digest
    request_id = state.request_id if same and state.request_id else uuid4().hex
    return Question(state=state, request_id=request_id, claim=claim, facts=facts)


def _hold(transaction: Transaction, vault: Vault, lease: UUID, questions: Sequence[Question]) -> None:
    rows = [
        {
            "child_id": question.state.child_id,
            "link_id": question.state.link_id,
            "request_id": question.request_id,
            "question_digest": vault.index.content_digest(claim_document(question.claim)),
        }
        for question in questions
    ]
    link_states.hold(transaction, lease, rows, until=transaction.access.at + LEASE)


def _count(transaction: Transaction, terms: Terms, name: str, questions: Sequence[Question]) -> None:
    again = sum(question.state.standing.confirmed_at is not None for question in questions)
    population_calls.count(
        transaction,
        budget.day_of(transaction.access.at),
        connector=name,
        agency=terms.agency_code,
        asked=len(questions),
        again=again,
    )


def take_one_more(transaction: Transaction, connector: PopulationConnector, terms: Terms) -> bool:
    """Count one question more against the quota, if it lets one through."""
    authorize(transaction.access, Action.VERIFY)
    can, at = connector.describe(), transaction.access.at
    named = {"connector": can.name, "agency": terms.agency_code}
    service = population_calls.lock(transaction, **named)
    day = population_calls.day(transaction, budget.day_of(at), **named)
    if not budget.one_more(service, day, at, terms):
        return False
    spent = budget.spent(service, at, budget.slower(terms, can.calls_per_second), calls=1)
    population_calls.keep(transaction, spent, connector=can.name, agency=terms.agency_code)
    count_more(transaction, terms, can.name, asked=1)
    return True


def count_more(transaction: Transaction, terms: Terms, name: str, *, asked: int) -> None:
    """Count questions; a negative number gives back those that were not asked."""
    on_day = budget.day_of(transaction.access.at)
    population_calls.count(transaction, on_day, connector=name, agency=terms.agency_code, asked=asked, again=0)


def changes_cursor(transaction: Transaction, connector: PopulationConnector, terms: Terms) -> str | None:
    """Return how far the feed of changes was read; None: not yet."""
    name = connector.describe().name
    return population_calls.look(transaction, connector=name, agency=terms.agency_code).changes_cursor


def note_call(transaction: Transaction, connector: PopulationConnector, terms: Terms, failure: Failed | None) -> None:
    """Keep whether a call about no single link was answered; args: failure: None if it was."""
    authorize(transaction.access, Action.VERIFY)
    named = {"connector": connector.describe().name, "agency": terms.agency_code}
    service, at = population_calls.lock(transaction, **named), transaction.access.at
    if failure is None:
        told = budget.answered(service, at)
    else:
        told = budget.failed(service, failure.failure, at, terms, retry_after=failure.retry_after)
    population_calls.keep(transaction, told, **named)


def after_event(state: StoredState, event: Happening, at: datetime, terms: Terms) -> Standing:
    """Return what is known of a link after an event."""
    return after(state.standing, event, at=at, lasts=terms.lasts, link_id=state.link_id)
