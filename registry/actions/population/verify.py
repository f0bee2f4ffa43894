"""Puts the questions of a batch to the population database outside any transaction, and keeps the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from connectors.contract import (
    Ambiguous,
    CallContext,
    CitizenSnapshot,
    Inactive,
    NotFound,
    Operation,
    Outcome,
    PopulationConnector,
    Verification,
)
from registry.actions.intake.normalise import RuleBroken
from registry.actions.keys.sealing import Vault
from registry.actions.linkage.match import LEGAL_BASIS
from registry.actions.oversight.log import log
from registry.actions.population import budget
from registry.actions.population.asking import put
from registry.actions.population.budget import LEASE, Terms
from registry.actions.population.facts import differences
from registry.actions.population.found import Evidence, keep_findings
from registry.actions.population.questions import Batch, Question, after_event, count_more
from registry.model.access import Access
from registry.model.link_state import (
    Answered,
    Failed,
    Failure,
    Happening,
    LinkState,
    Said,
)
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import link_states, population_calls
from registry.store.link_states import StoredState
from registry.store.population_calls import Service
from registry.store.session import Transaction

PATIENCE: Final = 60.0  # seconds for one question; a connector that hangs longer is left
_SAID: Final = {
    Outcome.MATCH: Said.MATCH,
    Outcome.MISMATCH: Said.MISMATCH,
    Outcome.NOT_FOUND: Said.NOT_FOUND,
    Outcome.AMBIGUOUS: Said.AMBIGUOUS,
    Outcome.INACTIVE: Said.INACTIVE,
}
_TOLD: Final = {
    LinkState.VERIFIED: "link.verified",
    LinkState.MISMATCH: "link.mismatch",
    LinkState.STALE: "link.stale",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of one question."""

    question: Question
    verification: Verification | Failed
    at: datetime
    citizen: CitizenSnapshot | NotFound | Ambiguous | Inactive | Failed | None = field(default=None, repr=False)
    calls: int = 1


def ask(
    connector: PopulationConnector,
    batch: Batch,
    terms: Terms,
    access: Access,
    *,
    clock: Callable[[], datetime],
    one_more: Callable[[], bool],
    patience: float = PATIENCE,
) -> list[Reply]:
    """Put the questions of a batch, outside any transaction; stop when nothing answers or the lease is about to end.

    Args:
        one_more: says whether the quota lets one question more through, and counts it.
        patience: seconds for one question.
    """
    replies: list[Reply] = []
    ends = access.at + LEASE - timedelta(seconds=patience)
    failures = 0
    for question in batch.questions:
        if not access.at <= clock() < ends and replies:
            break  # the rest is asked about by whoever claims it next
        context = _context(question, terms, access, deadline=clock() + timedelta(seconds=patience))
        reply = _asked(connector, question, context, clock=clock, one_more=one_more, patience=patience)
        replies.append(reply)
        failures = failures + 1 if isinstance(reply.verification, Failed) else 0
        if failures >= terms.opens_after or _says_wait(reply.verification):
            break
    return replies


def _says_wait(said: Verification | Failed) -> bool:
    return isinstance(said, Failed) and said.failure is Failure.RATE_LIMITED


def _context(question: Question, terms: Terms, access: Access, *, deadline: datetime) -> CallContext:
    return CallContext(
        request_id=question.request_id,
        agency_code=terms.agency_code,
        officer_ref=terms.officer_ref,
        procedure_code=terms.procedure_code,
        legal_basis=LEGAL_BASIS,
        purpose=access.purpose.value,
        deadline=deadline,
    )


def _asked(
    connector: PopulationConnector,
    question: Question,
    context: CallContext,
    *,
    clock: Callable[[], datetime],
    one_more: Callable[[], bool],
    patience: float,
) -> Reply:
    looks = Operation.GET in connector.describe().operations
    said = put(lambda: connector.verify(question.claim, context), patience=patience)
    if isinstance(said, Verification) and said.outcome is Outcome.UNKNOWN:
        said = Failed(failure=Failure.UNKNOWN)
    if isinstance(said, Failed) or not _is_worth_more(question, said, looks=looks):
        return Reply(question=question, verification=said, at=clock())
    if said.outcome is Outcome.INACTIVE and said.inactivity and said.replaced_by:
        told = Inactive(source_ref=said.source_ref, inactivity=said.inactivity, replaced_by=said.replaced_by)
        return Reply(question=question, verification=said, at=clock(), citizen=told)
    if not one_more():
        return Reply(question=question, verification=said, at=clock(), citizen=Failed(failure=Failure.RATE_LIMITED))
    about = _context_of_look(context)
    citizen = put(lambda: connector.get(question.claim, about), patience=patience)
    return Reply(question=question, verification=said, at=clock(), citizen=citizen, calls=2)


