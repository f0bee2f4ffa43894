"""Frequencies and relatives by their definition, with dictionaries and every pair of people; for small populations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from matching.frequencies import group_of
from matching.identity import Identity, Sex
from matching.known import known_father, known_mother, known_name
from tests.matching.people import child, parent, unit

Value = tuple[str, str, str]  # fact, group, text


def values_of(person: Identity) -> Iterator[Value]:
    """Return every value that counts, once for each group that it counts in."""
    groups = {"all", group_of(person), f"eth:{person.ethnicity}" if person.ethnicity else "all"}
    for group in groups:
        yield from _name_values("", known_name(person), group)
    for group in ("all", *_minority(person)):
        yield from _name_values("mother_", known_mother(person), group)
        yield from _name_values("father_", known_father(person), group)
        if person.unit is not None:
            yield from (("commune", group, code) for code in person.unit.communes)
            if person.unit.province is not None:
                yield "province", group, person.unit.province
    if person.birth is not None:
        yield "year", "all", str(person.birth.year)
    if person.ethnicity is not None:
        yield "ethnicity", "all", person.ethnicity


def _minority(person: Identity) -> tuple[str, ...]:
    return () if person.ethnicity in (None, "01") else (f"eth:{person.ethnicity}",)


def _name_values(role: str, name: tuple[tuple[str, ...], tuple[str, ...]], group: str) -> Iterator[Value]:
    folded, marked = name
    if folded:
        yield f"{role}given", group, folded[-1]
        yield f"{role}given_marked", group, marked[-1]
    if len(folded) > 1:
        yield f"{role}surname", group, folded[0]
        yield f"{role}middle", group, " ".join(folded[1:-1])


@dataclass
class ByHand:
    """Shares of the values of a population."""

    counts: Counter[Value]
    sums: Counter[tuple[str, str]]

    @classmethod
    def of(cls, people: Sequence[Identity]) -> ByHand:
        """Count every value of everybody."""
        counts = Counter(value for person in people for value in values_of(person))
        sums: Counter[tuple[str, str]] = Counter()
        for (fact, group, _), number in counts.items():
            sums[fact, group] += number
        return cls(counts, sums)

    def share(self, fact: str, text: str, group: str = "all") -> float:
        """Return the share of a group's people who have a value."""
        overall = (self.counts[fact, "all", text] + 0.5) / (self.sums[fact, "all"] + 1)
        if group == "all" or not self.sums[fact, group]:
            return overall
        return (self.counts[fact, group, text] + 100 * overall) / (self.sums[fact, group] + 100)

    def shares_of(self, person: Identity) -> dict[str, float]:
        """Return the shares that belong into a person's row, and that of the father's surname where it is shared."""
        return {**self._own(person), **self._parents(person), **self._others(person)}

    def _own(self, person: Identity) -> dict[str, float]:
        groups = [group_of(person), *_minority(person)]
        return {
            fact: max(self.share(fact, text, each) for each in groups)
            for fact, _, text in _name_values("", known_name(person), "all")
        }

    def _parents(self, person: Identity) -> dict[str, float]:
        shares = {}
        for role, name in (("mother", known_mother(person)), ("father", known_father(person))):
            parts = {
                fact: max(self.share(fact, text, each) for each in ("all", *_minority(person)))
                for fact, _, text in _name_values(f"{role}_", name, "all")
            }
            if parts:
                given, marked = parts.pop(f"{role}_given"), parts.pop(f"{role}_given_marked")
                rest = math.prod(parts.values())
                shares |= {role: rest * given, f"{role}_marked": rest * marked, f"{role}_given": given}
        own, father = known_name(person)[0], known_father(person)[0]
        if len(own) > 1 and len(father) > 1 and own[0] == father[0]:
            shares["fathers_surname"] = self.share("father_surname", father[0])
        return shares

    def _others(self, person: Identity) -> dict[str, float]:
        shares: Counter[tuple[str, str]] = Counter()
        for fact, group, text in values_of(person):
            if fact in {"year", "commune", "province", "ethnicity"}:
                shares[fact, group] += self.share(fact, text, group)
        facts = {fact for fact, _ in shares}
        return {fact: max(share for (each, _), share in shares.items() if each == fact) for fact in facts}


