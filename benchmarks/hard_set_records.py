"""Records of children as sectors write them: what they ask for, and what goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt
from hard_set_habits import ASKED, ON, SOURCE_SHARES, Reals, Truths, Whole
from hard_set_misspelling import (
    Slip,
    by_ear,
    d_for_dd,
    digit_wrong,
    i_for_y,
    other_apostrophe,
    reordered,
    shortened,
    slip,
    telex,
    tone_elsewhere,
    tone_wrong,
    transposed,
    without_a_middle,
    without_marks,
)
from hard_set_name_lists import NICKNAMES
from hard_set_names import KINH, NOBODY
from hard_set_people import Adults, Block, World

Texts = npt.NDArray[np.object_]
_SEX: Final = (("Nam", "Nữ"), ("male", "female"), ("1", "2"), ("Nam", "Nữ"), ("male", "female"))
_RESPELL: Final[dict[str, Slip]] = {
    "middle_missing": without_a_middle, "order_swapped": reordered, "slip": slip, "by_ear": by_ear,
    "tone_wrong": tone_wrong, "d_dd": d_for_dd, "i_y": i_for_y, "tone_place": tone_elsewhere,
    "apostrophe": other_apostrophe, "telex": telex,
}  # fmt: skip
_ALL_NAMES: Final = ("i_y", "tone_place", "apostrophe")  # habits of a writer, not slips: parents' names have them too


@dataclass(slots=True)
class Sheet:
    """The records of one block while they are being written."""

    child: Whole  # place among the children of the block
    source: Whole
    rng: np.random.Generator
    chance: Random
    rates: dict[str, Reals]
    damage: list[list[str]] = field(default_factory=list)
    columns: dict[str, Texts] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.child)

    def asked(self, name: str) -> Truths:
        """Draw which records hold a thing at all."""
        return self.rng.random(len(self)) * 100 < np.array(ASKED[name])[self.source]

    def struck(self, fault: str, among: Truths | None = None) -> Whole:
        """Draw which records have a fault, of those that can."""
        hit = self.rng.random(len(self)) < self.rates[fault][self.source]
        return np.flatnonzero(hit if among is None else hit & among)

    def note(self, fault: str, struck: Whole) -> None:
        """Write down that these records have a fault."""
        for row in struck:
            self.damage[row].append(fault)

    def respell(self, column: str, fault: str, *, change: Slip, also: tuple[str, ...] = ()) -> None:
        """Draw who has a fault and change their texts; only what changed is noted."""
        texts = self.columns[column]
        for row in self.struck(fault, among=texts != ""):
            before = texts[row]
            texts[row] = change(self.chance, before)
            changed = texts[row] != before
            for other in also:
                text = self.columns[other][row]
                self.columns[other][row] = change(self.chance, text) if text else text
                changed |= self.columns[other][row] != text
            if changed:
                self.damage[row].append(fault)


def records_of(world: World, index: int, block: Block, *, chosen: Whole, rates: dict[str, Reals]) -> Sheet:
    """Return the records of the chosen children of a block."""
    rng = np.random.default_rng([world.seed, 5, index])
    source = np.searchsorted(np.cumsum(SOURCE_SHARES), rng.random(len(chosen)) * 0.999999, side="right")
    sheet = Sheet(chosen, source, rng, Random(f"{world.seed}:{index}"), rates)
    sheet.damage = [[] for _ in chosen]
    _write_names(world, block, sheet)
    _write_parents(world, block, sheet)
    _misspell(sheet)
    _call_otherwise(world, block, sheet)
    _write_dates(block, sheet)
    _write_numbers(block, sheet)
    _write_codes(world, block, sheet)
    return sheet


def _texts(values: list[str | None]) -> Texts:
    return np.array([value or "" for value in values], dtype=object)


def _write_names(world: World, block: Block, sheet: Sheet) -> None:
    called = block.children.called.of(sheet.child)
    renamed = sheet.struck("renamed")
    drawn = world.names.call(
        sheet.rng,
        called.family[renamed],
        block.children.group[sheet.child[renamed]],
        sex=block.children.sex[sheet.child[renamed]],
        child=True,
    )
    called.given[renamed] = drawn.given
    sheet.note("renamed", renamed)
    sheet.columns["full_name"] = _texts(world.names.join(called).to_pylist())


def _write_parents(world: World, block: Block, sheet: Sheet) -> None:
    children = block.children
    pairs: tuple[tuple[str, Adults, Whole], ...] = (
        ("mother", block.mothers, children.mother[sheet.child]),
        ("father", block.fathers, children.father[sheet.child]),
    )
    for parent, adults, known in pairs:
        written = sheet.asked(parent) & (known >= 0)
        sheet.note(f"{parent}_missing", np.flatnonzero(~written & (known >= 0)))
        stranger = sheet.struck("guardian", among=written)
        place = np.where(written, known, NOBODY)
        place[stranger] = sheet.rng.integers(0, len(adults.year), len(stranger))
        sheet.note("guardian", stranger)
        sheet.columns[f"{parent}_name"] = _texts(world.names.join(adults.called.of(place)).to_pylist())
        number = np.where(sheet.asked(f"{parent}_number") & (place >= 0), adults.number[place], NOBODY)
        year = np.where(sheet.asked(f"{parent}_year") & (place >= 0), adults.year[place], NOBODY)
        off = sheet.struck("parent_year_off", among=year > 0)
        year[off] += sheet.rng.choice([-2, -1, 1, 2, 10], len(off))
        sheet.note("parent_year_off", off)
        sheet.columns[f"{parent}_number"] = _texts([f"{each:012d}" if each >= 0 else None for each in number])
        sheet.columns[f"{parent}_birth_year"] = _texts([str(each) if each > 0 else None for each in year])
        sheet.respell(f"{parent}_number", "parent_number_digit", change=digit_wrong)
    both = (sheet.columns["mother_name"] != "") & (sheet.columns["father_name"] != "")
    swapped = sheet.struck("parents_swapped", among=both)
    for part in ("name", "number", "birth_year"):
        mother, father = sheet.columns[f"mother_{part}"], sheet.columns[f"father_{part}"]
        mother[swapped], father[swapped] = father[swapped].copy(), mother[swapped].copy()
    sheet.note("parents_swapped", swapped)


def _any_slip(rng: Random, text: str) -> str:
    return rng.choice((slip, by_ear, tone_wrong))(rng, text)


def _misspell(sheet: Sheet) -> None:
    for fault, change in _RESPELL.items():
        also = ("mother_name", "father_name") if fault in _ALL_NAMES else ()
        sheet.respell("full_name", fault, change=change, also=also)
    for parent in ("mother", "father"):
        column = f"{parent}_name"
        sheet.respell(column, f"{parent}_middle_missing", change=without_a_middle)
        sheet.respell(column, f"{parent}_slip", change=_any_slip)
        sheet.respell(column, f"{parent}_short", change=shortened)


def _call_otherwise(world: World, block: Block, sheet: Sheet) -> None:
    """Write what a child is called before or beside its name."""
    names, mothers = sheet.columns["full_name"], sheet.columns["mother_name"]
    given = world.names.words
    sex = block.children.sex[sheet.child]
    for row in (alone := sheet.struck("given_only")):
        names[row] = given[block.children.called.given[sheet.child[row]]]
    sheet.note("given_only", alone)
    for row in (nicknamed := sheet.struck("nickname")):
        word = sheet.chance.choice(NICKNAMES.split()) if sheet.chance.random() < 0.7 else names[row].split(" ")[-1]
        names[row] = sheet.chance.choice(("", "Bé ", "Cu " if sex[row] == 0 else "Bé ", "Em ")) + word
    sheet.note("nickname", nicknamed)
    for row in (newborn := sheet.struck("newborn", among=mothers != "")):
        whose = ("Con bà ", "Con bà ", "CB ", "Con ", "Bé trai con bà " if sex[row] == 0 else "Bé gái con bà ")
        names[row] = sheet.chance.choice(whose) + mothers[row]
    sheet.note("newborn", newborn)
    columns = ("full_name", "mother_name", "father_name")
    for row in (lost := sheet.struck("marks_lost")):
        for column in columns:
            sheet.columns[column][row] = without_marks(sheet.chance, sheet.columns[column][row])
    sheet.note("marks_lost", lost)
    for row in np.flatnonzero(sheet.asked("capitals")):
        for column in columns:
            sheet.columns[column][row] = sheet.columns[column][row].upper()


def _write_dates(block: Block, sheet: Sheet) -> None:
    days = block.children.day[sheet.child].astype("datetime64[D]")
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    rng = sheet.rng
    swapped = sheet.struck("date_swapped", among=(day <= 12) & (day != month))
    month[swapped], day[swapped] = day[swapped].copy(), month[swapped].copy()
    digit = sheet.struck("date_digit")
    in_month = rng.random(len(digit)) < 0.3
    month[digit[in_month]] = (month[digit[in_month]] + rng.choice([1, 9, 11], int(in_month.sum())) - 1) % 12 + 1
    in_day = digit[~in_month]
    day[in_day] = (day[in_day] + rng.choice([1, 2, 8, 10, 18, 20, 26, 27], len(in_day)) - 1) % 28 + 1
    shifted = sheet.struck("year_shift")
    year[shifted] += rng.choice([-1, -1, -1, 1, 1, -10], len(shifted))
    first = sheet.struck("january")
    month[first] = day[first] = 1
    estimated = sheet.struck("year_estimated")
    year[estimated] += rng.choice([-2, -1, -1, 0, 0, 0, 1, 1, 2], len(estimated))
    year = np.minimum(year, ON.year)
    day = np.where(month == 2, np.minimum(day, 28), np.where(np.isin(month, (4, 6, 9, 11)), np.minimum(day, 30), day))
    text = [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(year, month, day, strict=True)]
    column = np.array(text, dtype=object)
    length = np.full(len(sheet), 10)
    partial = {"month_only": 7, "year_only": 4, "date_missing": 0}
    for fault, kept in partial.items():
        rows = sheet.struck(fault)
        length[rows] = kept
        sheet.note(fault, rows)
    length[estimated] = 4
    sheet.columns["birth_date"] = np.array(
        [each[:kept] for each, kept in zip(column, length, strict=True)], dtype=object
    )
    named = {"date_swapped": swapped, "date_digit": digit, "year_shift": shifted, "january": first}
    for fault, rows in {**named, "year_estimated": estimated}.items():
        sheet.note(fault, rows)


def _write_numbers(block: Block, sheet: Sheet) -> None:
    children = block.children
    child = sheet.child
    number = np.where(sheet.asked("number"), children.number[child], NOBODY)
    known = number >= 0
    sibling = np.where(np.roll(children.household, 1)[child] == children.household[child], child - 1, child + 1)
    sibling = np.where(sibling < len(children), sibling, child - 1)
    has_sibling = known & (children.household[sibling] == children.household[child])
    rows = sheet.struck("number_sibling", among=has_sibling)
    number[rows] = children.number[sibling[rows]]
    sheet.note("number_sibling", rows)
    by_father = sheet.rng.random(len(child)) < 0.3
    parent = np.where(
        by_father, block.fathers.number[children.father[child]], block.mothers.number[children.mother[child]]
    )
    certain = np.where(by_father, children.father[child], children.mother[child]) >= 0
    rows = sheet.struck("number_parent", among=certain)
    number[rows] = parent[rows]
    sheet.note("number_parent", rows)
    sheet.columns["personal_number"] = _texts([f"{each:012d}" if each >= 0 else None for each in number])
    sheet.respell("personal_number", "number_digit", change=digit_wrong)
    sheet.respell("personal_number", "number_transposed", change=transposed)
    sheet.respell("personal_number", "number_zero_lost", change=lambda _rng, text: text.lstrip("0"))


def _write_codes(world: World, block: Block, sheet: Sheet) -> None:
    children, places = block.children, world.places
    child = sheet.child
    sex = children.sex[child].copy()
    wrong = sheet.struck("sex_wrong")
    sex[wrong] = 1 - sex[wrong]
    sheet.note("sex_wrong", wrong)
    missing = sheet.struck("sex_missing")
    text = np.array([_SEX[source][each] for source, each in zip(sheet.source, sex, strict=True)], dtype=object)
    text[missing] = ""
    sheet.note("sex_missing", missing)
    sheet.columns["sex"] = text
    home = children.home[child].copy()
    moved = sheet.struck("moved")
    home[moved] = places.elsewhere(sheet.rng, home[moved])
    sheet.note("moved", moved)
    former = sheet.asked("former_list")
    lost = sheet.struck("commune_missing")
    code = [places.old_code[place] if old else places.new_code[place] for place, old in zip(home, former, strict=True)]
    sheet.columns["commune_code"] = np.array(code, dtype=object)
    sheet.columns["commune_scheme"] = np.where(former, "2024", "2025").astype(object)
    sheet.columns["commune_code"][lost] = sheet.columns["commune_scheme"][lost] = ""
    sheet.note("commune_missing", lost)
    group = children.group[child].copy()
    odd = sheet.struck("ethnicity_wrong")
    group[odd] = np.where(group[odd] == KINH, 2, KINH)
    sheet.note("ethnicity_wrong", odd)
    asked = sheet.asked("ethnicity")
    sheet.columns["ethnicity"] = _texts(
        [f"{each:02d}" if known else None for each, known in zip(group, asked, strict=True)]
    )
