"""Runs over all records without a citizen and joins those that are one child; broken off anywhere, it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from matching.frequencies import Frequencies
from matching.weights import Model
from registry.actions.linkage import cluster
from registry.actions.linkage.cluster import Comparing
from registry.jobs.intake import Progress, no_progress
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.protect.authorize import Action, authorize
from registry.store import clusters, record_pairs
from registry.store.links import Scope

RECORDS_AT_ONCE = 500


def cluster_all(
    installed: Installation,
    *,
    run_id: UUID,
    model: Model,
    frequencies: Frequencies,
    scope: Scope | None = None,
    progress: Progress = no_progress,
) -> Mapping[str, int]:
    """Compare records without a citizen and join those that are one child; return what it came to.

    Each batch is a transaction of its own that says what it has done, so that a second run, or one after a kill,
    changes nothing or does the rest.

    Args:
        run_id: of the run of the linkage that this ends.
        scope: which records to compare; all of them by default.
    """
    comparing = Comparing(run_id=run_id, model=model, frequencies=frequencies)
    total: Counter[str] = Counter(compared=0, pairs=0, joined=0, ended=0, oversized=0, broad=0)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        settled = cluster.release(transaction, comparing)
    total.update(joined=settled.made, ended=settled.ended)
    _compare_all(installed, comparing, scope or Scope(), total=total, progress=progress)
    _join_all(installed, comparing, total=total)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        total["standing"] = clusters.joined_count(transaction)
        grant = authorize(transaction.access, Action.LINK)
        total["waiting"] = record_pairs.waiting_count(transaction, grant, least=model.review)
    return dict(total)


def _compare_all(
    installed: Installation, comparing: Comparing, scope: Scope, *, total: Counter[str], progress: Progress
) -> None:
    after: UUID | None = None
    while True:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            compared = cluster.compare_batch(
                transaction, installed.vault, comparing, after=after, scope=scope, limit=RECORDS_AT_ONCE
            )
        if compared is None:
            return
        total.update(compared=compared.records, pairs=compared.pairs, broad=compared.broad)
        progress(compared.records)
        after = compared.last


def _join_all(installed: Installation, comparing: Comparing, *, total: Counter[str]) -> None:
    after: UUID | None = None
    while True:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            joined = cluster.join_batch(transaction, installed.vault, comparing, after=after, limit=RECORDS_AT_ONCE)
        if joined is None:
            return
        total.update(joined=joined.settled.made, ended=joined.settled.ended, oversized=joined.oversized)
        after = joined.last
