"""Linkage: are these records of children in the population, and of whom? One code for one record and for many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.decision import Decision, Scores, decide, needs_a_person, posterior, score
from matching.encode import Dictionary, People, encode
from matching.families import FamilyClass, family_classes
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.levels import RELATIVES, Codes, Field, Pairs, level_of
from matching.relations import compare
from matching.shares import ShareTable, shares_of_pairs
from matching.similarity import Similarity
from matching.weights import Model, Reals

PAIRS_AT_ONCE = 100_000  # bounds the memory of the arrays of one step
_LEAST_SHOWN = 0.01

__all__ = ["Decision", "FieldEvidence", "RecordOutcome", "ScoredCandidate", "link_records"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """What one field says of a pair; `bits` above 0 speak for the same child."""

    field: str
    level: str
    reason: str  # an English sentence, the key of its translation
    bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCandidate:
    """A person whom a record may describe."""

    person: int  # index into the population given
    probability: float
    bits: float
    evidence: tuple[FieldEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcome:
    """What was decided about one record, and on what."""

    decision: Decision
    nobody: float  # probability that the child is not in the population
    candidates: tuple[ScoredCandidate, ...]  # best first


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Some consecutive records with their pairs, compared and weighed."""

    first: int  # the first record's index
    starts: npt.NDArray[np.intp]
    person: npt.NDArray[np.intp]
    levels: Codes
    scores: Scores
    probability: Reals
    nobody: Reals


def _chosen(candidates: Sequence[Sequence[int]], apart: Sequence[frozenset[int]] | None, record: int) -> list[int]:
    barred = apart[record] if apart is not None else frozenset()
    return sorted(set(candidates[record]) - barred)


def _steps(
    candidates: Sequence[Sequence[int]], apart: Sequence[frozenset[int]] | None, pairs_at_once: int
) -> Iterator[tuple[int, list[list[int]]]]:
    """Cut the records into steps of a bounded number of pairs; a record is never cut."""
    rows: list[list[int]] = []
    first, pairs = 0, 0
    for record in range(len(candidates)):
        chosen = _chosen(candidates, apart, record)
        if rows and pairs + len(chosen) > pairs_at_once:
            yield first, rows
            first, rows, pairs = record, [], 0
        rows.append(chosen)
        pairs += len(chosen)
    if rows:
        yield first, rows


class Linkage:
    """A population, a model and frequencies made ready; `weigh` compares and weighs records against them."""

    def __init__(
        self, records: Sequence[Identity], population: Sequence[Identity], *, model: Model, frequencies: Frequencies
    ) -> None:
        self.model = model
        self.frequencies = frequencies
        self._words = Dictionary()
        self._records: People = encode(records, self._words)
        self._people: People = encode(population, self._words)
        self._shares = ShareTable.counting(population, frequencies)
        self._classes: tuple[FamilyClass, ...] = family_classes(model, frequencies)
        self._texts = self._words.parts.texts()
        self._in_use = np.array([frequencies.bears(text) for text in self._words.marks.texts()], dtype=np.bool_)

    def weigh(
        self,
        candidates: Sequence[Sequence[int]],
        *,
        apart: Sequence[frozenset[int]] | None = None,
        pairs_at_once: int = PAIRS_AT_ONCE,
    ) -> Iterator[Weighed]:
        """Compare and weigh every record with its candidates, some records at a time."""
        for first, rows in _steps(candidates, apart, pairs_at_once):
            starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.intp)
            person = np.array([place for row in rows for place in row], dtype=np.intp)
            record = np.repeat(np.arange(first, first + len(rows), dtype=np.intp), np.diff(starts))
            pairs = Pairs(self._records, self._people, record, person, self._similarity(record, person))
            levels = compare(pairs)
            shares = shares_of_pairs(self._shares, person, levels, self.model)
            scores = score(levels, shares, self.model, self._classes, max(self.frequencies.people, 1))
            probability, nobody = posterior(scores.log_odds, starts)
            yield Weighed(first, starts, person, levels, scores, probability, nobody)

    def _similarity(self, record: npt.NDArray[np.intp], person: npt.NDArray[np.intp]) -> Similarity:
        left = [columns.parts[record] for columns in self._records.names]
        right = [columns.parts[person] for columns in self._people.names]
        return Similarity(self._texts, np.concatenate(left), np.concatenate(right), self._in_use)


def _evidence(weighed: Weighed, pair: int) -> tuple[FieldEvidence, ...]:
    lines = []
    for field in Field:
        code = int(weighed.levels[pair, field])
        if code:
            level = level_of(field, code)
            bits = float(weighed.scores.bits[pair, field])
            lines.append(FieldEvidence(field=field.name.lower(), level=level.name, reason=level.reason, bits=bits))
    family = float(weighed.scores.family[pair])
    relatives = FieldEvidence(field="family", level=RELATIVES.name, reason=RELATIVES.reason, bits=family)
    return (*lines, relatives)


def _outcome(weighed: Weighed, row: int, barred: npt.NDArray[np.bool_], model: Model) -> RecordOutcome:
    begin, end = int(weighed.starts[row]), int(weighed.starts[row + 1])
    order = sorted(range(begin, end), key=lambda pair: (-weighed.probability[pair], weighed.person[pair]))
    shown = [pair for pair in order if weighed.probability[pair] >= _LEAST_SHOWN]
    found = tuple(
        ScoredCandidate(
            person=int(weighed.person[pair]),
            probability=float(weighed.probability[pair]),
            bits=float(weighed.scores.bits[pair].sum() + weighed.scores.family[pair]),
            evidence=_evidence(weighed, pair),
        )
        for pair in shown
    )
    best = found[0].probability if found else 0.0
    decision = decide(best, barred=bool(shown) and bool(barred[shown[0]]), model=model)
    return RecordOutcome(decision=decision, nobody=float(weighed.nobody[row]), candidates=found)


def link_records(
    records: Sequence[Identity],
    population: Sequence[Identity],
    candidates: Sequence[Sequence[int]],
    *,
    model: Model,
    frequencies: Frequencies,
    apart: Sequence[frozenset[int]] | None = None,
) -> list[RecordOutcome]:
    """Return for each record what is decided about it.

    Args: `candidates[i]` are the indices into `population` of the people who share a block with record i; `apart[i]`
        the people of whom a person has said that they are not this child: they do not take part.
    """
    linkage = Linkage(records, population, model=model, frequencies=frequencies)
    outcomes: list[RecordOutcome] = []
    for weighed in linkage.weigh(candidates, apart=apart):
        barred = needs_a_person(weighed.levels, weighed.starts)
        outcomes += [_outcome(weighed, row, barred, model) for row in range(len(weighed.starts) - 1)]
    return outcomes
