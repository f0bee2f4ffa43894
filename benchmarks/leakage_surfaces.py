"""What stands in the stolen tables: for each child a number for each token, made of the text behind it.

Two numbers are equal exactly if the tokens are, and a keyed hash keeps equality and nothing else: so the attacks work
on these numbers. `leakage_columns.keeps_equality` checks that with the real tokens.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from multiprocessing import get_context
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from hard_set_habits import Truths
from leakage_people import COUNTED, STOLEN, People, Setting, heard, invented

from matching.blocking import block_keys
from matching.identity import Identity
from registry.protect import search_tokens
from registry.protect.search_tokens import TOKENS, SearchFacts

Longs = npt.NDArray[np.int64]
NOISE: Final = "noise"
SEARCH_KINDS: Final = (
    "whole", "date_last", "date_first", "pair_ends", "pair_last", "pair", "parent_pair", "parent_given", "misspelt",
    NOISE,
)  # fmt: skip
NUMBER_KINDS: Final = ("number", "parent_number")
BLOCK_KINDS: Final = (
    *NUMBER_KINDS, "name_date", "last_parts_date", "ends_date", "date_commune", "date_mother", "date_father",
    "name_year", "ends_commune_year", "mother_year", "father_year", "name_commune", "mother_commune",
    "father_commune", "name_mother", "name_father",
)  # fmt: skip


class Surface(StrEnum):
    """A stolen table, or one with a protection taken away, to see that the attack then succeeds."""

    SEARCH = "search"  # tokens of the province search, under a key for each province
    BLOCKS = "blocks"  # block tokens of linkage, under one key for the nation
    SYLLABLES = "syllables"  # taken away: a token says one syllable instead of two facts
    NATIONAL_PAIRS = "national pairs"  # taken away: neither year nor province is in a token
    GIVEN_NAMES = "given names"  # taken away: a block token of a commune and year says the given name alone


class Text(NamedTuple):
    """What one token says."""

    kind: str
    text: str  # equal exactly if the tokens are
    sense: str  # what the attacker wants to know of it: the names, without the time and place it is bound to
    cell: str  # what the columns in clear tell of it: tokens of one cell compete for one list of names


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """All tokens of a table, one entry each time that one stands in a row."""

    kinds: tuple[str, ...]
    row: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    token: Longs
    sense: Longs
    cell: Longs

    def only(self, chosen: Truths | npt.NDArray[np.integer]) -> Tokens:
        """Return some of the entries: marked ones, or those at some places."""
        return Tokens(
            self.kinds, self.row[chosen], self.kind[chosen], self.token[chosen], self.sense[chosen], self.cell[chosen]
        )

    def of_kinds(self, *names: str) -> Truths:
        """Tell which entries are of these kinds."""
        return np.isin(self.kind, [self.kinds.index(name) for name in names])


@dataclass(frozen=True, slots=True, eq=False)
class Theft:
    """A stolen table, and the same table of the people whom the attacker has counted."""

    surface: Surface
    stolen: Tokens
    counted: Tokens


def facts_of(identity: Identity) -> SearchFacts:
    """Return what the province search is told of a child."""
    name, birth, unit = identity.name, identity.birth, identity.unit
    if name is None or birth is None or unit is None or unit.province is None:
        raise ValueError("an invented child has a name, a birth date and a place")
    parents = [each.name.parts if each and each.name else () for each in (identity.mother, identity.father)]
    return SearchFacts(
        name_parts=name.parts,
        birth_year=birth.year,
        birth_date=birth.iso(),
        mother_parts=parents[0],
        father_parts=parents[1],
        province=unit.province,
    )


def search_texts(identity: Identity) -> list[Text]:
    """Return what the real tokens of the province search say, in the order in which they are made."""
    facts = facts_of(identity)
    year, cell = str(facts.birth_year), f"{facts.province} {facts.birth_year}"
    found: dict[tuple[str, str], str] = {}
    about = list(search_tokens._about_child(facts, year))  # the texts themselves leave that module hashed only
    dates = iter(("date_last", "date_first"))
    sounds = heard(facts.name_parts)
    for text in about:
        found.setdefault(("child", text), next(dates) if text.startswith("date ") else _pair_or_whole(text, sounds))
    for text in search_tokens._about_parents(facts, year):
        found.setdefault(("parent", text), "parent_given" if text.startswith("of ") else "parent_pair")
    for text in search_tokens._misspelt(facts.name_parts, year):
        found.setdefault(("child", text), "misspelt")
    chosen = list(found.items())[:TOKENS]
    return [Text(kind, f"{facts.province} {key} {text}", _sense(key, text), cell) for (key, text), kind in chosen]


def _pair_or_whole(text: str, sounds: tuple[str, ...]) -> str:
    first, *said = text.split(" ")
    if first == "whole" or not sounds:
        return first
    if said[:2] == sorted((sounds[0], sounds[-1])):
        return "pair_ends"
    return "pair_last" if sounds[-1] in said[:2] else "pair"


def _sense(key: str, text: str) -> str:
    if text.startswith("date "):
        return f"date {text.rpartition(' ')[2]}"
    return f"{key} {text.rpartition(' ')[0]}"


def block_texts(identity: Identity) -> list[Text]:
    """Return what the real block keys of linkage say."""
    return [Text(kind, f"{kind} {text}", *_block_sense(kind, text)) for kind, text in block_keys(identity)]


def _block_sense(kind: str, text: str) -> tuple[str, str]:
    """Return the names in a block key, and what the columns in clear tell of it beside its kind."""
    if kind in NUMBER_KINDS:
        return text, kind
    if kind == "date_commune":
        date, _, commune = text.partition("|")
        return date, f"{kind} {commune} {date[:4]}"
    if kind in ("date_mother", "date_father"):
        date, _, name = text.partition("|")
        return f"{kind} {name}", f"{kind} {date[:4]}"
    name, *bound = text.split("|")
    if kind in ("name_mother", "name_father"):
        return f"{kind} {text}", kind
    when = bound[-1][:4] if kind.endswith("_date") else " ".join(bound)
    return f"{kind} {name}", f"{kind} {when}"


def syllable_texts(identity: Identity) -> list[Text]:
    """Return tokens of single syllables: what the search would be without compounds."""
    facts = facts_of(identity)
    cell = f"{facts.province} {facts.birth_year}"
    return [Text("whole", f"{cell} {sound}", sound, cell) for sound in dict.fromkeys(heard(facts.name_parts))]


def national_pair_texts(identity: Identity) -> list[Text]:
    """Return pairs of syllables under one key and without the year: what one list for the nation would be."""
    sounds = heard(facts_of(identity).name_parts)
    pairs = dict.fromkeys(" ".join(sorted(pair)) for pair in combinations(sounds, 2))
    return [Text("pair", pair, pair, "") for pair in pairs]


def given_name_texts(identity: Identity) -> list[Text]:
    """Return block tokens that say a given name, beside a commune and a year that stand in clear."""
    given = heard(facts_of(identity).name_parts)[-1:]
    communes = identity.unit.communes if identity.unit else ()
    year = identity.birth.year if identity.birth else None
    return [Text("pair", f"{sound} {at} {year}", sound, f"{at} {year}") for sound in given for at in communes]


_TEXTS: Final[dict[Surface, Callable[[Identity], list[Text]]]] = {
    Surface.SEARCH: search_texts,
    Surface.BLOCKS: block_texts,
    Surface.SYLLABLES: syllable_texts,
    Surface.NATIONAL_PAIRS: national_pair_texts,
    Surface.GIVEN_NAMES: given_name_texts,
}


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


_number_of_sense = lru_cache(maxsize=400_000)(_number)


def tokens_of(surface: Surface, people: People) -> Tokens:
    """Return every token of the people's rows; those of the search are filled up with noise, as in the table."""
    kinds = BLOCK_KINDS if surface is Surface.BLOCKS else SEARCH_KINDS
    code = {kind: place for place, kind in enumerate(kinds)}
    columns = [array("q") for _ in range(5)]
    rows, codes, tokens, senses, cells = (column.append for column in columns)
    for row, identity in enumerate(people.identities()):
        for kind, text, sense, cell in _TEXTS[surface](identity):
            rows(row)
            codes(code[kind])
            tokens(_number(text))
            senses(_number_of_sense(sense))
            cells(_number_of_sense(cell))
    row_, kind_, token, sense_, cell_ = (np.array(column, dtype=np.int64) for column in columns)
    own = Tokens(kinds, row_.astype(np.int32), kind_.astype(np.int8), token, sense_, cell_)
    return _filled_with_noise(own, len(people)) if surface is Surface.SEARCH else own


