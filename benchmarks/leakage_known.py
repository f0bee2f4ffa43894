"""What an attacker reads who knows some rows in full: equal tokens say equal things, from row to row to row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from hard_set_habits import Truths, Whole
from leakage_people import People, heard
from leakage_rank import pooled_guesses
from leakage_surfaces import Longs, Tokens

UNKNOWN: Final = -1
FACTS: Final = ("given", "surname", "whole", "day", "mother", "father")
_HOPS: Final = 12
_SUREST: Final = 3  # tokens of a cell
_WHOLE_NAME: Final = (
    "name_date", "name_commune", "name_mother", "name_father", "name_year", "whole",
)  # fmt: skip
# Which kinds of token make a fact equal in all rows that hold them, the surest first.
_TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "given": (
        *_WHOLE_NAME, "last_parts_date", "ends_date", "ends_commune_year", "date_last", "parent_given", "pair_ends",
        "pair_last",
    ),
    "surname": (
        *_WHOLE_NAME, "ends_date", "ends_commune_year", "date_first", "date_father", "father_commune", "father_year",
        "pair_ends",
    ),
    "whole": _WHOLE_NAME,
    "day": (
        "name_date", "last_parts_date", "ends_date", "date_commune", "date_mother", "date_father", "date_last",
        "date_first",
    ),
    "mother": ("date_mother", "name_mother", "mother_commune", "mother_year", "parent_number"),
    "father": ("date_father", "name_father", "father_commune", "father_year", "parent_number"),
}  # fmt: skip


class Relation(NamedTuple):
    """Which of the other children are meant."""

    name: str
    rows: Truths


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of some children: shares of them."""

    relation: str
    children: int
    right: Mapping[str, float]  # of all of them, by fact
    wrong: Mapping[str, float]
    identified: float  # whole name and birth date both right


def facts_of_people(people: People, codes: dict[str, int]) -> dict[str, Whole]:
    """Return each child's facts as numbers; `codes` gives equal texts equal numbers in all samples."""
    columns: dict[str, list[int]] = {fact: [] for fact in FACTS}

    def code(parts: Sequence[str]) -> int:
        return codes.setdefault(" ".join(parts), len(codes)) if parts else UNKNOWN

    for row, name in enumerate(people.names):
        sounds = heard(name)
        columns["given"].append(code(sounds[-1:]))
        columns["surname"].append(code(sounds[:1]))
        columns["whole"].append(code(sorted(sounds)))
        columns["day"].append(int(people.day[row]))
        columns["mother"].append(code(people.mothers[row]))
        columns["father"].append(code(people.fathers[row]))
    return {fact: np.array(values, dtype=np.int64) for fact, values in columns.items()}


class _Telling(NamedTuple):
    """The tokens that tell one fact."""

    row: Longs
    token: Longs  # numbered from 0
    number: int


def _telling(tables: Sequence[Tokens], fact: str) -> _Telling:
    rows, tokens = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for kind in _TELLING[fact]:
        for place, table in enumerate(tables):
            if kind in table.kinds:
                chosen = table.of_kinds(kind)
                rows.append(table.row[chosen].astype(np.int64))
                tokens.append(table.token[chosen] * len(tables) + place)  # each table numbers its own
    distinct, numbered = np.unique(np.concatenate(tokens), return_inverse=True)
    return _Telling(np.concatenate(rows), numbered.reshape(-1), len(distinct))


def _spread(telling: _Telling, values: Whole, known: Truths, hops: int) -> Whole:
    """Return what is believed of each row when `values` are at the known ones; what is believed first stands."""
    believed = np.where(known, values, UNKNOWN)
    said = np.full(telling.number, UNKNOWN, dtype=np.int64)
    for _ in range(hops):
        value = believed[telling.row]
        fresh = np.flatnonzero((value != UNKNOWN) & (said[telling.token] == UNKNOWN))[::-1]
        said[telling.token[fresh]] = value[fresh]  # backwards: the surest kind is written last
        heard_now = said[telling.token]
        new = np.flatnonzero((heard_now != UNKNOWN) & (believed[telling.row] == UNKNOWN))[::-1]
        if not len(new):
            break
        believed[telling.row[new]] = heard_now[new]
    return believed


