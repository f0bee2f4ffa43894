"""Outcomes: what is decided about many records, as columns, and the candidates worth showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.absence import Absence, Contest, compete, estimate_absence
from matching.assignment import held_rows
from matching.block_index import Candidates
from matching.block_table import Integers, Longs
from matching.decision import Decision, posterior
from matching.weights import Model
from matching.workspace import Workspace

LEAST_SHOWN: Final = 0.01
LEAST_KEPT: Final = 0.001  # until it is known how many records are of nobody
DECISIONS: Final = tuple(Decision)
_LEAST: Final = 1e-300  # no posterior is nothing
LINK: Final = DECISIONS.index(Decision.LINK)
REVIEW: Final = DECISIONS.index(Decision.REVIEW)
NONE: Final = DECISIONS.index(Decision.NONE)

Truths = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]
Small = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Some records in ascending order; the candidates of each, the best first.

    Memory: 21 bytes a record; 13, one a field and eight a relation for each candidate, of whom there is hardly more
    than one.
    """

    record: Integers  # rows of the left side
    nobody: Reals  # probability that the record is of nobody on the right side
    decision: Small  # place in DECISIONS
    starts: Longs  # of the candidates of each record
    person: Integers  # rows of the right side
    probability: Reals
    levels: Small  # (candidates, fields)
    held: Truths  # the candidate may not be linked without a person
    relatives: Reals  # (candidates, relations): P(the candidate is of this relation to the child | it is not the child)

    def __len__(self) -> int:
        return len(self.record)

    def best_person(self) -> Integers:
        """Return the likeliest person of each record; -1: none is shown."""
        best = np.full(len(self), -1, dtype=np.int32)
        some = np.diff(self.starts) > 0
        best[some] = self.person[self.starts[:-1][some]]
        return best


def decide_records(workspace: Workspace, records: Integers, candidates: Candidates, *, bound: Truths) -> Outcomes:
    """Weigh records with their candidates, let these compete within each record, and decide.

    Args: `bound[i]`: a person has said that record i is its one candidate.
    """
    place = candidates.record_of_pairs()
    weighed = workspace.weigh(candidates.starts, records[place], candidates.person)
    probability, nobody = posterior(weighed.log_odds, candidates.starts)
    probability[bound[place]] = 1.0
    nobody[bound] = 0.0
    shown = np.flatnonzero(probability >= LEAST_KEPT)
    shown = shown[np.lexsort((candidates.person[shown], -probability[shown], place[shown]))]
    starts = np.zeros(len(records) + 1, dtype=np.int64)
    np.cumsum(np.bincount(place[shown], minlength=len(records)), out=starts[1:])
    held = weighed.held[shown] & ~bound[place[shown]]
    return Outcomes(
        record=records,
        nobody=nobody,
        decision=_decisions(starts, probability[shown], held, model=workspace.model),
        starts=starts,
        person=candidates.person[shown],
        probability=probability[shown],
        levels=weighed.levels[shown],
        held=held,
        relatives=workspace.relatives(candidates.person[shown], weighed.levels[shown]),
    )


def _decisions(starts: Longs, probability: Reals, held: Truths, *, model: Model) -> Small:
    """Return what is decided by the best candidate of each record; see `matching.decision.decide`."""
    decision = np.full(len(starts) - 1, NONE, dtype=np.int8)
    some = np.diff(starts) > 0
    first = starts[:-1][some]
    best = probability[first]
    decision[some] = np.where(best >= model.review, REVIEW, NONE)
    links = (best >= model.link) & ~held[first]
    decision[np.flatnonzero(some)[links]] = LINK
    return decision


def together(parts: Sequence[Outcomes]) -> Outcomes:
    """Return outcomes of different records as one, in the order of the records."""
    starts = np.concatenate([[0], *(np.diff(part.starts) for part in parts)]).cumsum()
    whole = Outcomes(
        record=np.concatenate([part.record for part in parts]),
        nobody=np.concatenate([part.nobody for part in parts]),
        decision=np.concatenate([part.decision for part in parts]),
        starts=starts,
        person=np.concatenate([part.person for part in parts]),
        probability=np.concatenate([part.probability for part in parts]),
        levels=np.concatenate([part.levels for part in parts]),
        held=np.concatenate([part.held for part in parts]),
        relatives=np.concatenate([part.relatives for part in parts]),
    )
    if (np.diff(whole.record) > 0).all():
        return whole
    return taken(whole, np.argsort(whole.record, kind="stable"))


def taken(outcomes: Outcomes, places: npt.NDArray[np.intp]) -> Outcomes:
    """Return the outcomes at some places, in that order."""
    counts = np.diff(outcomes.starts)[places]
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows = np.repeat(outcomes.starts[:-1][places] - starts[:-1], counts) + np.arange(starts[-1])
    return Outcomes(
        record=outcomes.record[places],
        nobody=outcomes.nobody[places],
        decision=outcomes.decision[places],
        starts=starts,
        person=outcomes.person[rows],
        probability=outcomes.probability[rows],
        levels=outcomes.levels[rows],
        held=outcomes.held[rows],
        relatives=outcomes.relatives[rows],
    )


def replaced(before: Outcomes, after: Outcomes) -> Outcomes:
    """Return the outcomes of `before`, but those of `after` for the records that both have."""
    kept = np.flatnonzero(~np.isin(before.record, after.record))
    return together([taken(before, kept), after])


def settled(outcomes: Outcomes, model: Model, *, rates: tuple[float, ...], bound: Truths) -> tuple[Outcomes, Absence]:
    """Return the outcomes under what the records themselves say of absence, with the candidates worth showing.

    Args: `rates`: of the model's relations; `bound[i]`: a person decided about the record of outcome i.
    """
    place = np.repeat(np.arange(len(outcomes)), np.diff(outcomes.starts))
    free = ~bound[place]
    contest = Contest(
        records=len(outcomes),
        record=place[free],
        log_odds=np.log(outcomes.probability[free]) - np.log(np.maximum(outcomes.nobody, _LEAST)[place[free]]),
        relatives=outcomes.relatives[free],
        in_population=model.in_population,
        per_record=rates,
    )
    absence = estimate_absence(contest)
    probability, nobody = outcomes.probability.copy(), outcomes.nobody.copy()
    probability[free], settled_nobody = compete(contest, absence)
    nobody[~bound] = settled_nobody[~bound]
    rows = np.flatnonzero(probability >= LEAST_SHOWN)
    starts = np.zeros(len(outcomes) + 1, dtype=np.int64)
    np.cumsum(np.bincount(place[rows], minlength=len(outcomes)), out=starts[1:])
    held = outcomes.held[rows]
    found = Outcomes(
        record=outcomes.record,
        nobody=nobody,
        decision=_decisions(starts, probability[rows], held, model=model),
        starts=starts,
        person=outcomes.person[rows],
        probability=probability[rows],
        levels=outcomes.levels[rows],
        held=held,
        relatives=outcomes.relatives[rows],
    )
    return found, absence


def one_record_each(outcomes: Outcomes, *, bound: Truths, one_record_per_child: bool) -> Outcomes:
    """Return the outcomes with every link a review that another record of the same person contradicts.

    Args: `bound[i]`: a person decided about the record of outcome i.
    """
    held = held_rows(
        outcomes.best_person(), outcomes.decision == LINK, bound, one_record_per_child=one_record_per_child
    )
    if not held.any():
        return outcomes
    return replace(outcomes, decision=np.where(held, np.int8(REVIEW), outcomes.decision))
