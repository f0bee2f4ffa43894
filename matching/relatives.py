"""Relatives: how many brothers, sisters, twins and namesakes a child has, and what they share, counted on a population.

Families are those whose two parents' numbers are the same. Where hardly any numbers are known, they are those of one
commune whose two parents' full names are the same and so rare that two couples of these names are not to be expected
there; a 'family' of two births that one mother cannot have had is none.

Only children are looked at: those born in the last years of the population, and those whose birth is not known. A rate
of relatives that adults had a share in would be that of another time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.hash_counts import Hashes, Longs
from matching.key_sample import MOST_ROWS, KeySample
from matching.packed import Rows
from matching.relative_pairs import FACTS_OF_PAIRS, Sums, add_groups
from matching.relative_rows import (
    BORN,
    COMMUNE,
    DOORS,
    FAMILIES,
    HOMES,
    KINDS,
    NAMES,
    WIDTH,
    WIDTH_OF_HOMES,
    parents_parts,
    relative_keys,
    relative_rows,
)
from matching.value_counts import COMMUNE as COMMUNE_VALUE
from matching.value_counts import EVERYBODY, FATHERS, GIVEN, MIDDLE, MOTHERS, SURNAME, YEAR, ValueCounts, keys_of
from matching.vocabulary import Vocabulary

RELATIONS: Final = ("siblings", "twins", "namesakes", "neighbours")

CHILDHOOD: Final = 18  # years, counted back from the newest births
_NEWEST = 1000  # one birth in so many may be of a year that is a slip of the pen
_YEARS = 10_000
_CHANCE = 0.01  # other couples of these names to be expected in the commune, at most
_NUMBERS_SUFFICE = 0.1  # as many families known by number, for one known by its names
_OF_THE_KEY = frozenset({"commune", "province"})  # families found by commune share it by definition

Chosen = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How often two children of one relation (siblings, twins, namesakes) share a value; `pairs` of them were seen."""

    pairs: int  # pairs that were looked at, which are fewer than there are where the population was sampled
    per_child: float  # how many children a child has this relation to
    shared: Mapping[str, float]  # the name of a fact, e.g. 'surname' → share of the pairs in which it is the same

    def to_document(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {"pairs": self.pairs, "per_child": self.per_child, "shared": dict(self.shared)}


class Relatives:
    """Samples of a population's families and namesakes; they hold facts of people, though hashed."""

    def __init__(self, *, most: int = MOST_ROWS) -> None:
        widths = {kind: WIDTH_OF_HOMES if kind == HOMES else WIDTH for kind in range(KINDS)}
        self.samples = tuple(KeySample(width, most=most) for width in widths.values())

    def add(self, rows: Rows, vocabulary: Vocabulary) -> None:
        """Look at some people; `rows` are packed with `vocabulary`."""
        words, places = vocabulary.syllables.tables(), vocabulary.places.tables()
        keys = relative_keys(rows, places)
        for kind, sample in enumerate(self.samples):
            chosen = sample.choose(keys[kind])
            if len(chosen):
                sample.keep(keys[kind][chosen], relative_rows(rows, chosen, words, places, kind=kind))

    def merge(self, other: Relatives) -> None:
        """Add what was seen of another part of the same population."""
        for mine, theirs in zip(self.samples, other.samples, strict=True):
            mine.merge(theirs)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays."""
        return {
            f"{name}_{kind}": array
            for kind, sample in enumerate(self.samples)
            for name, array in sample.arrays().items()
        }

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Relatives:
        """Return the samples that `arrays` described."""
        relatives = cls()
        for kind, sample in enumerate(relatives.samples):
            sample.take({name: arrays[f"{name}_{kind}"] for name in sample.arrays()})
        return relatives

    def counted(self, values: ValueCounts) -> dict[str, Sharing]:
        """Return each of RELATIONS as it is among the children seen; `values` are counted on the same population."""
        for sample in self.samples:
            sample.settle()
        first = _first_year_of_childhood(values)
        sums = [_sums_of(self.samples[kind], kind, first, values) for kind in range(KINDS)]
        by_number, by_name = (sums[kind].children * 2 ** self.samples[kind].level for kind in (FAMILIES, HOMES))
        families, unknown = sums[FAMILIES], frozenset[str]()
        if by_number < _NUMBERS_SUFFICE * by_name:
            families, unknown = sums[HOMES], _OF_THE_KEY
        return {
            "siblings": _sharing(families, 0, unknown),
            "twins": _sharing(families, 1, unknown),
            "namesakes": _sharing(sums[NAMES], 0),
            "neighbours": _sharing(sums[DOORS], 0),
        }


def _first_year_of_childhood(values: ValueCounts) -> int:
    """Return the first year of birth of the children of a population; 0 where no births are known."""
    years = values.counts.of(keys_of(YEAR, EVERYBODY, np.arange(_YEARS, dtype=np.uint64)))
    later = np.cumsum(years[::-1])[::-1]
    newest = np.flatnonzero(later * _NEWEST >= max(int(later[0]), 1))
    return int(newest[-1]) - CHILDHOOD + 1 if len(newest) else 0


def _sums_of(sample: KeySample, kind: int, first_year: int, values: ValueCounts) -> Sums:
    order = np.argsort(sample.keys, kind="stable")
    keys, rows = sample.keys[order], sample.rows[order]
    years = rows[:, BORN] >> 9
    chosen = (years == 0) | (years >= first_year)
    if kind == HOMES:
        chosen &= _chance_of_another_couple(rows, values) <= _CHANCE
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, np.int64)
    sizes = sample.counts.of(keys[starts])
    return add_groups(rows, np.append(starts, len(keys)), sizes, chosen, kind=kind)


def _chance_of_another_couple(rows: Rows, values: ValueCounts) -> npt.NDArray[np.float64]:
    """Return how many other couples of the parents' names are to be expected in each row's commune."""
    parts = parents_parts(rows)
    facts = [first + fact for first in (MOTHERS, FATHERS) for fact in (GIVEN, SURNAME, MIDDLE)]
    chance = _counts_of(values, COMMUNE_VALUE, rows[:, COMMUNE].astype(np.uint64)).astype(np.float64)
    for column, fact in enumerate(facts):
        seen = _counts_of(values, fact, np.ascontiguousarray(parts[:, column]))
        chance *= (seen + 0.5) / (values.totals[fact, EVERYBODY] + 1)
    return np.asarray(chance, dtype=np.float64)


def _counts_of(values: ValueCounts, fact: int, hashes: Hashes) -> Longs:
    return values.counts.of(keys_of(fact, EVERYBODY, hashes))


def _sharing(sums: Sums, relation: int, unknown: frozenset[str] = frozenset()) -> Sharing:
    known, shared = sums.known[relation], sums.shared[relation]
    return Sharing(
        pairs=int(sums.pairs[relation]),
        per_child=2 * float(sums.weight[relation]) / sums.children if sums.children else 0.0,
        shared={
            name: float(shared[fact] / known[fact])
            for fact, name in sorted(enumerate(FACTS_OF_PAIRS), key=lambda entry: entry[1])
            if known[fact] > 0 and name not in unknown
        },
    )
