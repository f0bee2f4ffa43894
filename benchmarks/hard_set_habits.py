"""How an invented population lives and how its records are damaged: shares that differ from seed to seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

ON: Final = date(2026, 11, 1)  # the day on which every child is younger than sixteen
CHILDHOOD_DAYS: Final = 5844
ABSENT_SHARE: Final = 0.15  # of the records: their child is not in the population


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Shares of a population; `of_seed` draws each from its range."""

    nguyen: float  # of all Kinh
    fashion: float  # how far the weights of names stray from the lists, in log units
    sibling_middle: float  # same middle names as the eldest of the same sex
    sibling_middle_other_sex: float
    sibling_alike: float  # given name alike that of the eldest of the same sex
    sibling_same_given: float
    mothers_family_as_middle: float
    twin_birth: float
    twin_same_sex: float
    twin_middle: float
    twin_alike: float
    first_gap: float  # days between births: the least
    gap_scale: float
    only_child: float
    half_sibling: float
    lives_elsewhere: float
    mixed_marriage: float
    cousin: float  # households next to one of a brother or sister
    namesake: float  # children given name, day and commune of a stranger
    neighbour_namesake: float  # the same, born another day
    fatherless: float
    motherless: float
    mother_number: float
    father_number: float
    parent_year: float
    capitals: float
    born_elsewhere: float
    misfit_number: float
    population_slip: float  # names of parents with a slip of the pen in the population itself


_RANGES: Final = {
    "nguyen": (0.34, 0.42),
    "fashion": (0.15, 0.35),
    "sibling_middle": (0.28, 0.5),
    "sibling_middle_other_sex": (0.06, 0.18),
    "sibling_alike": (0.08, 0.22),
    "sibling_same_given": (0.003, 0.014),
    "mothers_family_as_middle": (0.04, 0.12),
    "twin_birth": (0.010, 0.016),
    "twin_same_sex": (0.62, 0.8),
    "twin_middle": (0.42, 0.6),
    "twin_alike": (0.3, 0.55),
    "first_gap": (330.0, 480.0),
    "gap_scale": (380.0, 620.0),
    "only_child": (0.28, 0.4),
    "half_sibling": (0.01, 0.04),
    "lives_elsewhere": (0.015, 0.04),
    "mixed_marriage": (0.05, 0.12),
    "cousin": (0.1, 0.22),
    "namesake": (0.0004, 0.0012),
    "neighbour_namesake": (0.002, 0.006),
    "fatherless": (0.06, 0.1),
    "motherless": (0.01, 0.025),
    "mother_number": (0.86, 0.95),
    "father_number": (0.82, 0.93),
    "parent_year": (0.88, 0.97),
    "capitals": (0.1, 0.35),
    "born_elsewhere": (0.06, 0.12),
    "misfit_number": (0.002, 0.005),
    "population_slip": (0.001, 0.004),
}


def of_seed(seed: int) -> Habits:
    """Return the habits of one seed's population."""
    rng = np.random.default_rng([seed, 1])
    drawn = {each.name: float(rng.uniform(*_RANGES[each.name])) for each in fields(Habits)}
    return Habits(**drawn)


class Strength(StrEnum):
    """How badly records are damaged."""

    MILD = "mild"
    USUAL = "usual"
    STRONG = "strong"


TIMES: Final = {Strength.MILD: 0.5, Strength.USUAL: 1.0, Strength.STRONG: 1.8}
SOURCE_SHARES: Final = (0.34, 0.30, 0.12, 0.17, 0.07)  # school, clinic, registrar, social aid, protection

# What a sort of source asks for at all, in hundredths; not damage, so never multiplied.
ASKED: Final = {
    "number": (43.0, 29.0, 76.0, 43.0, 8.0),
    "mother": (93.0, 96.0, 98.5, 85.0, 70.0),
    "father": (88.0, 48.0, 95.0, 70.0, 50.0),
    "mother_number": (2.0, 3.0, 12.0, 2.0, 0.5),
    "father_number": (1.5, 0.5, 10.0, 1.5, 0.5),
    "mother_year": (30.0, 60.0, 80.0, 25.0, 15.0),
    "father_year": (30.0, 15.0, 80.0, 20.0, 12.0),
    "ethnicity": (90.0, 55.0, 97.0, 90.0, 60.0),
    "former_list": (40.0, 60.0, 45.0, 50.0, 40.0),  # the commune's code of the list before 2025-07-01
    "capitals": (10.0, 5.0, 35.0, 15.0, 3.0),
}

