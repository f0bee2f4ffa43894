"""Explanation: what was decided about one record, and the evidence for each of its candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.decision import Decision, decide, posterior
from matching.workspace import FieldEvidence, Places, Workspace

LEAST_EXPLAINED: Final = 0.01
_LN2: Final = float(np.log(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedCandidate:
    """One candidate and its evidence; the bits of the evidence and the prior's add up to `bits`."""

    person: int  # row of the right side
    probability: float
    bits: float  # log2 of the odds against nobody, before candidates compete
    held: bool  # may not be linked without a person
    evidence: tuple[FieldEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is decided about one record."""

    decision: Decision
    nobody: float
    prior_bits: float  # log2 of the odds of any one person before anything is compared
    candidates: tuple[ExplainedCandidate, ...]  # best first; always the best one, the others from .01 on


def explain_record(workspace: Workspace, record: int, people: Places) -> Explanation:
    """Explain a record among `people`, rows of the right side."""
    starts = np.array([0, len(people)], dtype=np.int64)
    weighed = workspace.weigh(starts, np.full(len(people), record, dtype=np.int32), people)
    probability, nobody = posterior(weighed.log_odds, starts)
    order = np.lexsort((people, -probability))
    shown = [int(place) for rank, place in enumerate(order) if rank == 0 or probability[place] >= LEAST_EXPLAINED]
    candidates, prior = [], 0.0
    for place in shown:
        evidence = workspace.evidence(record, int(people[place]))
        bits = float(weighed.log_odds[place]) / _LN2
        prior = bits - sum(one.bits for one in evidence)
        candidates.append(
            ExplainedCandidate(
                person=int(people[place]),
                probability=float(probability[place]),
                bits=bits,
                held=bool(weighed.held[place]),
                evidence=evidence,
            )
        )
    best = candidates[0] if candidates else None
    decision = Decision.NONE
    if best is not None:
        decision = decide(best.probability, barred=best.held, model=workspace.model)
    return Explanation(decision=decision, nobody=float(nobody[0]), prior_bits=prior, candidates=tuple(candidates))