def _filled_with_noise(own: Tokens, people: int) -> Tokens:
    missing = TOKENS - np.bincount(own.row, minlength=people)
    row = np.repeat(np.arange(people, dtype=np.int32), missing)
    first = np.unique(own.row, return_index=True)[1]
    token = np.random.default_rng(people).integers(-(2**62), 2**62, len(row))  # each is met once, as keyed noise is
    return Tokens(
        own.kinds,
        np.concatenate([own.row, row]),
        np.concatenate([own.kind, np.full(len(row), own.kinds.index(NOISE), dtype=np.int8)]),
        np.concatenate([own.token, token]),
        np.concatenate([own.sense, np.zeros(len(row), dtype=np.int64)]),
        np.concatenate([own.cell, own.cell[first][row]]),
    )


def _numbered(columns: list[Longs]) -> list[Longs]:
    """Return several columns with their values numbered from 0, equal numbers for equal values."""
    _, number = np.unique(np.concatenate(columns), return_inverse=True)
    return np.split(number.reshape(-1), np.cumsum([len(column) for column in columns])[:-1])


def theft(surface: Surface, stolen: Tokens, counted: Tokens) -> Theft:
    """Return both tables with tokens, senses and cells numbered alike."""
    both = (stolen, counted)
    token, sense, cell = (_numbered([getattr(each, name) for each in both]) for name in ("token", "sense", "cell"))
    made = (Tokens(each.kinds, each.row, each.kind, token[at], sense[at], cell[at]) for at, each in enumerate(both))
    return Theft(surface, *made)


def _made(task: tuple[Surface, Setting, int]) -> Tokens:
    surface, setting, sample = task
    return tokens_of(surface, invented(setting, sample))


def thefts(setting: Setting, surfaces: Iterable[Surface]) -> dict[Surface, Theft]:
    """Return the stolen tables and the attacker's own count for each surface; two processes make them."""
    wanted = list(surfaces)
    tasks = [(surface, setting, sample) for surface in wanted for sample in (STOLEN, COUNTED)]
    with get_context("spawn").Pool(2) as pool:
        made = pool.map(_made, tasks, chunksize=1)
    return {surface: theft(surface, *made[2 * place : 2 * place + 2]) for place, surface in enumerate(wanted)}