# Damage by sort of source, in hundredths of the records that can have it.
FAULTS: Final = {
    "given_only": (0.1, 0.5, 0.0, 0.3, 2.5),
    "nickname": (0.1, 0.6, 0.0, 0.4, 5.0),
    "newborn": (0.0, 7.0, 0.0, 0.0, 1.0),
    "renamed": (0.1, 0.3, 0.1, 0.2, 0.5),
    "middle_missing": (3.5, 4.5, 0.9, 5.0, 5.0),
    "order_swapped": (0.9, 1.1, 0.3, 0.7, 0.8),
    "slip": (3.2, 4.2, 0.8, 3.5, 5.0),
    "by_ear": (0.8, 1.4, 0.2, 1.2, 2.5),
    "tone_wrong": (1.2, 1.6, 0.4, 1.6, 2.5),
    "d_dd": (1.2, 1.6, 0.5, 1.5, 1.5),
    "i_y": (8.0, 8.0, 5.0, 10.0, 12.0),
    "tone_place": (12.0, 10.0, 10.0, 12.0, 18.0),
    "apostrophe": (25.0, 25.0, 20.0, 30.0, 30.0),
    "marks_lost": (7.0, 9.0, 1.5, 7.0, 10.0),
    "telex": (0.2, 0.3, 0.05, 0.2, 0.3),
    "date_swapped": (2.4, 2.2, 0.5, 3.0, 3.0),
    "date_digit": (1.2, 1.6, 0.3, 1.8, 2.0),
    "year_shift": (1.1, 1.2, 0.4, 1.8, 2.5),
    "january": (1.4, 1.8, 0.3, 3.0, 4.0),
    "month_only": (0.3, 0.5, 0.0, 0.8, 1.5),
    "year_only": (0.5, 0.6, 0.0, 2.5, 4.0),
    "year_estimated": (0.0, 0.1, 0.0, 0.6, 8.0),
    "date_missing": (0.1, 0.2, 0.0, 0.4, 1.0),
    "sex_missing": (1.2, 1.3, 0.4, 1.2, 2.0),
    "sex_wrong": (0.7, 0.5, 0.15, 0.9, 0.5),
    "moved": (6.0, 7.5, 1.5, 8.5, 12.0),
    "commune_missing": (1.0, 1.5, 0.2, 0.5, 3.0),
    "ethnicity_wrong": (0.5, 0.8, 0.2, 0.5, 1.0),
    "number_digit": (2.0, 1.8, 0.5, 2.2, 3.0),
    "number_transposed": (1.2, 1.2, 0.3, 1.4, 2.0),
    "number_zero_lost": (2.0, 0.5, 1.0, 3.0, 1.0),
    "number_parent": (1.0, 1.0, 0.3, 0.8, 0.3),
    "number_sibling": (0.4, 0.3, 0.1, 0.4, 0.2),
    "mother_slip": (3.5, 4.0, 0.8, 4.5, 5.5),
    "father_slip": (3.5, 3.5, 0.8, 4.5, 5.5),
    "mother_short": (0.8, 2.0, 0.2, 1.5, 2.5),
    "father_short": (0.8, 2.0, 0.2, 1.5, 2.5),
    "mother_middle_missing": (2.0, 2.5, 0.4, 2.5, 3.0),
    "father_middle_missing": (2.0, 2.5, 0.4, 2.5, 3.0),
    "guardian": (1.0, 0.5, 0.1, 1.5, 3.0),
    "parents_swapped": (0.5, 0.4, 0.1, 0.7, 0.6),
    "parent_number_digit": (1.5, 1.5, 0.5, 2.0, 2.5),
    "parent_year_off": (4.0, 4.0, 1.0, 5.0, 8.0),
}


def rates(strength: Strength) -> dict[str, Reals]:
    """Return the share of damaged records by fault and sort of source."""
    times = TIMES[strength]
    return {name: np.minimum(np.array(shares) / 100 * times, 0.9) for name, shares in FAULTS.items()}