def _same_birth(a: Identity, b: Identity) -> bool:
    return a.birth is not None and b.birth is not None and a.birth.day is not None and a.birth.iso() == b.birth.iso()


def _parents_compared(a: Identity, b: Identity) -> list[bool]:
    """Return of each parent of whom something is known on both sides whether it is the same person."""
    compared = []
    for mine, theirs, names in (
        (a.mother, b.mother, (known_mother(a)[0], known_mother(b)[0])),
        (a.father, b.father, (known_father(a)[0], known_father(b)[0])),
    ):
        numbers = mine and mine.number, theirs and theirs.number
        if all(numbers):
            compared.append(numbers[0] == numbers[1])
        elif all(names):
            compared.append("".join(names[0]) == "".join(names[1]))
    return compared


def _siblings(a: Identity, b: Identity) -> bool:
    """Return whether two people have the same parents by number, and are two."""
    parents = [(x and x.number, y and y.number) for x, y in ((a.mother, b.mother), (a.father, b.father))]
    if not all(mine and mine == theirs for mine, theirs in parents):
        return False
    if a.number and b.number:
        return a.number != b.number
    mine, theirs = known_name(a)[0], known_name(b)[0]
    return bool(mine and theirs) and OSA.distance(mine[-1], theirs[-1]) > 1


def _two_children_of_one_name(a: Identity, b: Identity) -> bool:
    mine, theirs = known_name(a)[0], known_name(b)[0]
    compared = _parents_compared(a, b)
    if len(mine) < 2 or len(theirs) < 2 or "".join(mine) != "".join(theirs) or any(compared):
        return False
    return a.number != b.number if a.number and b.number else bool(compared)


def _next_door(a: Identity, b: Identity) -> bool:
    return all(x.unit is not None and len(x.unit.communes) == 1 for x in (a, b)) and a.unit == b.unit


def pairs_by_hand(people: Sequence[Identity]) -> dict[str, list[tuple[Identity, Identity]]]:
    """Return the pairs of each relation among people who are all children."""
    found: dict[str, list[tuple[Identity, Identity]]] = {
        name: [] for name in ("siblings", "twins", "namesakes", "neighbours")
    }
    for a, b in combinations(people, 2):
        if _siblings(a, b):
            found["twins" if _same_birth(a, b) else "siblings"].append((a, b))
        if _two_children_of_one_name(a, b):
            if _same_birth(a, b):
                found["namesakes"].append((a, b))
            elif _next_door(a, b):
                found["neighbours"].append((a, b))
    return found


_GIVENS = ["An", "Ân", "Anh", "Lan", "Khôi"]
_numbers = st.one_of(st.none(), st.integers(0, 30).map(lambda n: f"0012160000{n:02d}"))
_parents = st.one_of(
    st.none(),
    st.builds(
        lambda written, n: parent(written, number=None if n is None else f"0011850000{n:02d}"),
        st.sampled_from(["Lý Thị Mai", "Hường", "Đinh Công Lực"]),
        st.one_of(st.none(), st.integers(0, 4)),
    ),
)

people_of_a_hamlet = st.lists(
    st.builds(
        lambda name, birth, **facts: child(name=name, birth=birth, **facts),
        name=st.one_of(
            st.none(),
            st.builds(
                lambda surname, middle, given: " ".join(filter(None, [surname, middle, given])),
                st.sampled_from(["", "Lê", "Đinh", "Rơ Châm"]),
                st.sampled_from(["", "Thị", "Khánh", "Thu Khánh"]),
                st.sampled_from(_GIVENS),
            ),
        ),
        birth=st.one_of(st.none(), st.sampled_from(["2016-07-19", "2016-07-20", "2017-01", "2018", "2012-02-03"])),
        sex=st.sampled_from([None, Sex.MALE, Sex.FEMALE]),
        number=_numbers,
        unit=st.sampled_from([None, unit("00004"), unit("00008"), unit("00004", "00008")]),
        ethnicity=st.sampled_from([None, "01", "10"]),
        mother=_parents,
        father=_parents,
    ),
    max_size=25,
)
