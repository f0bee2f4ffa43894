"""Frequencies: how common a value is, and what relatives and namesakes share, counted on the population itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Any

from rapidfuzz.distance import OSA

from matching import reference
from matching.encode import known_father, known_mother, known_name
from matching.identity import Identity
from matching.names import fold, marked

_COHORT = 5  # years of birth that share one fashion of names
_TRUST = 100  # people: a smaller group's frequencies lean on everybody's
_LARGEST_GROUP = 20  # children of one family, or of one name and day, beyond it are an error of the source

RELATIONS = ("siblings", "twins", "namesakes", "neighbours")

Group = str
Counts = dict[Group, Counter[str]]


@cache
def _common_syllables() -> frozenset[str]:
    rows = [row["given_name"] for row in reference.rows("given_names")]
    rows += [row["middle_name"] for row in reference.rows("middle_names")]
    return frozenset(part for row in rows for part in (*marked(row).split(), *fold(row).split()))


def _add(counts: Counts, group: Group, text: str) -> None:
    counts.setdefault(group, Counter())[text] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How often two children of one relation (siblings, twins, namesakes) share a value; `pairs` of them were seen."""

    pairs: int
    per_child: float  # how many children a child has this relation to
    shared: Mapping[str, float]  # the name of a fact, e.g. 'surname' → share of the pairs in which it is the same


def _facts_shared(a: Identity, b: Identity) -> dict[str, bool]:
    """Return of each fact known of both children whether they share it."""
    shared: dict[str, bool] = {}
    (mine, my_marks), (theirs, their_marks) = known_name(a), known_name(b)
    if len(mine) > 1 and len(theirs) > 1:
        given = mine[-1] == theirs[-1]
        shared["given"] = given and my_marks[-1] == their_marks[-1]
        shared["given_folded"] = given and not shared["given"]
        shared["given_near"] = not given and OSA.distance(mine[-1], theirs[-1], score_cutoff=1) <= 1
        shared["surname"] = mine[0] == theirs[0]
        shared["middle"] = mine[1:-1] == theirs[1:-1]
        shared["middle_part"] = not shared["middle"] and bool(set(mine[1:-1]) & set(theirs[1:-1]))
    if a.birth and b.birth:
        apart = abs(a.birth.year - b.birth.year)
        shared |= {"year": apart == 0, "year_near": apart == 1, "year_far": apart == 2}
    for name, mine_value, their_value in (
        ("sex", a.sex, b.sex),
        ("commune", a.unit and a.unit.communes, b.unit and b.unit.communes),
        ("province", a.unit and a.unit.province, b.unit and b.unit.province),
        ("ethnicity", a.ethnicity, b.ethnicity),
    ):
        if mine_value and their_value:
            shared[name] = mine_value == their_value
    return shared


class _PairCount:
    """Counts what the pairs of one relation share."""

    def __init__(self) -> None:
        self.pairs = 0
        self.known: Counter[str] = Counter()
        self.shared: Counter[str] = Counter()

    def add(self, a: Identity, b: Identity) -> None:
        self.pairs += 1
        for name, same in _facts_shared(a, b).items():
            self.known[name] += 1
            self.shared[name] += same

    def sharing(self, children: int) -> Sharing:
        return Sharing(
            pairs=self.pairs,
            per_child=2 * self.pairs / children if children else 0.0,
            shared={name: self.shared[name] / known for name, known in sorted(self.known.items())},
        )


class _Relations:
    """Finds siblings, twins, namesakes and namesakes next door among the children whose parents are known."""

    def __init__(self) -> None:
        self.children = 0
        self.families: dict[tuple[str, str], list[Identity]] = {}
        self.names: dict[tuple[str, str], list[Identity]] = {}  # full name and birth date
        self.doors: dict[tuple[str, str], list[Identity]] = {}  # full name and commune

    def add(self, child: Identity) -> None:
        mother = child.mother.number if child.mother else None
        father = child.father.number if child.father else None
        if not (mother or father):
            return
        self.children += 1
        if mother and father:
            self.families.setdefault((mother, father), []).append(child)
        parts = known_name(child)[0]
        if len(parts) < 2:
            return
        name = "".join(parts)
        if child.birth is not None and child.birth.day is not None:
            self.names.setdefault((name, child.birth.iso()), []).append(child)
        if child.unit is not None and len(child.unit.communes) == 1:
            self.doors.setdefault((name, child.unit.communes[0]), []).append(child)

    def counted(self) -> dict[str, Sharing]:
        counts = {name: _PairCount() for name in RELATIONS}
        for a, b in _pairs(self.families):
            counts["twins" if _same_birth(a, b) else "siblings"].add(a, b)
        for a, b in _pairs(self.names):
            if not _same_parent(a, b):
                counts["namesakes"].add(a, b)
        for a, b in _pairs(self.doors):
            if not _same_parent(a, b) and not _same_birth(a, b):
                counts["neighbours"].add(a, b)
        return {name: count.sharing(self.children) for name, count in counts.items()}


