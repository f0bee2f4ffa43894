"""Assignment: a source that holds one record per child may not link two of its records to one citizen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from matching.decision import Decision

RecordId = TypeVar("RecordId", bound=Hashable)
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Generic[RecordId]):
    """What was decided about one record of a source, before the other records of that source are looked at."""

    record: RecordId
    person: Hashable | None  # the likeliest citizen; None: nobody is like it
    decision: Decision
    bound: bool = False  # a person decided so: it stands


def held_back(claims: Iterable[Claim[RecordId]], *, one_record_per_child: bool) -> frozenset[RecordId]:
    """Return the records whose link becomes a review: another record of the source has a link to the same citizen.

    All of them are held, not only the less probable: that two records describe one child contradicts what the source
    says of itself, so one of the links is wrong, and the posterior of neither knew it. What a person decided stands.

    Args: `claims` of one source; `one_record_per_child`: what the source says of itself. If not, nothing is held.
    """
    if not one_record_per_child:
        return frozenset()
    links = [claim for claim in claims if claim.decision is Decision.LINK and claim.person is not None]
    wanted = Counter(claim.person for claim in links)
    return frozenset(claim.record for claim in links if wanted[claim.person] > 1 and not claim.bound)


def held_rows(person: npt.NDArray[np.integer], links: Truths, bound: Truths, *, one_record_per_child: bool) -> Truths:
    """Return for each row of a table of records whether its link becomes a review: `held_back` for millions.

    Args: `person[r]` is the citizen of row r, any number where there is none; `links[r]`: it was decided a link;
        `bound[r]`: by a person.
    """
    held: Truths = np.zeros(len(person), dtype=np.bool_)
    if not one_record_per_child or not links.any():
        return held
    _, place, wanted = np.unique(person[links], return_inverse=True, return_counts=True)
    held[links] = wanted[place] > 1
    return held & ~bound
