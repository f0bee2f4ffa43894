"""Pairs of records: are two records one child, when no citizen says so? The model of the linkage, with another prior.

A record and a citizen compete with the other citizens, for a child is one citizen at most. Records do not compete:
several may describe one child. So each pair is judged alone, and clustering sees to it that the pairs agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.linkage import Decision, FieldEvidence, link_records
from matching.weights import Model

# How many other records of her child a record is expected to have among those compared. An assumption, measured on
# nothing: a factor of two moves every pair by one bit, where certainty takes twenty.
OTHER_RECORDS = 0.5
_OWN_NUMBER = frozenset({"same", "former", "transposed", "one_digit"})

__all__ = ["OTHER_RECORDS", "PairScore", "score_pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """What a pair of records came to."""

    probability: float  # 0 where it is too small to be told
    bits: float
    held: bool  # however probable: a person must look before it counts as one child
    evidence: tuple[FieldEvidence, ...]


def score_pairs(
    records: Sequence[Identity],
    pairs: Sequence[tuple[int, int]],
    *,
    model: Model,
    frequencies: Frequencies,
    compared: int,
) -> list[PairScore]:
    """Return for each pair of records whether both describe one child. The order of a pair's ends does not matter.

    The odds before any evidence are `OTHER_RECORDS` against the number of records compared, and relatives are as
    frequent among these as in the population.

    Args: `pairs`: indexes into `records`; `frequencies`: counted on the population; `compared`: how many records there
        are in which the others could be, these among them.
    """
    prior = replace(model, in_population=OTHER_RECORDS / (1 + OTHER_RECORDS))
    among = replace(frequencies, people=max(compared, 2))
    turned = [(a, b) if _fullness(records[a]) <= _fullness(records[b]) else (b, a) for a, b in pairs]
    outcomes = link_records(
        [records[a] for a, _ in turned], records, [[b] for _, b in turned], model=prior, frequencies=among
    )
    scores = []
    for (a, b), outcome in zip(turned, outcomes, strict=True):
        if not outcome.candidates:
            scores.append(PairScore(probability=0.0, bits=0.0, held=False, evidence=()))
            continue
        found = outcome.candidates[0]
        likely = found.probability >= model.link
        nameless = _is_nameless(records[a]) and _is_nameless(records[b]) and not _numbers_agree(found.evidence)
        held = likely and (outcome.decision is not Decision.LINK or nameless)
        scores.append(PairScore(probability=found.probability, bits=found.bits, held=held, evidence=found.evidence))
    return scores


def _fullness(identity: Identity) -> tuple[int, bool, bool, str, str]:
    """Return how well a record describes its child: the better one takes the place of the citizen.

    The model asks how a record blurs what is right, so the fuller of two names is taken as right; the rest of the
    order only makes it the same whichever end comes first.
    """
    name = identity.name
    parts = len(name.parts) if name and not name.placeholder else 0
    marked = bool(name and name.marked != name.folded)
    birth = identity.birth
    return parts, marked, birth is not None and birth.day is not None, birth.iso() if birth else "", _written(identity)


def _written(identity: Identity) -> str:
    unit = identity.unit.code if identity.unit else ""
    return "|".join((identity.name.written if identity.name else "", identity.number or "", unit))


def _is_nameless(identity: Identity) -> bool:
    """Return whether a record says less than a whole name: two nicknames that agree are held for a person."""
    name = identity.name
    return name is None or name.placeholder or len(name.parts) < 2


def _numbers_agree(evidence: Sequence[FieldEvidence]) -> bool:
    return any(line.field == "number" and line.level in _OWN_NUMBER for line in evidence)
