"""Matching tokens to names by how often they stand in the table: by rank, and by likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from hard_set_habits import Reals, Truths, Whole
from leakage_assignment import assign
from leakage_surfaces import NOISE, Longs, Tokens

_DATED: Final = ("date_last", "date_first")  # one name stands behind many such tokens of a cell
_BITS: Final = 20  # of a count, and of the chance that decides between equal ones


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The distinct tokens of a table with their cell, kind, sense and number."""

    token: Longs
    cell: Longs
    kind: npt.NDArray[np.int8]
    sense: Longs
    count: Longs


class Recovered(NamedTuple):
    """What an attack got right."""

    occurrences: float  # share of all that are not noise
    by_kind: Mapping[str, float]
    whole_names: float  # share of the children whose whole name was got right


def distinct(tokens: Tokens) -> Counted:
    """Return the distinct tokens."""
    count = np.bincount(tokens.token)
    token = np.flatnonzero(count)
    somewhere = np.zeros(len(count), dtype=np.int64)
    somewhere[tokens.token] = np.arange(len(tokens.token))
    at = somewhere[token]
    return Counted(token, tokens.cell[at], tokens.kind[at], tokens.sense[at], count[token])


def _ranked(group: Longs, count: Longs, rng: np.random.Generator) -> tuple[Longs, Longs, Longs]:
    """Return an order of the entries, by group and falling count with ties by chance, rank of each, and the groups."""
    seldom = (1 << _BITS) - 1 - np.minimum(count, (1 << _BITS) - 1)
    order = np.argsort((group << (2 * _BITS)) | (seldom << _BITS) | rng.integers(0, 1 << _BITS, len(group)))
    ordered = group[order]
    return order, np.arange(len(group)) - np.searchsorted(ordered, ordered, side="left"), ordered


def _named(mine: tuple[Longs, Longs], theirs: tuple[Longs, Longs, Longs], value: Longs) -> Longs:
    """Return the attacker's value of the same group and rank for each entry; -1: her list is not so long.

    Args: `mine`: rank and group of the entries; `theirs`: order, rank and group of the attacker's; `value`: hers.
    """
    order, _, ordered = theirs
    place = np.searchsorted(ordered, mine[1], side="left") + mine[0]
    inside = place < np.searchsorted(ordered, mine[1], side="right")
    return np.where(inside, value[order[place.clip(max=len(order) - 1)]], -1)


def by_rank(stolen: Tokens, counted: Tokens) -> Truths:
    """Return which distinct tokens are named right: within each cell, the commonest for the commonest and so on."""
    mine = distinct(stolen)
    theirs = distinct(_without_noise(counted))
    rng = np.random.default_rng(1)
    order, rank, ordered = _ranked(mine.cell, mine.count, rng)
    guess = _named((rank, ordered), _ranked(theirs.cell, theirs.count, rng), theirs.token)
    right = np.zeros(len(mine.token), dtype=np.bool_)
    right[order] = guess == mine.token[order]
    return right


def _without_noise(tokens: Tokens, *others: str) -> Tokens:
    return tokens.only(~tokens.of_kinds(*others, NOISE)) if NOISE in tokens.kinds else tokens


def pooled_guesses(stolen: Tokens, counted: Tokens, *, apart: bool) -> tuple[Counted, Longs, Longs]:
    """Return the distinct tokens with the sense guessed for each and its rank in its cell; sense -1: none is left.

    The guesses are by lists that are counted over all cells together.

    Args: `apart`: the kind of a token stands in clear, so each kind has a list of its own.
    """
    mine = distinct(stolen)
    useful = _without_noise(counted, *_DATED)
    list_of = useful.kind.astype(np.int64) if apart else np.zeros(len(useful.row), dtype=np.int64)
    pairs, count = np.unique((list_of << _BITS * 2) | useful.sense, return_counts=True)
    rng = np.random.default_rng(2)
    theirs = _ranked(pairs >> _BITS * 2, count, rng)
    order, rank, _ = _ranked(mine.cell, mine.count, rng)
    kind = mine.kind[order].astype(np.int64) if apart else np.zeros(len(order), dtype=np.int64)
    guess, place = np.empty(len(order), dtype=np.int64), np.empty(len(order), dtype=np.int64)
    guess[order] = _named((rank, kind), theirs, pairs & ((1 << _BITS * 2) - 1))
    place[order] = rank
    return mine, guess, place


