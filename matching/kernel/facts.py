"""One pair's numbers, dates, places and plain codes, compiled; `matching.comparisons` says the same of whole arrays.

In `rows` the record stands first; it is compared with the person at `j`.
"""

from __future__ import annotations

from matching.kernel import codes
from matching.kernel.forms import Integers, Longs
from matching.kernel.inlining import inlined
from matching.packed import (
    BIRTH,
    ETHNICITY_SHIFT,
    FACTS,
    FATHER_NUMBER,
    FORMER,
    JAN1_SHIFT,
    MOST_FORMER,
    MOTHER_NUMBER,
    NOT_OWN_NUMBER_SHIFT,
    NUMBER,
    OLD_CARD,
    SEX_SHIFT,
    TOLERANCE_SHIFT,
)
from matching.vocabulary import MOST_UNITS

_SLIP_ELSE = 0
_SLIP_ONE = 1
_SLIP_EXCHANGED = 2
_MILLION = 1_000_000
_HUNDRED_THOUSAND = 100_000


@inlined
def _number_of(first: int, last: int) -> int:
    return int(first) * _MILLION + int(last)


@inlined
def _slip_in_digits(a: int, b: int) -> int:
    """Return how two numbers of twelve digits that are not equal differ."""
    apart, before_a, before_b = 0, -1, -1
    exchanged, beside = False, False
    for _ in range(12):
        last_a, last_b = a % 10, b % 10
        if last_a != last_b:
            apart += 1
            exchanged = apart == 2 and beside and last_a == before_b and last_b == before_a
            if apart > 2:
                return _SLIP_ELSE
        beside = last_a != last_b
        before_a, before_b = last_a, last_b
        a //= 10
        b //= 10
    if apart == 1:
        return _SLIP_ONE
    return _SLIP_EXCHANGED if exchanged else _SLIP_ELSE


@inlined
def _slip(first_a: int, last_a: int, first_b: int, last_b: int) -> int:
    """Return how two different numbers differ: by one digit, by an exchange of neighbours, or altogether."""
    first, last = first_a - first_b, last_a - last_b
    # One digit lies in one of the words; an exchange across both changes each by the same digits.
    if first != 0 and last != 0 and (abs(first) > 9 or last != -first * _HUNDRED_THOUSAND):
        return _SLIP_ELSE
    return _slip_in_digits(_number_of(first_a % _MILLION, last_a), _number_of(first_b % _MILLION, last_b))


@inlined
def _is_at(rows: Integers, j: int, word: int) -> bool:
    return bool((rows[0, NUMBER] == rows[j, word]) & (rows[0, NUMBER + 1] == rows[j, word + 1]))


@inlined
def _comparable(rows: Integers, j: int) -> bool:
    """Return whether the numbers of record and person are both known, both of a kind, and the record's its own."""
    own = (rows[0, FACTS] >> NOT_OWN_NUMBER_SHIFT) & 1 == 0
    known = (rows[0, NUMBER] >= 0) & (rows[j, NUMBER] >= 0)
    return bool(own & known & ((rows[0, NUMBER] >= OLD_CARD) == (rows[j, NUMBER] >= OLD_CARD)))


@inlined
def number_level(rows: Integers, j: int) -> int:
    """Return the level of the personal numbers, but for those that were replaced."""
    if rows[0, NUMBER] < 0:
        return codes.MISSING
    if _is_at(rows, j, NUMBER):
        return codes.NUMBER_SAME
    if _is_at(rows, j, MOTHER_NUMBER) | _is_at(rows, j, FATHER_NUMBER):
        return codes.NUMBER_OF_PARENT
    if not _comparable(rows, j):
        return codes.MISSING
    slip = _slip(rows[0, NUMBER], rows[0, NUMBER + 1], rows[j, NUMBER], rows[j, NUMBER + 1])
    if slip == _SLIP_ELSE:
        return codes.NUMBER_DIFFERENT
    return codes.NUMBER_TRANSPOSED if slip == _SLIP_EXCHANGED else codes.NUMBER_ONE_DIGIT


@inlined
def _among(former: Longs, at: int, first: int, last: int) -> bool:
    """Return whether a number is one of those that were replaced by another."""
    number, found = _number_of(first, last), False
    if at >= 0:
        for place in range(MOST_FORMER):
            found |= former[at, place] == number
    return found


@inlined
def replaced(rows: Integers, j: int, mine: Longs, theirs: Longs) -> bool:
    """Return whether the number of one was replaced by that of the other; `mine` and `theirs` are former numbers."""
    if not _comparable(rows, j) or _is_at(rows, j, NUMBER):
        return False
    there = _among(theirs, rows[j, FORMER], rows[0, NUMBER], rows[0, NUMBER + 1])
    return there | _among(mine, rows[0, FORMER], rows[j, NUMBER], rows[j, NUMBER + 1])


@inlined
def parent_number_level(rows: Integers, j: int, word: int) -> int:
    """Return the level of two parents' numbers, which stand at `word`."""
    a, b = rows[0, word], rows[j, word]
    if a < 0 or b < 0 or (a >= OLD_CARD) != (b >= OLD_CARD):
        return codes.MISSING
    last_a, last_b = rows[0, word + 1], rows[j, word + 1]
    if a == b and last_a == last_b:
        return codes.PARENT_NUMBER_SAME
    return codes.PARENT_NUMBER_DIFFERENT if _slip(a, last_a, b, last_b) == _SLIP_ELSE else codes.PARENT_NUMBER_NEAR


