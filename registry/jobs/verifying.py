"""Drains the queue of links to be asked about: batch by batch, within the agency's quota, and never waiting itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from connectors.contract import CallContext, ChangePage, Operation, PopulationConnector, TellsChanges
from registry.actions.intake.load_extract import People
from registry.actions.linkage.match import LEGAL_BASIS
from registry.actions.population import doubts, questions, verify
from registry.actions.population.asking import put
from registry.actions.population.budget import Terms
from registry.actions.population.overview import NOT_CONNECTED, Asked, Overview, overview
from registry.actions.population.questions import AT_ONCE, Batch
from registry.actions.population.verify import PATIENCE
from registry.jobs.connections import PopulationConnection, open_population, read_connections
from registry.jobs.intake import Progress, no_progress
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.link_state import Failed
from registry.settings import SettingRefused

_CHANGES_AT_ONCE: Final = 200
_A_TURN: Final = 10_000  # links; the time of a turn ends it before


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What was answered, and when it is worth to look again; None: nothing waits, or the day's quota is used up."""

    outcomes: Mapping[str, int]
    again_at: datetime | None = None


def terms_of(connection: PopulationConnection) -> Terms:
    """Return as whom, how much and how often is asked."""
    return Terms(
        agency_code=connection.agency_code,
        officer_ref=connection.officer_ref,
        procedure_code=connection.procedure_code,
        quota_a_day=connection.quota_a_day,
        calls_a_second=connection.calls_a_second,
        opens_after=connection.opens_after,
        closed_again_after=timedelta(seconds=connection.closed_again_after),
        lasts=timedelta(days=connection.stale_after_days),
    )


def asked_of(installed: Installation) -> Asked:
    """Return which population database is asked, and on which terms.

    Raises:
        SettingRefused: a place of the file of connections breaks a rule.
    """
    connection = read_connections(installed.settings.connections_file).population
    if connection is None:
        return NOT_CONNECTED
    return Asked(connector=connection.connector, terms=terms_of(connection))


@contextmanager
def connected(installed: Installation) -> Iterator[tuple[PopulationConnector, Terms]]:
    """Give the connector of the population database as long as the block runs.

    Raises:
        SettingRefused: no population database is connected, or a place of the file breaks a rule.
    """
    connection = read_connections(installed.settings.connections_file).population
    if connection is None:
        raise SettingRefused("it names no population database", field="CHILD_REGISTRY_CONNECTIONS_FILE")
    connector: Any = open_population(connection, clock=installed.clock)
    if hasattr(connector, "close"):
        with closing(connector):
            yield connector, terms_of(connection)
    else:
        yield connector, terms_of(connection)


def drain(
    installed: Installation,
    connector: PopulationConnector,
    terms: Terms,
    *,
    limit: int,
    until: float | None = None,
    patience: float = PATIENCE,
    progress: Progress = no_progress,
) -> Drained:
    """Ask about up to `limit` links that wait, until the quota, the rate or the breaker lets no more through.

    Args:
        until: begin no batch after this moment of the monotonic clock; None: when nothing is let through any more.
        patience: seconds for one question.
    """
    people = People(installed.vault)
    outcomes: Counter[str] = Counter()
    batch: Batch | None = None
    while (left := limit - outcomes.total()) > 0:
        if until is not None and batch is not None and time.monotonic() > until:
            return Drained(outcomes=outcomes, again_at=installed.clock())
        batch, said = _one_batch(installed, connector, terms, people, most=min(left, AT_ONCE), patience=patience)
        outcomes.update(said)
        progress(sum(said.values()))
        if not said and (not batch.again_at or batch.questions or batch.again_at > installed.clock()):
            return Drained(outcomes=outcomes, again_at=batch.again_at)
    return Drained(outcomes=outcomes, again_at=installed.clock())


def _one_batch(
    installed: Installation,
    connector: PopulationConnector,
    terms: Terms,
    people: People,
    *,
    most: int,
    patience: float,
) -> tuple[Batch, Mapping[str, int]]:
    """Claim a batch, ask outside any transaction, and keep what was answered."""
    access = installed.engine(Purpose.VERIFICATION)
    with installed.store.begin(access) as transaction:
        batch = questions.claim_batch(transaction, installed.vault, connector, terms, people=people, most=most)
    if not batch.questions:
        return batch, {}

    def one_more() -> bool:
        with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
            return questions.take_one_more(transaction, connector, terms)

    replies = verify.ask(connector, batch, terms, access, clock=installed.clock, one_more=one_more, patience=patience)
    with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
        return batch, verify.settle(transaction, installed.vault, connector, terms, batch, replies)


def look_after(installed: Installation, terms: Terms) -> Mapping[str, int]:
    """Find all links that must be asked about again; return how many, by reason."""
    people = People(installed.vault)
    total: Counter[str] = Counter()
    while True:
        with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
            found = doubts.doubt(transaction, installed.vault, terms, people=people)
        if not found:
            return total
        total.update(found)


def follow_changes(
    installed: Installation, connector: PopulationConnector, terms: Terms, *, patience: float = PATIENCE
) -> int:
    """Read what the population database tells of changes, if it does; return how many links are asked about again."""
    can = connector.describe()
    if Operation.CHANGES not in can.operations or not isinstance(connector, TellsChanges):
        return 0
    links = 0
    while True:
        page = _page_of_changes(installed, connector, connector, terms, patience=patience)
        if page is None:
            return links
        with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
            links += doubts.take_in_changes(transaction, installed.vault, terms, page, connector=can.name)
        if not page.more or page.reset_required:
            return links


def _page_of_changes(
    installed: Installation, connector: PopulationConnector, feed: TellsChanges, terms: Terms, *, patience: float
) -> ChangePage | None:
    """Return the next page; None: the quota lets no question through, or nothing answers."""
    with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
        if not questions.take_one_more(transaction, connector, terms):
            return None
        cursor = questions.changes_cursor(transaction, connector, terms)
    at = installed.clock()
    context = CallContext(
        request_id=uuid4().hex,
        agency_code=terms.agency_code,
        officer_ref=terms.officer_ref,
        procedure_code=terms.procedure_code,
        legal_basis=LEGAL_BASIS,
        purpose=Purpose.VERIFICATION.value,
        deadline=at + timedelta(seconds=patience),
    )
    page = put(lambda: feed.changes(cursor, context, limit=_CHANGES_AT_ONCE), patience=patience)
    with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
        questions.note_call(transaction, connector, terms, page if isinstance(page, Failed) else None)
    return None if isinstance(page, Failed) else page


def what_waits(installed: Installation, name: str | None, terms: Terms) -> Overview:
    """Return what stands and what waits; args: name: of the connector."""
    with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
        return overview(transaction, terms, connector=name)


def work_off(installed: Installation, *, seconds: float, looks_for_more: bool = True) -> datetime | None:
    """Do a turn of what is to be asked; return when the next turn is worth while, None: in its usual time.

    Args:
        seconds: after which others have their turn.
        looks_for_more: find what is to be asked about anew; a turn that follows another at once leaves it.
    """
    until = time.monotonic() + seconds
    with connected(installed) as (connector, terms):
        if looks_for_more:
            follow_changes(installed, connector, terms)
            look_after(installed, terms)
        return drain(installed, connector, terms, limit=_A_TURN, until=until).again_at