def by_pooled_rank(stolen: Tokens, counted: Tokens, *, apart: bool) -> Truths:
    """Return which distinct tokens `pooled_guesses` names right."""
    mine, guess, _ = pooled_guesses(stolen, counted, apart=apart)
    return np.asarray(guess == mine.sense)


def recovered(stolen: Tokens, right: Truths, *, naming: tuple[str, ...]) -> Recovered:
    """Return what was recovered when these distinct tokens were named right.

    Args: `naming`: the kinds that hold the whole name.
    """
    named_right = np.zeros(int(stolen.token.max()) + 1, dtype=np.bool_)
    named_right[np.flatnonzero(np.bincount(stolen.token))] = right
    hit = named_right[stolen.token]
    real = ~stolen.of_kinds(NOISE) if NOISE in stolen.kinds else np.ones(len(hit), dtype=np.bool_)
    by_kind = {
        kind: float(hit[of].mean())
        for place, kind in enumerate(stolen.kinds)
        if kind != NOISE and (of := stolen.kind == place).any()
    }
    named = np.unique(stolen.row[hit & stolen.of_kinds(*(kind for kind in naming if kind in stolen.kinds))])
    return Recovered(float(hit[real].mean()), by_kind, len(named) / (int(stolen.row.max()) + 1))


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """In which group of the clear columns each row is, such as sex and province: names differ between groups."""

    stolen: Whole
    counted: Whole
    number: int


def _by_group(keys: Longs, entries: Longs, groups: Whole, number: int) -> Reals:
    """Return how often each of `keys` (sorted) stands in rows of each group."""
    place = np.searchsorted(keys, entries).clip(max=len(keys) - 1)
    known = keys[place] == entries
    flat = np.bincount(place[known] * number + groups[known], minlength=len(keys) * number)
    return flat.reshape(len(keys), number).astype(np.float64)


def by_likelihood(stolen: Tokens, counted: Tokens, *, groups: Groups, most: int, cells: int) -> Recovered:
    """Return what the likeliest assignment of names to the commonest tokens of some cells recovers.

    The number of a token in each group is taken for a Poisson number whose mean follows from the names counted.

    Args: `most`: tokens that are assigned in a cell, to twice as many names; `cells`: how many cells, drawn by chance.
    """
    usual = _without_noise(counted, *_DATED)
    sense = np.unique(usual.sense)
    share = _by_group(sense, usual.sense, groups.counted[usual.row], groups.number)
    size = np.bincount(groups.counted, minlength=groups.number).astype(np.float64)
    overall = share.sum(axis=1) / size.sum()
    share = (share + 20 * overall[:, None]) / (size + 20)
    wanted = np.random.default_rng(3).permutation(np.unique(stolen.cell))[:cells]
    got = named = total = rows = 0
    order = np.argsort(stolen.cell, kind="stable")
    ordered = stolen.cell[order]
    for cell in wanted:
        within = stolen.only(order[np.searchsorted(ordered, cell) : np.searchsorted(ordered, cell, side="right")])
        own = np.bincount(groups.stolen[np.unique(within.row)], minlength=groups.number).astype(np.float64)
        right = _likeliest(within, sense, own * share, groups.stolen[within.row], most)
        real = ~within.of_kinds(NOISE) if NOISE in within.kinds else np.ones(len(right), dtype=np.bool_)
        got, total = got + int(right[real].sum()), total + int(real.sum())
        whole = within.of_kinds(*(kind for kind in ("whole", "name_year", "name_commune") if kind in within.kinds))
        named, rows = named + len(np.unique(within.row[right & whole])), rows + len(np.unique(within.row))
    return Recovered(got / max(total, 1), {}, named / max(rows, 1))


def _likeliest(within: Tokens, sense: Longs, mean: Reals, group: Whole, most: int) -> Truths:
    """Return which entries of a cell the likeliest assignment names right."""
    token, count = np.unique(within.token, return_counts=True)
    chosen = np.sort(token[np.argsort(-count, kind="stable")[:most]])
    candidates = np.argsort(-mean.sum(axis=1), kind="stable")[: 2 * most]
    seen = _by_group(chosen, within.token, group, mean.shape[1])
    usual = np.maximum(mean[candidates], 1e-6)
    gain = seen @ np.log(usual).T - usual.sum(axis=1)
    guess = sense[candidates[assign(-gain)]]
    place = np.searchsorted(chosen, within.token).clip(max=len(chosen) - 1)
    return np.asarray((chosen[place] == within.token) & (guess[place] == within.sense))