@inlined
def parent_year_level(mine: int, theirs: int) -> int:
    """Return the level of two parents' birth years."""
    if mine == 0 or theirs == 0:
        return codes.MISSING
    apart = abs(mine - theirs)
    if apart == 0:
        return codes.PARENT_YEAR_SAME
    return codes.PARENT_YEAR_NEAR if apart == 1 else codes.PARENT_YEAR_DIFFERENT


@inlined
def birth_level(rows: Integers, j: int) -> int:
    """Return the level of the birth dates."""
    a, b, facts = rows[0, BIRTH], rows[j, BIRTH], rows[0, FACTS] | rows[j, FACTS]
    if a >> 9 == 0 or b >> 9 == 0:
        return codes.MISSING
    apart = abs((a >> 9) - (b >> 9))
    if (facts >> TOLERANCE_SHIFT) & 7 != 0:
        return _estimated_level(apart)
    if a & 31 == 0 or b & 31 == 0:
        return _year_level((a >> 5) & 15, (b >> 5) & 15, apart)
    if a == b:
        return codes.BIRTH_JAN1_EXACT if (facts >> JAN1_SHIFT) & 1 else codes.BIRTH_EXACT
    return _jan1_level(apart) if (facts >> JAN1_SHIFT) & 1 else _date_level(a, b, apart)


@inlined
def _date_level(a: int, b: int, apart: int) -> int:
    """Return the level of two whole dates that are not equal."""
    if apart > 0 and (a ^ b) & 511 == 0:
        return _year_apart_level(a >> 9, b >> 9)
    if apart > 0:
        return codes.BIRTH_NEAR_YEAR if apart == 1 else codes.BIRTH_DIFFERENT
    month, day, other_month, other_day = (a >> 5) & 15, a & 31, (b >> 5) & 15, b & 31
    if month == other_day and day == other_month:
        return codes.BIRTH_SWAPPED
    return codes.BIRTH_ONE_PART if month == other_month or day == other_day else codes.BIRTH_SAME_YEAR


@inlined
def _year_apart_level(year: int, other: int) -> int:
    """Return the level of two dates that differ in the year only."""
    apart = abs(year - other)
    if apart == 1:
        return codes.BIRTH_YEAR_SHIFT
    return codes.BIRTH_YEAR_DIGIT if apart == 10 or year // 10 == other // 10 else codes.BIRTH_DIFFERENT


@inlined
def _jan1_level(apart: int) -> int:
    if apart == 0:
        return codes.BIRTH_JAN1_SAME_YEAR
    return codes.BIRTH_JAN1_NEAR_YEAR if apart == 1 else codes.BIRTH_JAN1_DIFFERENT


@inlined
def _year_level(month: int, other: int, apart: int) -> int:
    if apart == 0 and (month == other or month == 0 or other == 0):
        return codes.BIRTH_YEAR_SAME
    return codes.BIRTH_YEAR_NEAR if apart <= 1 else codes.BIRTH_YEAR_DIFFERENT


@inlined
def _estimated_level(apart: int) -> int:
    if apart == 0:
        return codes.BIRTH_ESTIMATE_SAME
    if apart == 1:
        return codes.BIRTH_ESTIMATE_NEAR
    return codes.BIRTH_ESTIMATE_FAR if apart == 2 else codes.BIRTH_ESTIMATE_DIFFERENT


@inlined
def sex_level(a: int, b: int) -> int:
    """Return the level of the sexes, from the small facts of both."""
    a, b = (a >> SEX_SHIFT) & 3, (b >> SEX_SHIFT) & 3
    if a == 0 or b == 0:
        return codes.MISSING
    return codes.SEX_SAME if a == b else codes.SEX_DIFFERENT


@inlined
def ethnicity_level(a: int, b: int) -> int:
    """Return the level of the ethnic groups, from the small facts of both."""
    a, b = (a >> ETHNICITY_SHIFT) & 127, (b >> ETHNICITY_SHIFT) & 127
    if a == 0 or b == 0:
        return codes.MISSING
    return codes.ETHNICITY_SAME if a == b else codes.ETHNICITY_DIFFERENT


@inlined
def _share_a_commune(places: Integers, a: int, b: int) -> bool:
    for mine in range(MOST_UNITS):
        if places[a, mine] < 0:
            return False
        for theirs in range(MOST_UNITS):
            if places[a, mine] == places[b, theirs]:
                return True
    return False


@inlined
def commune_level(places: Integers, a: int, b: int) -> int:
    """Return the level of the communes of two places in today's list."""
    if a < 0 or b < 0 or places[a, 0] < 0 or places[b, 0] < 0:
        return codes.MISSING
    split = places[a, 1] >= 0 or places[b, 1] >= 0
    if a == b or places[a, 0] == places[b, 0] or (split and _share_a_commune(places, a, b)):
        return codes.COMMUNE_SPLIT_OVERLAP if split else codes.COMMUNE_SAME
    if places[a, MOST_UNITS] >= 0 and places[a, MOST_UNITS] == places[b, MOST_UNITS]:
        return codes.COMMUNE_SPLIT_SAME_PROVINCE if split else codes.COMMUNE_SAME_PROVINCE
    return codes.COMMUNE_SPLIT_ELSEWHERE if split else codes.COMMUNE_ELSEWHERE