def _is_worth_more(question: Question, said: Verification, *, looks: bool) -> bool:
    """Say whether to look at the citizen too: what does not fit, or has changed, may be learnt."""
    if not looks and said.replaced_by is None:
        return False
    return said.outcome is not Outcome.AMBIGUOUS and (said.outcome is not Outcome.MATCH or question.learns)


def _context_of_look(context: CallContext) -> CallContext:
    """Return the context of the second question: a name of its own that follows from the first's."""
    values = {name: getattr(context, name) for name in CallContext.__dataclass_fields__}
    return CallContext(**{**values, "request_id": f"{context.request_id}-2"})


def settle(
    transaction: Transaction,
    vault: Vault,
    connector: PopulationConnector,
    terms: Terms,
    batch: Batch,
    replies: Sequence[Reply],
) -> Mapping[str, int]:
    """Keep the replies of a batch, give back what was not asked, and return how many ended in which outcome."""
    authorize(transaction.access, Action.VERIFY)
    name = connector.describe().name
    service = population_calls.lock(transaction, connector=name, agency=terms.agency_code)
    for reply in replies:
        service = _learnt(service, reply, terms)
    held = link_states.leased(transaction, batch.lease)  # others were undone meanwhile, or are asked about anew
    mine = {state.key: reply for reply in replies if (state := held.get(reply.question.state.key))}
    standings = {key: after_event(held[key], _happened(reply), reply.at, terms) for key, reply in mine.items()}
    over = {key: name for key, reply in mine.items() if isinstance(reply.verification, Verification)}
    found = sum(_keep_findings(transaction, vault, held[key], mine[key], name) for key in over)
    events = [
        (child_id, _TOLD[standing.state])
        for (child_id, link_id), standing in standings.items()
        if standing.state is not held[child_id, link_id].standing.state and standing.state in _TOLD
    ]
    link_states.add_answers(transaction, [_row(reply, name) for reply in mine.values()])
    link_states.keep(transaction, standings, answered=over)
    link_states.release(transaction, batch.lease)
    link_states.tell(transaction, events)
    population_calls.keep(transaction, service, connector=name, agency=terms.agency_code)
    count_more(transaction, terms, name, asked=-(len(batch.questions) - len(replies)))
    outcomes = Counter(_outcome(reply) for reply in replies)
    if replies:
        children = [reply.question.state.child_id for reply in replies]
        counts = {**outcomes, **({"findings": found} if found else {})}
        log(transaction, vault, Event(action=Action.VERIFY, children=children, counts=counts))
    return outcomes


def _learnt(service: Service, reply: Reply, terms: Terms) -> Service:
    said = reply.verification
    if isinstance(said, Failed):
        return budget.failed(service, said.failure, reply.at, terms, retry_after=said.retry_after)
    return budget.answered(service, reply.at)


def _happened(reply: Reply) -> Happening:
    said = reply.verification
    if isinstance(said, Failed):
        return said
    return Answered(said=_SAID[said.outcome], as_of=said.as_of, thorough=not isinstance(reply.citizen, Failed))


def _outcome(reply: Reply) -> str:
    said = reply.verification
    return Outcome.UNKNOWN.value if isinstance(said, Failed) else said.outcome.value


def _row(reply: Reply, name: str) -> Mapping[str, Any]:
    said = reply.verification
    state = reply.question.state
    return {
        "child_id": state.child_id,
        "verification_id": uuid4(),
        "link_id": state.link_id,
        "outcome": _outcome(reply),
        "connector": name,
        "source_ref": reply.question.request_id,
        "as_of": reply.at if isinstance(said, Failed) else said.as_of,
    }


def _keep_findings(transaction: Transaction, vault: Vault, state: StoredState, reply: Reply, name: str) -> int:
    citizen = reply.citizen
    if not isinstance(citizen, CitizenSnapshot | Inactive):
        return 0
    try:
        found = differences(reply.question.facts, citizen, on=day_in_viet_nam(reply.at))
    except RuleBroken as broken:
        counts = {broken.rule: 1}
        log(transaction, vault, Event(action=Action.VERIFY, children=[state.child_id], counts=counts))
        return 0
    evidence = Evidence(
        connector=name,
        source_ref=citizen.source_ref or reply.question.request_id,
        as_of=reply.at,
        raw=citizen.raw if isinstance(citizen, CitizenSnapshot) else None,
    )
    return keep_findings(transaction, vault, state, link_id=state.link_id, differences=found, evidence=evidence)
