"""Runs the linkage over all identities that wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from connectors.population.extract import ExtractConnector
from matching.frequencies import Frequencies
from registry.actions.intake import load_extract
from registry.actions.intake.load_extract import People
from registry.actions.linkage import hold_claims, match
from registry.actions.linkage.adopt_model import model_in_use
from registry.actions.linkage.match import Engine, SealedExtract
from registry.actions.oversight.decoys import decoys_in
from registry.jobs.clustering import cluster_all
from registry.jobs.intake import Progress, no_progress
from registry.jobs.opening import Installation
from registry.model.access import NATION, Purpose
from registry.model.errors import NotFound, RegistryError
from registry.store import links, runs
from registry.store.links import Scope
from registry.store.session import Transaction

IDENTITIES_AT_ONCE: Final = 1000


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
    clusters: Mapping[str, int]  # what joining records without a citizen came to


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
    run_id = uuid4()
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        model = model_in_use(transaction).model
        started = begin_since(transaction, since)
        frequencies = counted(transaction, installed)
        runs.open_match(transaction, run_id=run_id, since=since, model_version=model.version, at=transaction.access.at)
    engine = Engine(
        run_id=run_id,
        model=model,
        frequencies=frequencies,
        people=People(installed.vault),
        one_record=installed.settings.one_record_per_child,
    )
    scope = Scope(seen_since=started, changed_only=changed_only)
    matched = _match_all(installed, engine, scope, progress)
    _settle_all(installed, engine)
    joined = cluster_all(installed, run_id=run_id, model=model, frequencies=frequencies, scope=scope)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        match.regroup_delivered(transaction)
        runs.close_match(transaction, run_id, at=transaction.access.at)
        standing = links.counts(transaction, but=decoys_in(transaction, installed.vault, NATION))
        return LinkAccount(run_id=run_id, matched=matched, standing=standing, clusters=joined)


def counted(transaction: Transaction, installed: Installation) -> Frequencies:
    """Return the frequencies of the population.

    Raises:
        NoExtract: no population extract was loaded.
    """
    frequencies = load_extract.frequencies(transaction, installed.vault)
    if frequencies is None:
        raise NoExtract("there is no population extract yet: run `child-registry ingest population FILE` first")
    return frequencies


def begin_since(transaction: Transaction, since: UUID | None) -> datetime | None:
    """Return when the run `since` began; None: without one, all identities are looked at.

    Raises:
        NoSuchRun: there is no run `since`.
    """
    started = runs.match_started_at(transaction, since) if since else None
    if since is not None and started is None:
        raise NoSuchRun("no run of the linkage has this id", field="since")
    return started


def _settle_all(installed: Installation, engine: Engine) -> None:
    """Bring what is held back to what the rule says now, some citizens in a transaction of their own."""
    after: UUID | None = None
    while True:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            settled = hold_claims.settle_claims(
                transaction,
                installed.vault,
                one_record=engine.one_record,
                people=engine.people,
                run_id=engine.run_id,
                after=after,
            )
        if settled is None:
            return
        after = settled.last


def _match_all(installed: Installation, engine: Engine, scope: Scope, progress: Progress) -> Mapping[str, int]:
    """Match batch by batch, each a transaction of its own, until none is left."""
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
                scope=scope,
                limit=IDENTITIES_AT_ONCE,
            )
        if matched is None:
            return total
        total.update(matched.decisions)
        progress(sum(matched.decisions.values()))
        after = matched.last
