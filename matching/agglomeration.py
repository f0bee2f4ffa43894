"""Agglomeration: the records of one connected heap joined step by step, best first, under rules that bind."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from math import log

Pair = tuple[int, int]

NO_ANCHOR = -1


def log_odds_of(probability: float) -> float:
    """Return the natural logarithm of the odds of a probability between 0 and 1."""
    return log(probability / (1 - probability))


class Reason(IntEnum):
    """Why two clusters became one."""

    CITIZEN = 0  # both are anchored to one citizen
    PERSON = 1  # a person said that they are the same child
    EVIDENCE = 2  # the pairs between them


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When clusters join; all numbers but `largest` are natural logarithms of odds.

    Source: average linkage of R. R. Sokal and C. D. Michener (1958), with a floor under every single pair.
    """

    threshold: float = log_odds_of(0.99)  # the mean over all cross pairs must reach it
    floor: float = log_odds_of(0.05)  # a compared pair below it stops the join, whatever the others say
    missing: float = log_odds_of(0.05)  # what a pair counts that was never compared: no block is shared
    cap: float = 2 * log_odds_of(0.99)  # no pair counts more, so that a strong one does not carry a weak one
    largest: int = 2000  # records; a larger heap of strong pairs is left alone and reported

    @classmethod
    def at(cls, link: float, review: float) -> Rule:
        """Return the rule that goes with the thresholds of a model: probabilities for a link and for a review."""
        strong, weak = log_odds_of(link), log_odds_of(review)
        return cls(threshold=strong, floor=weak, missing=weak, cap=max(2 * strong, strong))


@dataclass(frozen=True, slots=True)
class Join:
    """One join, told by the best pair between the two clusters."""

    pair: Pair
    reason: Reason
    support: float = float("nan")  # mean over all cross pairs; not a number where a person or a citizen is the reason
    weakest: float = float("nan")  # of the compared pairs
    compared: int = 0  # cross pairs that were compared
    missing: int = 0  # cross pairs that were not


@dataclass(slots=True)
class _Cross:
    """What is known of the pairs between two clusters."""

    total: float
    compared: int
    weakest: float
    best: float
    pair: Pair  # the best one

    def together_with(self, other: _Cross) -> _Cross:
        best = min((self, other), key=lambda one: (-one.best, one.pair))
        return _Cross(
            self.total + other.total,
            self.compared + other.compared,
            min(self.weakest, other.weakest),
            best.best,
            best.pair,
        )


@dataclass(slots=True)
class Heap:
    """The records of one component while they are joined; a cluster is named by its smallest record."""

    rule: Rule
    members: dict[int, list[int]]
    anchor: dict[int, int]
    cross: dict[int, dict[int, _Cross]]
    barred: dict[int, set[int]]
    joins: list[Join] = field(default_factory=list)
    refused: list[Pair] = field(default_factory=list)

    @classmethod
    def of(cls, anchors: dict[int, int], rule: Rule) -> Heap:
        """Return the records, each a cluster of its own; args: anchors: the citizen of each record, or NO_ANCHOR."""
        return cls(
            rule,
            {node: [node] for node in anchors},
            dict(anchors),
            {node: {} for node in anchors},
            {node: set() for node in anchors},
        )

    def keep_apart(self, pairs: Iterable[Pair]) -> None:
        """Bar pairs for ever."""
        for a, b in pairs:
            self.barred[a].add(b)
            self.barred[b].add(a)

    def compare(self, pairs: Iterable[tuple[int, int, float]]) -> None:
        """Take in what pairs of single records say: each pair once, the log odds capped."""
        for a, b, odds in pairs:
            self.cross[a][b] = self.cross[b][a] = _Cross(odds, 1, odds, odds, (a, b))

    def bind(self, pairs: Iterable[tuple[Pair, Reason]]) -> None:
        """Join what a citizen or a person binds, unless that brings together what must stay apart."""
        at = {node: node for node in self.members}
        for (a, b), reason in pairs:
            one, other = at[a], at[b]
            if one == other:
                continue
            if not self._may_meet(one, other):
                self.refused.append((a, b))
                continue
            kept = self._fuse(one, other)
            at.update(dict.fromkeys(self.members[kept], kept))
            self.joins.append(Join((a, b), reason))

    def agglomerate(self) -> None:
        """Join the two clusters with the best support, again and again, until no two support each other."""
        waiting = [entry for a in self.cross for b in self.cross[a] if a < b and (entry := self._entry(a, b))]
        heapq.heapify(waiting)
        while waiting:
            _, a, b, size_a, size_b = heapq.heappop(waiting)
            if len(self.members.get(a, ())) != size_a or len(self.members.get(b, ())) != size_b:
                continue  # one of them has grown or gone since
            cross, support = self.cross[a][b], self._support(a, b)
            missing = size_a * size_b - cross.compared
            self.joins.append(Join(cross.pair, Reason.EVIDENCE, support, cross.weakest, cross.compared, missing))
            kept = self._fuse(a, b)
            for other in self.cross[kept]:
                if entry := self._entry(min(kept, other), max(kept, other)):
                    heapq.heappush(waiting, entry)

    def _entry(self, a: int, b: int) -> tuple[float, int, int, int, int] | None:
        support = self._support(a, b)
        if support < self.rule.threshold or self.cross[a][b].weakest < self.rule.floor or not self._may_meet(a, b):
            return None
        return -support, a, b, len(self.members[a]), len(self.members[b])

    def _support(self, a: int, b: int) -> float:
        pairs, cross = len(self.members[a]) * len(self.members[b]), self.cross[a][b]
        return (cross.total + self.rule.missing * (pairs - cross.compared)) / pairs

    def _may_meet(self, a: int, b: int) -> bool:
        mine, theirs = self.anchor[a], self.anchor[b]
        return b not in self.barred[a] and (mine == theirs or NO_ANCHOR in (mine, theirs))

    def _fuse(self, a: int, b: int) -> int:
        kept, gone = min(a, b), max(a, b)
        self.members[kept] += self.members.pop(gone)
        self.anchor[kept] = max(self.anchor[kept], self.anchor.pop(gone))
        mine = self.cross[kept]
        mine.pop(gone, None)
        for other, cross in self.cross.pop(gone).items():
            if other != kept:
                del self.cross[other][gone]
                together = mine[other].together_with(cross) if other in mine else cross
                mine[other] = self.cross[other][kept] = together
        for other in self.barred.pop(gone):
            self.barred[other].discard(gone)
            self.barred[other].add(kept)
            self.barred[kept].add(other)
        return kept