def _pairs(groups: Mapping[tuple[str, str], list[Identity]]) -> Iterator[tuple[Identity, Identity]]:
    for group in groups.values():
        if len(group) <= _LARGEST_GROUP:
            yield from combinations(group, 2)


def _same_birth(a: Identity, b: Identity) -> bool:
    return a.birth is not None and b.birth is not None and a.birth.day is not None and a.birth.iso() == b.birth.iso()


def _same_parent(a: Identity, b: Identity) -> bool:
    pairs = ((a.mother, b.mother), (a.father, b.father))
    return any(x is not None and y is not None and x.number and x.number == y.number for x, y in pairs)


def group_of(identity: Identity) -> Group:
    """Return the group whose fashion of names a child follows: sex and birth cohort, as far as they are known."""
    if identity.sex is None or identity.birth is None:
        return "all"
    return f"{identity.sex}:{identity.birth.year // _COHORT * _COHORT}"


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Counts of values by group. Its document holds parts of names, so it is kept as safe as names are."""

    people: int
    counts: Mapping[str, Mapping[Group, Mapping[str, int]]] = field(repr=False)  # fact → group → value → count
    relations: Mapping[str, Sharing]  # each of RELATIONS
    _sums: dict[tuple[str, Group], int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def counting(cls, identities: Iterable[Identity]) -> Frequencies:
        """Count the values of a population, and what relatives and namesakes in it share."""
        counts: dict[str, Counts] = {}
        relations = _Relations()
        people = 0
        for identity in identities:
            people += 1
            _count_name(counts, identity)
            _count_places(counts, identity)
            _count_parents(counts, identity)
            relations.add(identity)
        return cls(people, counts, relations.counted())

    def share(self, fact: str, text: str, group: Group = "all") -> float:
        """Return the share of people of `group` who have `text`; a small group leans on everybody, none is 0."""
        groups = self.counts.get(fact, {})
        everybody = groups.get("all", {})
        overall = (everybody.get(text, 0) + 0.5) / (self._sum(fact, "all") + 1)
        if group == "all" or group not in groups:
            return overall
        return (groups[group].get(text, 0) + _TRUST * overall) / (self._sum(fact, group) + _TRUST)

    def bears(self, part: str) -> bool:
        """Return whether `part` is a syllable of anybody's name: in the population or in the lists of common names."""
        return part in self.counts.get("part", {}).get("all", {}) or part in _common_syllables()

    def _sum(self, fact: str, group: Group) -> int:
        key = (fact, group)
        if key not in self._sums:
            self._sums[key] = sum(self.counts.get(fact, {}).get(group, {}).values())
        return self._sums[key]

    def to_document(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "people": self.people,
            "counts": {
                fact: {group: dict(values) for group, values in groups.items()} for fact, groups in self.counts.items()
            },
            "relations": {name: _sharing_document(sharing) for name, sharing in self.relations.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Frequencies:
        """Return the frequencies that `to_document` described."""
        return cls(
            people=int(document["people"]),
            counts=document["counts"],
            relations={name: Sharing(**sharing) for name, sharing in document["relations"].items()},
        )


def _sharing_document(sharing: Sharing) -> dict[str, Any]:
    return {"pairs": sharing.pairs, "per_child": sharing.per_child, "shared": dict(sharing.shared)}


def _count_name(counts: dict[str, Counts], identity: Identity) -> None:
    folded, marks = known_name(identity)
    if not folded:
        return
    groups = {"all", group_of(identity)} | ({f"eth:{identity.ethnicity}"} if identity.ethnicity else set())
    for part in {*folded, *marks}:
        _add(counts.setdefault("part", {}), "all", part)
    for group in groups:
        _add(counts.setdefault("given", {}), group, folded[-1])
        _add(counts.setdefault("given_marked", {}), group, marks[-1])
        if len(folded) > 1:
            _add(counts.setdefault("surname", {}), group, folded[0])
            _add(counts.setdefault("middle", {}), group, " ".join(folded[1:-1]))


def _count_places(counts: dict[str, Counts], identity: Identity) -> None:
    if identity.birth is not None:
        _add(counts.setdefault("year", {}), "all", str(identity.birth.year))
    if identity.unit is not None:
        for commune in identity.unit.communes:
            _add(counts.setdefault("commune", {}), "all", commune)
        if identity.unit.province is not None:
            _add(counts.setdefault("province", {}), "all", identity.unit.province)
    if identity.ethnicity is not None:
        _add(counts.setdefault("ethnicity", {}), "all", identity.ethnicity)


def _count_parents(counts: dict[str, Counts], identity: Identity) -> None:
    for role, (folded, marks) in (("mother", known_mother(identity)), ("father", known_father(identity))):
        if not folded:
            continue
        _add(counts.setdefault(f"{role}_given", {}), "all", folded[-1])
        _add(counts.setdefault(f"{role}_given_marked", {}), "all", marks[-1])
        for part in {*folded, *marks}:
            _add(counts.setdefault("part", {}), "all", part)
        if len(folded) > 1:
            _add(counts.setdefault(f"{role}_surname", {}), "all", folded[0])
            _add(counts.setdefault(f"{role}_middle", {}), "all", " ".join(folded[1:-1]))
