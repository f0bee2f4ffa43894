"""Block keys of packed rows: `matching.blocking.block_keys` for millions of people at once.

Two rows share a key of a kind exactly when their identities share a textual key of that kind. The kind is part of the
key, so keys of all kinds lie in one table. A key depends on texts and figures alone, never on codes of a vocabulary:
every process on every machine gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from matching.packed import PLACE, Packed, Rows
from matching.row_facts import (
    COLUMNS,
    DAY,
    DOUBT,
    ENDS,
    FATHER_NAME,
    LAST,
    MOTHER_NAME,
    NAME,
    SOUNDS,
    YEAR,
    Hashes,
    all_joint,
    read_facts,
    syllables_table,
)
from matching.row_keys import (
    ANY_TIME,
    EACH_YEAR,
    GENERATIONS,
    MOST_NUMBER_KEYS,
    ONE_DAY,
    Bounds,
    keys_in_place,
    keys_in_time,
    keys_of_number,
    keys_of_parents_numbers,
)
from matching.vocabulary import Integers, Vocabulary, text_hash
from matching.workspace import Keys

_ROWS_AT_ONCE: Final = 32_768  # their facts fit into the cache


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What keys of a kind are made of."""

    facts: tuple[int, ...]  # columns of `matching.row_facts`
    bound_to: int
    in_place: bool


_RECIPES: Final = MappingProxyType(
    {
        "name_date": _Recipe((NAME,), ONE_DAY, in_place=False),
        "last_parts_date": _Recipe((LAST,), ONE_DAY, in_place=False),
        "ends_date": _Recipe((ENDS,), ONE_DAY, in_place=False),
        "date_commune": _Recipe((DAY,), ONE_DAY, in_place=True),
        "date_mother": _Recipe((MOTHER_NAME,), ONE_DAY, in_place=False),
        "date_father": _Recipe((FATHER_NAME,), ONE_DAY, in_place=False),
        "name_year": _Recipe((SOUNDS,), EACH_YEAR, in_place=False),
        "ends_commune_year": _Recipe((ENDS,), EACH_YEAR, in_place=True),
        "mother_year": _Recipe((MOTHER_NAME,), EACH_YEAR, in_place=False),
        "father_year": _Recipe((FATHER_NAME,), EACH_YEAR, in_place=False),
        "name_commune": _Recipe((SOUNDS,), GENERATIONS, in_place=True),
        "mother_commune": _Recipe((MOTHER_NAME,), GENERATIONS, in_place=True),
        "father_commune": _Recipe((FATHER_NAME,), GENERATIONS, in_place=True),
        "name_mother": _Recipe((SOUNDS, MOTHER_NAME), ANY_TIME, in_place=False),
        "name_father": _Recipe((SOUNDS, FATHER_NAME), ANY_TIME, in_place=False),
    }
)
KINDS: Final = ("number", "parent_number", *_RECIPES)


class UnknownKind(ValueError):
    """A stage names a kind of block key that children's records do not have."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Some rows with what their keys are made of."""

    rows: Rows
    facts: Hashes
    bounds: Bounds


def check_kinds(kinds: Sequence[str]) -> None:
    """Check that children's records have such keys.

    Raises: UnknownKind: one of `kinds` is not among KINDS.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        msg = f"[blocking.stages]: no kind of block key is named {unknown[0]!r}"
        raise UnknownKind(msg)


def child_keys(packed: Packed, vocabulary: Vocabulary, *, kinds: Sequence[str], rows: range | None = None) -> Keys:
    """Return the block keys of `rows` (all if None) of the given kinds; a row has each of its keys once.

    Raises: UnknownKind: one of `kinds` is not among KINDS.
    """
    check_kinds(kinds)
    chosen = rows if rows is not None else range(len(packed))
    found: list[tuple[Integers, Hashes]] = [(np.empty(0, np.int32), np.empty(0, np.uint64))]
    for begin, some in _pieces(packed, vocabulary, chosen):
        for kind in dict.fromkeys(kinds):
            row, key = _of_kind(kind, some, packed)
            found.append((row + np.int32(begin), key))
    return Keys(np.concatenate([row for row, _ in found]), np.concatenate([key for _, key in found]))


def _pieces(packed: Packed, vocabulary: Vocabulary, rows: range) -> Iterator[tuple[int, _Rows]]:
    syllables = syllables_table(vocabulary.syllables.tables())
    communes = vocabulary.places.tables().communes
    known = communes >= 0
    units, flat = known.sum(axis=1, dtype=np.int32), np.ascontiguousarray(communes[known])
    first_unit = (np.cumsum(units) - units).astype(np.int32)
    for begin in range(rows.start, rows.stop, _ROWS_AT_ONCE):
        within = packed.rows[begin : min(begin + _ROWS_AT_ONCE, rows.stop)]
        facts = np.zeros((COLUMNS, len(within)), dtype=np.uint64)
        read_facts(within, syllables, facts)
        place = within[:, PLACE]
        somewhere = place >= 0
        here = np.where(somewhere, place, 0)
        bounds = Bounds(
            day=facts[DAY],
            year=facts[YEAR],
            doubt=facts[DOUBT],
            first_unit=first_unit[here] if len(units) else np.zeros_like(here),
            units=np.where(somewhere, units[here], 0).astype(np.int32) if len(units) else np.zeros_like(here),
            communes=flat,
        )
        yield begin, _Rows(within, facts, bounds)


def _of_kind(kind: str, some: _Rows, packed: Packed) -> tuple[Integers, Hashes]:
    seed = np.uint64(text_hash(kind))
    if kind == "number":
        row, key = _room(MOST_NUMBER_KEYS * len(some.rows))
        count = keys_of_number(some.rows, packed.former, seed, row, key)
    elif kind == "parent_number":
        row, key = _room(3 * len(some.rows))
        count = keys_of_parents_numbers(some.rows, seed, row, key)
    else:
        recipe = _RECIPES[kind]
        row, key = _room(_most_keys(recipe, some.bounds))
        fact = some.facts[recipe.facts[0]]
        for other in recipe.facts[1:]:
            fact = all_joint(fact, some.facts[other])
        loop = keys_in_place if recipe.in_place else keys_in_time
        count = loop(fact, some.bounds, seed, recipe.bound_to, row, key)
    return row[:count], key[:count]


def _room(most: int) -> tuple[Integers, Hashes]:
    return np.empty(most, dtype=np.int32), np.empty(most, dtype=np.uint64)


def _most_keys(recipe: _Recipe, bounds: Bounds) -> int:
    moments: Hashes | int = {ANY_TIME: 1, ONE_DAY: 1, GENERATIONS: 2}.get(recipe.bound_to, 2 * bounds.doubt + 1)
    units: Integers | int = bounds.units if recipe.in_place else 1
    return int(np.sum(np.broadcast_to(moments, len(bounds.day)) * np.asarray(units, dtype=np.int64)))