def read_from(
    tables: Sequence[Tokens],
    facts: Mapping[str, Whole],
    *,
    known: Truths,
    relations: Sequence[Relation],
    hops: int = _HOPS,
) -> list[Read]:
    """Return what can be read of the rows that are not known.

    The attacker is granted which of her tokens says what, also in the search table, where the kinds do not stand. Pairs
    without the last syllable and misspelt forms are not followed: they say less, and mislead.

    Args: `hops`: from row to row by an equal token; 1: what the known rows tell directly.
    """
    believed = {fact: _spread(_telling(tables, fact), facts[fact], known, hops) for fact in FACTS}
    found = []
    for relation in relations:
        chosen = relation.rows & ~known
        right = {fact: (believed[fact] == facts[fact]) & (facts[fact] != UNKNOWN) for fact in FACTS}
        wrong = {fact: (believed[fact] != UNKNOWN) & ~right[fact] for fact in FACTS}
        number = max(int(chosen.sum()), 1)
        found.append(
            Read(
                relation=relation.name,
                children=int(chosen.sum()),
                right={fact: float(right[fact][chosen].sum() / number) for fact in FACTS},
                wrong={fact: float(wrong[fact][chosen].sum() / number) for fact in FACTS},
                identified=float((right["whole"] & right["day"])[chosen].sum() / number),
            )
        )
    return found


def spread_guesses(
    table: Tokens, counted: Tokens, facts: Mapping[str, Whole], theirs: Mapping[str, Whole], *, kind: str, fact: str
) -> tuple[float, float]:
    """Return the shares of children of whom the surest guesses by frequency tell a fact rightly and wrongly.

    The commonest tokens of `kind` in each cell are taken for the commonest names; what that says of a row is then
    believed of every row that shares a token telling `fact`, as if it were known.
    """
    mine, other = table.only(table.of_kinds(kind)), counted.only(counted.of_kinds(kind))
    tokens, guess, rank = pooled_guesses(mine, other, apart=True)
    meaning = np.full(int(max(mine.sense.max(), other.sense.max())) + 1, UNKNOWN, dtype=np.int64)
    meaning[other.sense] = theirs[fact][other.row]
    said = np.full(int(mine.token.max()) + 1, UNKNOWN, dtype=np.int64)
    sure = (rank < _SUREST) & (guess >= 0)
    said[tokens.token[sure]] = meaning[guess[sure]]
    believed = np.full(len(facts[fact]), UNKNOWN, dtype=np.int64)
    believed[mine.row] = said[mine.token]
    spread = _spread(_telling([table], fact), believed, believed != UNKNOWN, _HOPS)
    right = (spread == facts[fact]) & (spread != UNKNOWN)
    return float(right.mean()), float(((spread != UNKNOWN) & ~right).mean())


def relations_to(people: People, known: Truths) -> list[Relation]:
    """Return who is a sibling of a known child, who lives in the commune of one of the same year, and who neither."""
    siblings = np.isin(people.household, people.household[known])
    place = people.commune * 10_000 + people.year
    near = np.isin(place, place[known]) & ~siblings
    everybody = np.ones(len(people), dtype=np.bool_)
    return [
        Relation("all others", everybody),
        Relation("sibling", siblings),
        Relation("same commune and year", near),
        Relation("stranger", ~siblings & ~near),
    ]


def one_in(people: People, share: float, seed: int) -> Truths:
    """Return which children the attacker knows, drawn by chance."""
    return np.asarray(np.random.default_rng([seed, 9]).random(len(people)) < share)


def beside(tables: Sequence[Tokens], planted: Sequence[Tokens], rows: Whole, people: int) -> list[Tokens]:
    """Return the tables with the rows of planted children behind those of the people."""
    place = np.full(int(rows.max()) + 1, UNKNOWN, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    joined = []
    for table, more in zip(tables, planted, strict=True):
        chosen = more.only(np.isin(more.row, rows))
        joined.append(
            Tokens(
                table.kinds,
                np.concatenate([table.row, (people + place[chosen.row]).astype(np.int32)]),
                *(
                    np.concatenate([getattr(table, column), getattr(chosen, column)])
                    for column in ("kind", "token", "sense", "cell")
                ),
            )
        )
    return joined


def commonest(counted: Tokens, number: int) -> Longs:
    """Return the rows of counted children whose whole names of a year are the commonest, each name once."""
    chosen = counted.of_kinds("name_year")
    _, first, count = np.unique(counted.token[chosen], return_index=True, return_counts=True)
    best = np.argsort(-count, kind="stable")[:number]
    return np.unique(counted.row[chosen][first[best]].astype(np.int64))
