"""Weighing: levels become odds, against a random person and against people who are declared to be alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.columns.declared import Declared
from matching.columns.values import Codes, ColumnValues, Hashes
from matching.hash_counts import HashCounts
from matching.weights import Model, Reals

Levels = npt.NDArray[np.int8]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnFrequencies:
    """How common the values of each column are in a population; values are known by their numbers alone."""

    people: int
    known: Mapping[str, int]  # people of whom the column says something
    counts: Mapping[str, HashCounts]

    @classmethod
    def counting(cls, people: int, codes: Mapping[str, Codes], values: Mapping[str, ColumnValues]) -> ColumnFrequencies:
        """Count the values of every row of a population."""
        known, counts = {}, {}
        for column, found in codes.items():
            times = np.bincount(found[found >= 0], minlength=len(values[column]))
            borne = np.flatnonzero(times)
            counts[column] = HashCounts()
            counts[column].add(values[column].hashes()[borne], times[borne].astype(np.int64))
            known[column] = int(times.sum())
        return cls(people, known, counts)

    def shares(self, column: str, hashes: Hashes) -> Reals:
        """Return the share of people who have each value; a value that nobody has counts as one person's."""
        counts = np.maximum(self.counts[column].of(hashes), 1)
        return np.minimum(counts / max(self.known[column], 1), 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Alike:
    """P(level | these people) = `own` + `random` x P(level | random person), per field and level code."""

    rate: float
    own: Reals
    random: Reals


def _alike(model: Model, declared: Declared) -> list[_Alike]:
    """Return the tables of each class: of what it shares, a record looks as the person's own would."""
    classes = []
    for each in declared.look_alikes:
        own, random = np.zeros_like(model.m), np.ones_like(model.m)
        own[:, 0], random[:, 0] = 1.0, 0.0
        for field, share in each.shares.items():
            place = model.schema.place(field)
            own[place, 1:] = share * model.m[place, 1:]
            random[place, 1:] = 1 - share
        classes.append(_Alike(each.rate, own, random))
    return classes


def _held_levels(model: Model, declared: Declared) -> npt.NDArray[np.bool_]:
    """Return (holds, fields, levels): whether a hold may apply to a pair with this level."""
    table = np.ones((len(declared.holds), *model.m.shape), dtype=np.bool_)
    for row, hold in enumerate(declared.holds):
        for field, names in hold.levels.items():
            place = model.schema.place(field)
            table[row, place] = False
            table[row, place, [model.schema.fields[place].code(name) for name in names]] = True
    return table


class Weighing:
    """The numbers of a model on one population."""

    def __init__(self, model: Model, declared: Declared, frequencies: ColumnFrequencies) -> None:
        self._model, self._frequencies = model, frequencies
        self._alike = _alike(model, declared)
        self._held = _held_levels(model, declared)
        self._fields = np.arange(len(model.schema.fields))
        self._columns = tuple(field.column for field in declared.fields)

    def random_u(self, levels: Levels, right: Mapping[str, Codes], values: Mapping[str, ColumnValues]) -> Reals:
        """Return (pairs, fields): P(level | random person), the person's values being as common as they are.

        Args: `right`: the codes of the person's values, by column.
        """
        u = self._model.u[self._fields, levels]
        times = self._model.times[self._fields, levels]
        for place, column in enumerate(self._columns):
            for source in np.unique(times[:, place])[np.unique(times[:, place]) > 0]:
                name = column if source == 1 else self._model.share_names[source]
                chosen = np.flatnonzero(times[:, place] == source)
                codes = right[name][chosen]
                shares = self._frequencies.shares(name, np.append(values[name].hashes(), np.uint64(0))[codes])
                u[chosen, place] *= np.where(codes >= 0, shares, 1.0)
        return np.minimum(u, 1.0)

    def log_odds(self, levels: Levels, u: Reals) -> Reals:
        """Return the natural logarithm of the odds of each pair: this person against nobody.

        Source: I. P. Fellegi and A. B. Sunter (1969), section 2, the non-matches being a mixture of classes.
        """
        people = max(self._frequencies.people, 1)
        mixture = np.log(u).sum(axis=1)
        for each in self._alike:
            if each.rate > 0:
                alike = np.log(each.own[self._fields, levels] + each.random[self._fields, levels] * u).sum(axis=1)
                mixture = np.logaddexp(mixture, alike + np.log(each.rate / people))
        prior = np.log(self._model.in_population / (1 - self._model.in_population)) - np.log(people)
        odds: Reals = prior + np.log(self._model.m[self._fields, levels]).sum(axis=1) - mixture
        return odds

    def held(self, levels: Levels) -> Truths:
        """Return which pairs may not be linked without a person."""
        held = np.zeros(len(levels), dtype=np.bool_)
        for table in self._held:
            held |= table[self._fields, levels].all(axis=1)
        return held

    def bits(self, levels: Levels, u: Reals) -> tuple[Reals, Reals]:
        """Return the bits of every field against a random person, and what those who are alike take away."""
        fields: Reals = np.log2(self._model.m[self._fields, levels]) - np.log2(u)
        alone = self.log_odds(levels, u)
        people = max(self._frequencies.people, 1)
        prior = np.log2(self._model.in_population / (1 - self._model.in_population)) - np.log2(people)
        return fields, alone / np.log(2) - prior - fields.sum(axis=1)
