"""Matching tokens to names by which of them stand together: in one row, and in rows that share another token."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from hard_set_habits import Reals, Whole
from leakage_assignment import assign
from leakage_rank import Groups
from leakage_surfaces import NOISE, Longs, Tokens

_ROUNDS: Final = 12
_TOLERATED: Final = 0.02  # of the smaller group: cells that two groups of tokens may share and still be one name
_NAME_LINKS: Final = ("name_year", "name_commune", "name_mother", "name_father", "name_date", "last_parts_date")
_MOST_LINKED: Final = 400  # rows of one token that are tied to one another
_MATCHED: Final = 300  # groups that are given names
_NONE: Final = -1


class Together(NamedTuple):
    """What the assignment by co-occurrence got right in the cells that were tried."""

    before: float  # of all occurrences: by frequency alone
    after: float


class Grouped(NamedTuple):
    """What tying tokens of given names to one another recovered."""

    purity: float  # share of the children in a group of whom the group says what is commonest in it
    ends: float  # share of all children of whom what the tied tokens say was got right
    whole: float  # share of all children whose whole name was got right


def by_cooccurrence(stolen: Tokens, counted: Tokens, *, most: int, cells: int) -> Together:
    """Return what an iterated assignment recovers in some cells of the search table.

    It begins with the assignment by frequency; in each round the names of a random half are kept, and the others are
    assigned anew by how often each token stands beside those of the kept half. The pairs of the counted people give
    the means. After the idea of Oya and Kerschbaum 2022, USENIX Security 31 (iteration heuristic for quadratic
    assignment).

    Args: `most`: tokens that are assigned in a cell, to twice as many names; `cells`: how many cells, drawn by chance.
    """
    senses, beside = _beside(counted, 2 * most)
    people = len(np.unique(counted.row))
    wanted = np.random.default_rng(4).permutation(np.unique(stolen.cell))[:cells]
    order = np.argsort(stolen.cell, kind="stable")
    ordered = stolen.cell[order]
    before = after = total = 0
    for cell in wanted:
        within = stolen.only(order[np.searchsorted(ordered, cell) : np.searchsorted(ordered, cell, side="right")])
        tokens, seen = _beside(within, most)
        mean = beside * (len(np.unique(within.row)) / people)
        place = np.searchsorted(tokens, within.token).clip(max=len(tokens) - 1)
        inside = tokens[place] == within.token
        first, last = _iterated(seen, mean)
        before += int((senses[first[place]] == within.sense)[inside].sum())
        after += int((senses[last[place]] == within.sense)[inside].sum())
        total += int((~within.of_kinds(NOISE)).sum())
    return Together(before / max(total, 1), after / max(total, 1))


def _beside(tokens: Tokens, most: int) -> tuple[Longs, Reals]:
    """Return the commonest tokens (of counted people: senses), sorted, and how often each pair stands in one row."""
    counted = len(np.unique(tokens.cell)) > 1
    useful = ~tokens.of_kinds("date_last", "date_first", NOISE) if counted else np.ones(len(tokens.row), dtype=np.bool_)
    value = (tokens.sense if counted else tokens.token)[useful]
    row = tokens.row[useful].astype(np.int64)
    distinct, count = np.unique(value, return_counts=True)
    chosen = np.sort(distinct[np.argsort(-count, kind="stable")[:most]])
    place = np.searchsorted(chosen, value).clip(max=len(chosen) - 1)
    known = chosen[place] == value
    row, place = row[known], place[known]
    order = np.argsort(row, kind="stable")
    return chosen, _pairs(row[order], place[order], len(chosen))


def _pairs(row: Whole, place: Whole, number: int) -> Reals:
    """Return how often two places stand in one row; on the diagonal, how often each stands at all."""
    flat = np.zeros(number * number, dtype=np.float64)
    for apart in range(29):  # as many as a row has tokens, and none
        same = row[: len(row) - apart] == row[apart:]
        if not same.any():
            break
        pair = place[: len(row) - apart][same] * number + place[apart:][same]
        flat += np.bincount(pair, minlength=number * number)
    table = flat.reshape(number, number)
    return np.asarray(table + table.T - np.diag(np.diag(table)))


def _iterated(seen: Reals, mean: Reals) -> tuple[Whole, Whole]:
    """Return the name of each token by frequency alone, and after the rounds."""
    rng = np.random.default_rng(5)
    floor = np.log(np.maximum(mean, 1e-3))
    alone = -(np.outer(np.diag(seen), np.ones(len(mean))) * np.diag(floor) - np.diag(mean))
    first = assign(alone)
    guess = first.copy()
    for _ in range(_ROUNDS):
        kept = rng.random(len(seen)) < 0.5
        fits = seen[:, kept] @ floor[:, guess[kept]].T - mean[:, guess[kept]].sum(axis=1)
        free = np.setdiff1d(np.arange(len(mean)), guess[kept])
        cost = (alone - fits)[np.ix_(~kept, free)]
        guess[~kept] = free[assign(cost)]
    return first, guess


class _Parts:
    """Groups of tokens that stand for one given name; two tokens of one commune and year never do."""

    def __init__(self, cells: list[int]) -> None:
        self._above = list(range(len(cells)))
        self._cells = [1 << cell for cell in cells]

    def top(self, token: int) -> int:
        """Return the token that stands for the group."""
        while self._above[token] != token:
            self._above[token] = self._above[self._above[token]]
            token = self._above[token]
        return token

    def join(self, one: int, other: int) -> None:
        """Make two groups one unless too many of their cells contradict that."""
        one, other = self.top(one), self.top(other)
        if one == other:
            return
        mine, theirs = self._cells[one], self._cells[other]
        if (mine & theirs).bit_count() > _TOLERATED * min(mine.bit_count(), theirs.bit_count()):
            return
        if mine.bit_count() < theirs.bit_count():
            one, other = other, one
        self._above[other] = one
        self._cells[one] = mine | theirs
        self._cells[other] = 0


def _ties(stolen: Tokens, given: Whole) -> tuple[Longs, Longs]:
    """Return pairs of given-name tokens whose rows share a token of a whole name, those sharing more of them first."""
    chosen = stolen.of_kinds(*(kind for kind in _NAME_LINKS if kind in stolen.kinds))
    token, row = stolen.token[chosen], stolen.row[chosen]
    order = np.argsort(token, kind="stable")
    token, node = token[order], given[row[order]]
    size = np.unique(token, return_inverse=True, return_counts=True)
    few = size[2][size[1]] <= _MOST_LINKED
    ties = []
    for apart in (1, 2, 3):
        same = (token[:-apart] == token[apart:]) & few[apart:] & (node[:-apart] >= 0) & (node[apart:] >= 0)
        ties.append(np.stack([node[:-apart][same], node[apart:][same]]))
    both = np.concatenate(ties, axis=1)
    both = np.sort(both[:, both[0] != both[1]], axis=0)
    pairs, count = np.unique(both, axis=1, return_counts=True)
    strongest = np.argsort(-count, kind="stable")
    return pairs[0][strongest], pairs[1][strongest]


def named_by_ties(stolen: Tokens, counted: Tokens, *, kind: str, groups: Groups) -> Grouped:
    """Return what tying the tokens of given names (or what else `kind` says) over communes and years recovers.

    A token of a given name is of one commune and year; rows that share the token of a whole name tie two of them.
    Groups of tied tokens are matched to names by likelihood, by how many of their children are in each of `groups`.
    Then the commonest whole names of each year within a group are taken for the commonest such names of the counted.
    """
    rows = int(stolen.row.max()) + 1
    own = stolen.of_kinds(kind)
    node_token, node = np.unique(stolen.token[own], return_inverse=True)
    if not len(node_token):
        return Grouped(0.0, 0.0, 0.0)
    given = np.full(rows, -1, dtype=np.int64)
    given[stolen.row[own]] = node
    cells = np.unique(stolen.cell[own], return_inverse=True)[1]
    cell_of = np.zeros(len(node_token), dtype=np.int64)
    cell_of[node] = cells
    parts = _Parts(cell_of.tolist())
    for one, other in zip(*(side.tolist() for side in _ties(stolen, given)), strict=True):
        parts.join(one, other)
    top = np.array([parts.top(each) for each in range(len(node_token))])
    group = np.where(given >= 0, top[given], -1)
    sense = np.full(rows, _NONE, dtype=np.int64)
    sense[stolen.row[own]] = stolen.sense[own]
    guess = _named_groups(group, counted.only(counted.of_kinds(kind)), groups)
    hit = (guess == sense) & (guess != _NONE)
    return Grouped(_purity(group, sense), float(hit.mean()), _whole_names(stolen, counted, guess, kind))


def _purity(group: Longs, sense: Longs) -> float:
    pairs, count = np.unique(np.stack([group[group >= 0], sense[group >= 0]]), axis=1, return_counts=True)
    order = np.lexsort((-count, pairs[0]))
    first = np.unique(pairs[0][order], return_index=True)[1]
    return float(count[order][first].sum() / count.sum())


def _named_groups(group: Longs, counted: Tokens, groups: Groups) -> Longs:
    """Return a guess at the sense of each row."""
    tops, size = np.unique(group[group >= 0], return_counts=True)
    tops = np.sort(tops[np.argsort(-size, kind="stable")[:_MATCHED]])
    senses, count = np.unique(counted.sense, return_counts=True)
    senses = np.sort(senses[np.argsort(-count, kind="stable")[: 2 * _MATCHED]])
    tops = tops[: len(senses)]
    of = np.searchsorted(tops, group).clip(max=len(tops) - 1)
    inside = tops[of] == group
    seen = _table(of[inside], groups.stolen[inside], len(tops), groups.number)
    at = np.searchsorted(senses, counted.sense).clip(max=len(senses) - 1)
    known = senses[at] == counted.sense
    mean = _table(at[known], groups.counted[counted.row[known]], len(senses), groups.number) + 0.01
    gain = seen @ np.log(mean).T - mean.sum(axis=1)
    guess = np.where(inside, senses[assign(-gain)][of], _NONE)
    return np.asarray(guess)


def _table(one: Whole, other: Whole, tall: int, wide: int) -> Reals:
    return np.bincount(one * wide + other, minlength=tall * wide).reshape(tall, wide).astype(np.float64)


def _whole_names(stolen: Tokens, counted: Tokens, guess: Longs, kind: str) -> float:
    """Return the share of children named right: rank of whole names within (year, guessed given name)."""
    rows = len(guess)
    theirs = np.full(int(counted.row.max()) + 1, _NONE, dtype=np.int64)
    of = counted.of_kinds(kind)
    theirs[counted.row[of]] = counted.sense[of]
    named: list[dict[tuple[int, int, int], tuple[int, int]]] = []
    for tokens, given in ((stolen, guess), (counted, theirs)):
        chosen = tokens.of_kinds("name_year")
        keys = np.stack([tokens.cell[chosen], given[tokens.row[chosen]], tokens.token[chosen]])
        triples, count = np.unique(keys[:, keys[1] != _NONE], axis=1, return_counts=True)
        order = np.lexsort((-count, triples[1], triples[0]))
        cell, name, token = (column[order] for column in triples)
        begins = np.flatnonzero(np.concatenate([[True], (cell[1:] != cell[:-1]) | (name[1:] != name[:-1])]))
        rank = np.arange(len(cell)) - np.repeat(begins, np.diff(np.append(begins, len(cell))))
        keyed = zip(cell.tolist(), name.tolist(), rank.tolist(), strict=True)
        named.append(dict(zip(keyed, zip(token.tolist(), count[order].tolist(), strict=True), strict=True)))
    right = sum(mine[1] for key, mine in named[0].items() if key in named[1] and named[1][key][0] == mine[0])
    return right / rows
