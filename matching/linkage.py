"""Linkage: are these records of children in the population, and of whom? One code for one record and for many."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching import kernel
from matching.decision import Decision, decide, posterior
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.packed import SHARES, Packed, pack
from matching.shares import look_up_shares
from matching.vocabulary import Vocabulary
from matching.weights import Model, Reals
from matching.workspace import FieldEvidence, Places, Weighed

_LEAST_SHOWN = 0.01
_SHARE_WORDS = slice(SHARES, SHARES + 4)

__all__ = [
    "Decision",
    "FieldEvidence",
    "Linker",
    "RecordOutcome",
    "ScoredCandidate",
    "evidence_of",
    "link_records",
]


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
class _Asked:
    """Records and their candidates: the pairs of record r are from `starts[r]` up to `starts[r + 1]`."""

    starts: npt.NDArray[np.int64]
    record: Places
    person: Places

    @classmethod
    def of(cls, candidates: Sequence[Places]) -> _Asked:
        if len(candidates) == 1:
            people = len(candidates[0])
            return cls(np.array([0, people], dtype=np.int64), np.zeros(people, dtype=np.int32), candidates[0])
        counts = np.array([len(places) for places in candidates], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        record = np.repeat(np.arange(len(candidates), dtype=np.int32), counts)
        return cls(starts, record, np.concatenate([np.zeros(0, dtype=np.int32), *candidates]))


def evidence_of(
    tables: kernel.Tables, left: Packed, right: Packed, *, record: int, person: int
) -> tuple[FieldEvidence, ...]:
    """Return what each field says of one pair of rows, and what relatives of the child would have said."""
    one = _Asked.of([np.array([person], dtype=np.int32)])
    here = np.array([record], dtype=np.int32)
    weighed = kernel.weigh(tables, left, right, starts=one.starts, record=here, person=one.person)
    return _evidence(tables, right, person, weighed.levels[0])


def _evidence(
    tables: kernel.Tables, people: Packed, person: int, levels: npt.NDArray[np.int8]
) -> tuple[FieldEvidence, ...]:
    return tables.evidence.of(levels.tolist(), people.rows[person, _SHARE_WORDS].tobytes())


class Linker:
    """Links records to people under one model, one record or many at a time, from any thread."""

    def __init__(self, model: Model, frequencies: Frequencies) -> None:
        """Make the tables once.

        Args: `frequencies`: counted on the whole population.
        """
        self.model = model
        self._vocabulary = Vocabulary()
        self._frequencies = frequencies
        self._tables = kernel.Tables.of(model, vocabulary=self._vocabulary, frequencies=frequencies)
        self._packing = threading.Lock()
        kernel.ready()

    def pack(self, people: Sequence[Identity]) -> Packed:
        """Return people ready to be linked to by this linker, as often as need be."""
        packed = self._pack(people)
        look_up_shares(packed.rows, self._vocabulary, self._frequencies)
        return packed

    def link_one(self, record: Identity, people: Packed, places: Sequence[int] | Places) -> RecordOutcome:
        """Return what is decided about one record.

        Args: `places`: the rows of `people` who share a block with the record.
        """
        chosen = np.asarray(places, dtype=np.int32)
        if not (chosen[1:] > chosen[:-1]).all():
            chosen = np.unique(chosen)
        return self._linked(self._pack([record]), people, [chosen])[0]

    def link(
        self,
        records: Sequence[Identity],
        people: Packed,
        candidates: Sequence[Iterable[int]],
        *,
        apart: Sequence[frozenset[int]] | None = None,
    ) -> list[RecordOutcome]:
        """Return for each record what is decided about it; see `link_records`."""
        barred = apart if apart is not None else [frozenset[int]()] * len(candidates)
        chosen = [
            np.array(sorted(set(places) - who), dtype=np.int32) for places, who in zip(candidates, barred, strict=True)
        ]
        return self._linked(self._pack(records), people, chosen)

    def _pack(self, identities: Sequence[Identity]) -> Packed:
        with self._packing:  # a new syllable gets one code
            return pack(identities, self._vocabulary)

    def _linked(self, records: Packed, people: Packed, candidates: Sequence[Places]) -> list[RecordOutcome]:
        asked = _Asked.of(candidates)
        weighed = kernel.weigh(
            self._tables, records, people, starts=asked.starts, record=asked.record, person=asked.person
        )
        probability, nobody = posterior(weighed.log_odds, asked.starts)
        outcomes = []
        for row in range(len(candidates)):
            here = slice(int(asked.starts[row]), int(asked.starts[row + 1]))
            found, held = self._shown(people, asked.person[here], weighed, probability, here)
            best = found[0].probability if found else 0.0
            decision = decide(best, barred=held, model=self.model)
            outcomes.append(RecordOutcome(decision=decision, nobody=float(nobody[row]), candidates=found))
        return outcomes

    def _shown(
        self, people: Packed, person: Places, weighed: Weighed, probability: Reals, here: slice
    ) -> tuple[tuple[ScoredCandidate, ...], bool]:
        """Return the candidates who are worth showing, best first, and whether the best of them is held back."""
        likely = probability[here]
        order = np.flatnonzero(likely >= _LEAST_SHOWN)
        order = order[np.lexsort((person[order], -likely[order]))]
        found = []
        for place in order.tolist():
            lines = _evidence(self._tables, people, int(person[place]), weighed.levels[here.start + place])
            found.append(
                ScoredCandidate(
                    person=int(person[place]),
                    probability=float(likely[place]),
                    bits=sum(line.bits for line in lines),
                    evidence=lines,
                )
            )
        return tuple(found), bool(found) and bool(weighed.held[here.start + int(order[0])])


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
    linker = Linker(model, frequencies)
    return linker.link(records, linker.pack(population), candidates, apart=apart)
