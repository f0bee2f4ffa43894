"""Finds records of one child among those without a citizen: within a source, and across sources.

They meet by the same keyed tokens as citizens do, are opened in memory, and scored by the same model with the prior of
a pair of records (`matching.record_pairs`). Which of them are one child is worked out group by group
(`cluster_joins`); a pair that is doubtful, or that a rule holds, waits for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from matching.clustering import Rule
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.record_pairs import PairScore, score_pairs
from matching.weights import Model
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity, seal_group
from registry.actions.linkage.cluster_joins import Settled, settle_groups
from registry.actions.oversight.decoys import Decoys
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.store import clusters
from registry.store.clusters import Pair, pair_of
from registry.store.links import Scope, SealedIdentity
from registry.store.session import Transaction

MOST_MET: Final = 100  # identities that one token may bring to another; above it the token says too little
LARGEST: Final = 200  # identities in one group; a larger heap of strong pairs is left alone and reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """What comparing records needs beside the database."""

    run_id: UUID
    model: Model
    frequencies: Frequencies

    @property
    def rule(self) -> Rule:
        """The rule by which groups are joined, with the thresholds of the model."""
        return Rule.at(self.model.link, self.model.review)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What comparing one batch came to: where the next begins, how many pairs, how many records met too many."""

    last: UUID
    records: int
    pairs: int
    broad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What working out one batch came to: where the next begins, and what changed."""

    last: UUID
    settled: Settled
    oversized: int  # groups left alone


def compare_batch(
    transaction: Transaction, vault: Vault, comparing: Comparing, *, after: UUID | None, scope: Scope, limit: int = 500
) -> Compared | None:
    """Compare the next identities without a citizen with all others, by id; None when there are none left."""
    authorize(transaction.access, Action.LINK)
    waiting = clusters.waiting_for_comparison(
        transaction, after=after, limit=limit, scope=scope, run_id=comparing.run_id
    )
    if not waiting:
        return None
    ids = [each.sealed.child_id for each in waiting]
    meeting = clusters.sharing(transaction, ids, run_id=comparing.run_id, limit=MOST_MET)
    compared = _scored(transaction, vault, comparing, meeting.pairs)
    pairs = compared.rows
    found = [row for row in pairs if row["probability"] > 0]
    comparisons = [
        {
            "child_id": each.sealed.child_id,
            "version_no": each.sealed.version_no,
            "decision": each.decision,
            "model_version": comparing.model.version,
            "run_id": comparing.run_id,
            "compared_at": transaction.access.at,
            "settled": False,
        }
        for each in waiting
        if each.sealed.child_id not in compared.unreadable
    ]
    clusters.write_comparisons(transaction, comparisons, [*found, *_kept(transaction, comparing, ids, compared)])
    log(transaction, vault, Event(action=Action.LINK, counts={"compared": len(ids), "pairs": len(found)}))
    return Compared(last=ids[-1], records=len(ids), pairs=len(found), broad=meeting.broad)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    """What was found of pairs, and the identities that cannot be read: what is known of them stays as it is."""

    rows: Sequence[Mapping[str, Any]]
    unreadable: frozenset[UUID]


def _scored(transaction: Transaction, vault: Vault, comparing: Comparing, pairs: Iterable[Pair]) -> _Scored:
    """Return the rows of pairs, opened, compared and sealed again; pairs of which one is gone are left out."""
    met_pairs = list(pairs)
    decoys = Decoys(transaction, vault)
    stored = clusters.sealed(transaction, {child for pair in met_pairs for child in pair})
    rows = decoys.without(stored.values())
    known = {row.child_id: read for row, read in opened(transaction, vault, rows, partial(_opened, vault))}
    wanted = [pair for pair in met_pairs if pair[0] in known and pair[1] in known]
    unreadable = frozenset(row.child_id for row in rows) - known.keys()
    if not wanted:
        return _Scored(rows=[], unreadable=unreadable)
    at = {child: place for place, child in enumerate(known)}
    scores = score_pairs(
        [identity for _, identity in known.values()],
        [(at[one], at[other]) for one, other in wanted],
        model=comparing.model,
        frequencies=comparing.frequencies,
        compared=max(clusters.number_without_citizen(transaction) - len(decoys), len(known)),
    )
    found = [_pair_row(known[pair[0]][0], pair, score, comparing) for pair, score in zip(wanted, scores, strict=True)]
    return _Scored(rows=found, unreadable=unreadable)


def _kept(
    transaction: Transaction, comparing: Comparing, ids: Collection[UUID], compared: _Scored
) -> list[Mapping[str, Any]]:
    """Return the pairs with identities that cannot be read, as they stand: no join may end for a flipped bit."""
    if not compared.unreadable:
        return []
    readable = set(ids) - compared.unreadable
    return [
        {**asdict(pair), "run_id": comparing.run_id}
        for pair in clusters.pairs_among(transaction, {*ids, *compared.unreadable})
        if not readable.isdisjoint(pair.ids) and not compared.unreadable.isdisjoint(pair.ids)
    ]


def _opened(vault: Vault, row: SealedIdentity) -> tuple[DataKey, Identity]:
    key = vault.child_key(row)
    return key, open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)


def _pair_row(key: DataKey, pair: Pair, score: PairScore, comparing: Comparing) -> Mapping[str, Any]:
    evidence = {
        "bits": score.bits,
        "fields": [
            {"field": one.field, "level": one.level, "reason": one.reason, "bits": one.bits} for one in score.evidence
        ],
    }
    sealed = seal_group(key, "record_pair", group=f"evidence:{pair[1]}", row=pair[0], document=evidence)
    return {
        "child_id": pair[0],
        "other_id": pair[1],
        "probability": score.probability,
        "bits": score.bits,
        "held": score.held,
        "sealed_evidence": sealed,
        "model_version": comparing.model.version,
        "run_id": comparing.run_id,
    }


def release(transaction: Transaction, comparing: Comparing) -> Settled:
    """End the joins of records that have a citizen now, wait for one, or were withdrawn; forget what is out of date."""
    authorize(transaction.access, Action.LINK)
    clusters.take_turn(transaction)
    groups, _ = _groups(transaction, clusters.no_longer_free(transaction), comparing)
    settled = settle_groups(transaction, groups, rule=comparing.rule)
    clusters.tidy(transaction)
    return settled


def join_batch(
    transaction: Transaction,
    vault: Vault,
    comparing: Comparing,
    *,
    after: UUID | None,
    limit: int = 500,
    largest: int = LARGEST,
) -> Joined | None:
    """Work out which of the next identities are one child, by id; None when there are none left.

    Args:
        largest: identities in one group; what stands of a larger one is left as it is.
    """
    authorize(transaction.access, Action.LINK)
    clusters.take_turn(transaction)
    ids = clusters.unsettled(transaction, after=after, limit=limit)
    if not ids:
        return None
    groups, oversized = _groups(transaction, ids, comparing, largest=largest)
    _complete(transaction, vault, comparing, groups)
    settled = settle_groups(transaction, groups, rule=comparing.rule)
    clusters.settle(transaction, ids)
    return Joined(last=ids[-1], settled=settled, oversized=oversized)


def _groups(
    transaction: Transaction, child_ids: Collection[UUID], comparing: Comparing, *, largest: int = LARGEST
) -> tuple[list[set[UUID]], int]:
    """Return what hangs together with identities, group by group, and how many groups are too large."""
    group_of: dict[UUID, set[UUID]] = {}
    fresh = set(child_ids)
    while fresh:
        seen = set(group_of)
        for one, other in clusters.strong_pairs(transaction, fresh, strong=comparing.model.link):
            mine, theirs = (group_of.setdefault(child, {child}) for child in (one, other))
            if mine is not theirs:
                small, large = sorted((mine, theirs), key=len)
                large |= small
                group_of.update(dict.fromkeys(small, large))
        # what was asked for once need not be asked for again, and a heap that explodes not at all
        fresh = {child for child in set(group_of) - seen - fresh if len(group_of[child]) <= largest}
    groups = list({id(group): group for group in group_of.values()}.values())
    bounded = [group for group in groups if len(group) <= largest]
    return bounded, len(groups) - len(bounded)


def _complete(transaction: Transaction, vault: Vault, comparing: Comparing, groups: Sequence[Collection[UUID]]) -> None:
    """Compare what hangs together and shares no block: within a group no pair is left unknown."""
    inside = {child for group in groups if len(group) > 2 for child in group}
    known = {pair.ids for pair in clusters.pairs_among(transaction, inside)}
    free = {child for child, one in clusters.standings(transaction, inside).items() if one.free}
    missing = [
        pair
        for group in groups
        if len(group) > 2
        for a, b in combinations(sorted(free.intersection(group)), 2)
        if (pair := pair_of(a, b)) not in known
    ]
    clusters.write_pairs(transaction, _scored(transaction, vault, comparing, missing).rows)
