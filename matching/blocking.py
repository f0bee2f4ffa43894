"""Block keys: what two descriptions must share before they are compared at all.

Keys are clear text and live in memory only; whoever stores them turns each into a keyed token first.
Every key is tied to a birth date, a birth year or a generation, so a child's record never pulls in a grown-up namesake
or the parent whose number was typed for the child. Only the whole names of child and parent together, and a parent's
number, stand for themselves: they find the child whose date is missing or a decade off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matching.encode import coded_year, is_a_parents_number, known_father, known_mother, known_name
from matching.identity import Identity
from matching.names import phonetic
from matching.packed import MOST_PARTS

# Years of a generation; there are two overlapping rows of them, so people up to half of that apart always share one.
_GENERATION = 6  # of names in a commune: a wider one brings ever more namesakes together
_GENERATION_OF_NUMBER = 12


class BlockKey(NamedTuple):
    """A kind of key and its text; two people share a block when both are equal."""

    kind: str
    text: str


def _sounds(parts: tuple[str, ...]) -> str:
    return " ".join(sorted(phonetic(part) for part in parts))


def _generations(year: int, years: int) -> tuple[str, str]:
    return f"a{year // years}", f"b{(year + years // 2) // years}"


class _Facts:
    """The parts that keys are made of, worked out once an identity."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        # Cut as in packed rows: the keys of either form are the same.
        self.parts = known_name(identity)[0][:MOST_PARTS]
        self.mother = "".join(known_mother(identity)[0][:MOST_PARTS])
        self.father = "".join(known_father(identity)[0][:MOST_PARTS])
        self.communes = identity.unit.communes if identity.unit else ()
        birth = identity.birth
        self.years: tuple[int, ...] = ()
        self.date = ""
        if birth is not None:
            self.years = tuple(range(birth.year - birth.tolerance_years, birth.year + birth.tolerance_years + 1))
            if birth.month is not None and birth.day is not None and not birth.tolerance_years:
                # Day and month in the order of size: a swapped date falls into the same block.
                low, high = sorted((birth.month, birth.day))
                self.date = f"{birth.year:04d}:{low:02d}:{high:02d}"


def _number_keys(facts: _Facts) -> Iterator[BlockKey]:
    identity = facts.identity
    born = identity.birth.year if identity.birth else None
    own = None if is_a_parents_number(identity) else identity.number
    for number in dict.fromkeys((own, *identity.former_numbers)):
        if number is not None:
            for generation in _generations(born or coded_year(number) or 0, _GENERATION_OF_NUMBER):
                yield BlockKey("number", f"{number}|{generation}")
    if identity.number != own:
        yield BlockKey("parent_number", identity.number or "")
    for parent in (identity.mother, identity.father):
        if parent is not None and parent.number is not None:
            yield BlockKey("parent_number", parent.number)


def _date_keys(facts: _Facts) -> Iterator[BlockKey]:
    if not facts.date:
        return
    if len(facts.parts) > 1:
        yield BlockKey("name_date", f"{' '.join(sorted(facts.parts))}|{facts.date}")
        yield BlockKey("last_parts_date", f"{' '.join(sorted(facts.parts[-2:]))}|{facts.date}")
        yield BlockKey("ends_date", f"{' '.join(sorted((facts.parts[0], facts.parts[-1])))}|{facts.date}")
    for commune in facts.communes:
        yield BlockKey("date_commune", f"{facts.date}|{commune}")
    if facts.mother:
        yield BlockKey("date_mother", f"{facts.date}|{facts.mother}")
    if facts.father:
        yield BlockKey("date_father", f"{facts.date}|{facts.father}")


def _year_keys(facts: _Facts) -> Iterator[BlockKey]:
    for year in facts.years:
        if len(facts.parts) > 1:
            yield BlockKey("name_year", f"{_sounds(facts.parts)}|{year}")
            # Never the given name alone: a stolen table would show which names are common in a commune, and so which.
            ends = " ".join(sorted((facts.parts[0], facts.parts[-1])))
            for commune in facts.communes:
                yield BlockKey("ends_commune_year", f"{ends}|{commune}|{year}")
        for kind, parent in (("mother_year", facts.mother), ("father_year", facts.father)):
            if parent:
                yield BlockKey(kind, f"{parent}|{year}")


def _generation_keys(facts: _Facts) -> Iterator[BlockKey]:
    middle = facts.years[len(facts.years) // 2] if facts.years else None
    for generation in _generations(middle, _GENERATION) if middle is not None else ():
        if len(facts.parts) > 1:
            sounds = _sounds(facts.parts)
            for commune in facts.communes:
                yield BlockKey("name_commune", f"{sounds}|{commune}|{generation}")
        yield from _parent_keys(facts, generation)


def _parent_keys(facts: _Facts, generation: str) -> Iterator[BlockKey]:
    for kind, parent in (("mother_commune", facts.mother), ("father_commune", facts.father)):
        for commune in facts.communes if parent else ():
            yield BlockKey(kind, f"{parent}|{commune}|{generation}")


def _whole_name_keys(facts: _Facts) -> Iterator[BlockKey]:
    for kind, parent in (("name_mother", facts.mother), ("name_father", facts.father)):
        if len(facts.parts) > 1 and parent:
            yield BlockKey(kind, f"{_sounds(facts.parts)}|{parent}")


def block_keys(identity: Identity) -> tuple[BlockKey, ...]:
    """Return the distinct block keys of `identity`, in a fixed order. The same function serves records and people."""
    facts = _Facts(identity)
    keys = [
        *_number_keys(facts),
        *_date_keys(facts),
        *_year_keys(facts),
        *_generation_keys(facts),
        *_whole_name_keys(facts),
    ]
    return tuple(dict.fromkeys(keys))
