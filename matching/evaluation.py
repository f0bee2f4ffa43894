"""Evaluation: how good links are against a truth that nothing else may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

from matching.decision import Decision

_Z = 1.959963984540054  # two-sided 95 %
_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """One row of a links file: a decision about a record, with one person at most."""

    system: str
    key: str = field(repr=False)
    number: str | None = field(repr=False)  # of the person; None where nobody was found
    decision: Decision
    score: float  # stated probability that the record describes this person


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """Whom a record really describes."""

    system: str
    key: str = field(repr=False)
    number: str | None = field(repr=False)  # None: the child is not in the population
    damage: tuple[str, ...] = ()  # short names of what is wrong in the record
    household: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; all three are None when there was nothing to count."""

    of: int
    value: float | None
    low: float | None
    high: float | None


def wilson(hits: int, of: int) -> Share:
    """Return the share `hits` / `of` with its interval.

    Source: E. B. Wilson (1927); A. Agresti and B. A. Coull (1998), section 2.
    """
    if of == 0:
        return Share(0, None, None, None)
    share = hits / of
    middle = (share + _Z * _Z / (2 * of)) / (1 + _Z * _Z / of)
    half = _Z / (1 + _Z * _Z / of) * sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    return Share(of, share, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(slots=True)
class Tally:
    """What happened to some records."""

    records: int = 0
    in_population: int = 0
    right: int = 0  # links to the right person
    wrong: int = 0  # links to another person
    wrong_family: int = 0  # of these, to a brother, a sister or a parent
    reviews: int = 0

    @property
    def precision(self) -> Share:
        """The share of the links that are right."""
        return wilson(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Share:
        """The share linked rightly of the records whose child is in the population."""
        return wilson(self.right, self.in_population)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None when there is neither a link nor a child to find."""
        both = 2 * self.right + self.wrong + (self.in_population - self.right)
        return 2 * self.right / both if both else None

    @property
    def reviews_per_10k(self) -> float:
        """Records that a person must look at, in every 10,000."""
        return 10_000 * self.reviews / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Candidates of similar stated probability: stated and true shares should agree."""

    low: float
    high: float
    candidates: int
    stated: float
    true: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every figure of one run."""

    whole: Tally
    by_system: Mapping[str, Tally]
    by_damage: Mapping[str, Tally]  # '' stands for records without any
    bins: tuple[Bin, ...]
    calibration_error: float  # expected: |stated - true| of the bins, by their sizes
    unknown_keys: int  # links of records that the truth does not name


def evaluate(
    links: Iterable[LinkRow], truth: Iterable[TruthRow], *, household_of: Mapping[str, str] | None = None
) -> Evaluation:
    """Measure links against the truth.

    A record of the truth without any row in the links counts as not linked: refused rows lower the recall.

    Args: `household_of`: the household of each person's number, to tell a relative's link from a stranger's.
    """
    rows: dict[tuple[str, str], list[LinkRow]] = {}
    for link in links:
        rows.setdefault((link.system, link.key), []).append(link)
    whole, by_system, by_damage = Tally(), dict[str, Tally](), dict[str, Tally]()
    scored: list[tuple[float, bool]] = []
    for true in truth:
        found = rows.pop((true.system, true.key), [])
        tallies = [whole, by_system.setdefault(true.system, Tally())]
        tallies += [by_damage.setdefault(name, Tally()) for name in true.damage or ("",)]
        for tally in tallies:
            _count(tally, true, found, household_of or {})
        scored += [(row.score, row.number == true.number) for row in found if row.number is not None]
    bins = _bins(scored)
    error = sum(abs(each.stated - each.true) * each.candidates for each in bins) / len(scored) if scored else 0.0
    return Evaluation(whole, dict(sorted(by_system.items())), dict(sorted(by_damage.items())), bins, error, len(rows))


def _count(tally: Tally, true: TruthRow, found: list[LinkRow], household_of: Mapping[str, str]) -> None:
    tally.records += 1
    tally.in_population += true.number is not None
    tally.reviews += any(row.decision is Decision.REVIEW for row in found)
    for row in found:
        if row.decision is not Decision.LINK:
            continue
        if row.number == true.number:
            tally.right += 1
        else:
            tally.wrong += 1
            home = household_of.get(row.number or "")
            tally.wrong_family += home is not None and home == true.household


def _bins(scored: list[tuple[float, bool]]) -> tuple[Bin, ...]:
    bins = []
    for low, high in pairwise(_EDGES):
        inside = [(score, right) for score, right in scored if low <= score < high or (high == 1.0 and score == high)]
        if inside:
            size = len(inside)
            stated, true = sum(score for score, _ in inside) / size, sum(right for _, right in inside) / size
            bins.append(Bin(low, high, size, stated, true))
    return tuple(bins)
