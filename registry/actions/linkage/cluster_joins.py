"""Works out which records of a group are one child, and keeps what changed: joins made, joins ended, pointers.

The engine joins by evidence only records for which linkage found nobody. A record that has a citizen, or waits for
one, is joined by a person alone: so a citizen reaches another record never silently, but as a pair to be decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np

from matching.clustering import NO_ANCHOR, Clusters, Reason, Rule, cluster
from registry.store import clusters, grouping, record_pairs
from registry.store.clusters import Pair, Standing, StandingJoin, StoredPair, pair_of
from registry.store.record_pairs import StoredVerdict
from registry.store.session import Transaction

_REASONS: Final[Mapping[int, str]] = {Reason.EVIDENCE: "evidence", Reason.PERSON: "person"}
_SUREST: Final = 1e-12  # how near to 0 or 1 a probability may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What working out groups came to."""

    made: int  # joins
    ended: int
    refused: tuple[Pair, ...]  # pairs that a person called the same, against a stronger rule


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the identities that are worked out."""

    standings: Mapping[UUID, Standing]
    pairs: Sequence[StoredPair]
    verdicts: Sequence[StoredVerdict]
    joins: Sequence[StandingJoin]


@dataclass(slots=True)
class _Changes:
    """What is to be written."""

    made: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[tuple[str, UUID | None], list[StandingJoin]] = field(default_factory=dict)  # why and by whom → joins
    standing: list[Pair] = field(default_factory=list)
    refused: list[Pair] = field(default_factory=list)


def settle_groups(transaction: Transaction, groups: Sequence[Collection[UUID]], *, rule: Rule) -> Settled:
    """Work out groups of identities anew and keep what changed. Who calls has taken a turn.

    Args:
        groups: identities that hang together; no identity stands in two.
    """
    ids = {child for group in groups for child in group}
    known = _Known(
        clusters.standings(transaction, ids),
        clusters.pairs_among(transaction, ids),
        record_pairs.verdicts_among(transaction, ids),
        clusters.joins_among(transaction, ids),
    )
    place = {child: number for number, group in enumerate(groups) for child in group}
    parts = [_Known(known.standings, [], [], []) for _ in groups]
    for each in ("pairs", "verdicts", "joins"):
        for row in getattr(known, each):
            one, other = (place.get(end) for end in row.ids)
            if one is not None and one == other:
                getattr(parts[one], each).append(row)
    changes = _Changes()
    for group, part in zip(groups, parts, strict=True):
        _work_out(transaction, sorted(group), part, rule=rule, changes=changes)
    _write(transaction, changes)
    return Settled(
        made=len(changes.made),
        ended=sum(len(joins) for joins in changes.ended.values()),
        refused=tuple(changes.refused),
    )


def _work_out(transaction: Transaction, ids: list[UUID], known: _Known, *, rule: Rule, changes: _Changes) -> None:
    living = [child for child in ids if child in known.standings]
    said = {verdict.ids: verdict for verdict in known.verdicts if verdict.says != "unsure"}
    found = _clustered(living, known, said, rule=rule)
    changes.refused += [pair_of(living[a], living[b]) for a, b in found.refused]
    wanted = dict(_wanted(living, found))
    for join in known.joins:
        if join.ids in wanted and wanted[join.ids]["reason"] == join.reason:
            del wanted[join.ids]
            changes.standing.append(join.ids)
        else:
            changes.ended.setdefault(_why_ended(join, known, said), []).append(join)
    for pair, row in wanted.items():
        maker = said[pair].staff_id if row["reason"] == grouping.PERSON else None
        made = {"child_id": pair[0], "join_id": uuid4(), "other_id": pair[1], **row}
        changes.made.append({**made, "made_at": transaction.access.at, "made_by": maker})


def _clustered(living: Sequence[UUID], known: _Known, said: Mapping[Pair, StoredVerdict], *, rule: Rule) -> Clusters:
    at = {child: number for number, child in enumerate(living)}
    binding = {
        says: [(at[a], at[b]) for (a, b), one in said.items() if one.says == says and a in at and b in at]
        for says in ("same", "different")
    }
    citizens = {person: number for number, person in enumerate(dict.fromkeys(_citizens(living, known)))}
    anchors = [citizens.get(known.standings[child].person_id, NO_ANCHOR) for child in living]
    free = _free(living, known, binding["same"], anchors)
    pairs = [(at[a], at[b], one) for one in known.pairs for a, b in [one.ids] if a in free and b in free]
    return cluster(
        len(living),
        [a for a, _, _ in pairs],
        [b for _, b, _ in pairs],
        [_log_odds(one, rule) for _, _, one in pairs],
        same=binding["same"],
        different=binding["different"],
        anchors=anchors,
        rule=rule,
    )


def _citizens(living: Iterable[UUID], known: _Known) -> Iterable[UUID | None]:
    return (person for child in living if (person := known.standings[child].person_id) is not None)


def _free(living: Sequence[UUID], known: _Known, same: Iterable[tuple[int, int]], anchors: Sequence[int]) -> set[UUID]:
    """Return the identities that the engine may join: neither they nor what is bound to them has or awaits a citizen.

    Args:
        same: places of identities that a person called the same.
    """
    bound = cluster(len(living), [], [], [], same=same, anchors=anchors)
    taken = {int(bound.labels[place]) for place, child in enumerate(living) if not known.standings[child].free}
    return {child for place, child in enumerate(living) if int(bound.labels[place]) not in taken}


def _log_odds(pair: StoredPair, rule: Rule) -> float:
    """Return what a pair counts; one that is held for a person counts as one that was never compared."""
    if pair.held:
        return rule.missing
    probability = min(max(pair.probability, _SUREST), 1 - _SUREST)
    return float(np.log(probability / (1 - probability)))


def _wanted(living: Sequence[UUID], found: Clusters) -> Iterable[tuple[Pair, dict[str, Any]]]:
    joins = found.joins
    for row in range(len(joins)):
        reason = _REASONS.get(int(joins.reason[row]))
        if reason is not None:
            by_evidence = reason != grouping.PERSON
            yield (
                pair_of(living[int(joins.left[row])], living[int(joins.right[row])]),
                {
                    "reason": reason,
                    "probability": 1 / (1 + exp(-float(joins.support[row]))) if by_evidence else None,
                    "compared": int(joins.compared[row]),
                    "missing": int(joins.missing[row]),
                },
            )


def _why_ended(join: StandingJoin, known: _Known, said: Mapping[Pair, StoredVerdict]) -> tuple[str, UUID | None]:
    ends = [known.standings.get(child) for child in join.ids]
    if None in ends:
        return "withdrawn", None
    verdict = said.get(join.ids)
    if verdict is not None and verdict.says == "different":
        return "undone", verdict.staff_id
    if any(end is not None and end.person_id is not None for end in ends):
        return "linked", None
    return "evidence", None


def _write(transaction: Transaction, changes: _Changes) -> None:
    at = transaction.access.at
    touched: Counter[UUID] = Counter()
    for (because, by), joins in changes.ended.items():
        clusters.end_joins(transaction, joins, because=because, by=by, at=at)
        touched.update(child for join in joins for child in join.ids)
    clusters.write_joins(transaction, changes.made)
    touched.update(child for row in changes.made for child in (row["child_id"], row["other_id"]))
    heads = grouping.heads(transaction, {child for pair in changes.standing for child in pair})
    touched.update(child for pair in changes.standing if heads[pair[0]] != heads[pair[1]] for child in pair)
    if touched:
        grouping.regroup_identities(transaction, touched, at=at)
