"""Runs the linkage over all identities that wait for it, and asks the population database about the links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from connectors.contract import PopulationConnector
from connectors.population.extract import ExtractConnector
from matching.weights import Model
from registry.actions import load_extract, match
from registry.actions.load_extract import People
from registry.actions.match import Engine, SealedExtract
from registry.actions.verify import verify_links
from registry.jobs.intake import Progress, no_progress
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import NotFound, RegistryError
from registry.store import links, runs
from registry.store.links import Scope

MODEL: Final = "child_vn"
IDENTITIES_AT_ONCE: Final = 1000
CLAIMS_AT_ONCE: Final = 50  # a batch is one transaction: what was asked is kept batch by batch


class NoExtract(RegistryError):
    """There is no population extract to link with: load one first."""

    status = 409


class NoSuchRun(NotFound):
    """There is no such run of the linkage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAccount:
    """What a run of the linkage came to."""

    run_id: UUID
    matched: Mapping[str, int]  # decision → identities decided in this run
    standing: Mapping[str, int]  # decision → identities altogether


def link_all(
    installed: Installation,
    *,
    since: UUID | None = None,
    changed_only: bool = False,
    progress: Progress = no_progress,
) -> LinkAccount:
    """Match all identities, or those whose record came since another run began, or only what is new.

    Raises:
        NoExtract: no population extract was loaded.
        NoSuchRun: there is no run `since`.
    """
    model = Model.load(MODEL)
    run_id = uuid4()
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        frequencies = load_extract.frequencies(transaction, installed.vault)
        if frequencies is None:
            raise NoExtract
        started = runs.match_started_at(transaction, since) if since else None
        if since is not None and started is None:
            raise NoSuchRun
        runs.open_match(transaction, run_id=run_id, since=since, model_version=model.version, at=transaction.access.at)
    engine = Engine(run_id=run_id, model=model, frequencies=frequencies, people=People(installed.vault))
    total: Counter[str] = Counter()
    after: UUID | None = None
    while True:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            source = SealedExtract(transaction, installed.vault, engine.people)
            matched = match.match_batch(
                transaction,
                installed.vault,
                engine,
                connector=ExtractConnector(source, as_of=transaction.access.at),
                after=after,
                scope=Scope(seen_since=started, changed_only=changed_only),
                limit=IDENTITIES_AT_ONCE,
            )
        if matched is None:
            break
        total.update(matched.decisions)
        progress(sum(matched.decisions.values()))
        after = matched.last
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        match.regroup_withdrawn(transaction)
        runs.close_match(transaction, run_id, at=transaction.access.at)
        return LinkAccount(run_id=run_id, matched=total, standing=links.counts(transaction))


def verify_some(
    installed: Installation, connector: PopulationConnector, *, limit: int, progress: Progress = no_progress
) -> Mapping[str, int]:
    """Ask the population database about up to `limit` links that it has not answered yet."""
    people = People(installed.vault)
    outcomes: Counter[str] = Counter()
    while (left := limit - outcomes.total()) > 0:
        with installed.store.begin(installed.engine(Purpose.VERIFICATION)) as transaction:
            said = verify_links(transaction, installed.vault, connector, people=people, limit=min(left, CLAIMS_AT_ONCE))
        if not said:
            break
        outcomes.update(said)
        progress(sum(said.values()))
        if said.get("unknown", 0) == sum(said.values()):
            break  # an outage: asking on would only repeat it
    return outcomes
