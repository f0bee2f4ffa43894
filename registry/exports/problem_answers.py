"""Reads the list of the police as it came back: every row by its code, each fault with its row, column and rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from registry.exports.child_list import SEXES
from registry.exports.marks import CODE
from registry.exports.problem_sheet import COLUMNS, HANDED

LONGEST: Final = 200  # signs of a cell
_YES: Final = {
    **dict.fromkeys(("đúng", "dung", "yes", "có", "x"), "confirmed"),
    **dict.fromkeys(("khác", "khac", "other", "sai"), "other"),
    **dict.fromkeys(("không có", "khong co", "none", "chưa có"), "none"),
}
_ANSWERS: Final = ("says", "right_number", "right_name", "right_birth", "right_sex", "officer", "signed_on")


class Rule(StrEnum):
    """What a row that came back breaks."""

    NO_CODE = "no_code"
    CODE_ALTERED = "code_altered"
    CODE_REPEATED = "code_repeated"
    OTHER_LIST = "other_list"
    ROW_ALTERED = "row_altered"
    ANSWER_UNKNOWN = "answer_unknown"
    ANSWER_MISSING = "answer_missing"
    CONTRADICTION = "contradiction"
    NUMBER_FORMAT = "number_format"
    VALUE_BROKEN = "value_broken"
    DATE_BROKEN = "date_broken"
    OFFICER_MISSING = "officer_missing"
    TOO_LONG = "too_long"
    COLUMN_MISSING = "column_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where a file breaks which rule; no value of it is repeated."""

    row: int  # as a person counts it; 0: the file as a whole
    field: str
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """A row as it came back: texts, nothing understood yet."""

    row: int
    code: str
    handed: tuple[str, ...] = field(repr=False)  # of `HANDED`, the sex in Vietnamese
    says: str | None  # confirmed, other, none
    cells: Mapping[str, str] = field(repr=False)  # of the columns of answers


def read_answers(table: Sequence[tuple[int, Sequence[object]]]) -> tuple[list[AnswerRow], list[Fault]]:
    """Return the rows that say something, and what is wrong with the others; rows without an answer are passed over.

    Args:
        table: rows with their numbers.
    """
    places, head = _columns(table)
    missing = [name for name, _, _ in COLUMNS if name not in places]
    if missing:
        return [], [Fault(row=0, field=name, rule=Rule.COLUMN_MISSING) for name in missing]
    rows: list[AnswerRow] = []
    faults: list[Fault] = []
    for number, cells in table:
        texts = {name: _text(cells, place) for name, place in places.items()}
        if number <= head or not any(texts[name] for name in ("code", *_ANSWERS)):
            continue
        fault = _fault(number, texts)
        if fault is not None:
            faults.append(fault)
        elif any(texts[name] for name in _ANSWERS):
            rows.append(_row(number, texts))
    return rows, faults


def _columns(table: Sequence[tuple[int, Sequence[object]]]) -> tuple[dict[str, int], int]:
    """Return where each column stands, and in which row the titles are."""
    titles = {title.lower(): name for name, words, _ in COLUMNS for title in (words.vi, words.en)}
    best: dict[str, int] = {}
    head = 0
    for number, cells in table[:10]:
        found = {titles[text]: place for place, cell in enumerate(cells) if (text := _tidy(cell).lower()) in titles}
        if len(found) > len(best):
            best, head = found, number
    return best, head


def _text(cells: Sequence[object], place: int) -> str:
    return _tidy(cells[place]) if place < len(cells) else ""


def _tidy(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _fault(number: int, texts: Mapping[str, str]) -> Fault | None:
    too_long = next((name for name, text in texts.items() if len(text) > LONGEST and name != "problems"), None)
    if too_long is not None:
        return Fault(row=number, field=too_long, rule=Rule.TOO_LONG)
    if not CODE.fullmatch(texts["code"].upper()):
        return Fault(row=number, field="code", rule=Rule.NO_CODE)
    if not any(texts[name] for name in _ANSWERS):
        return None
    if not texts["says"]:
        return Fault(row=number, field="says", rule=Rule.ANSWER_MISSING)
    if texts["says"].lower() not in _YES:
        return Fault(row=number, field="says", rule=Rule.ANSWER_UNKNOWN)
    return None


def _row(number: int, texts: Mapping[str, str]) -> AnswerRow:
    sexes = {words.en: words.vi for words in SEXES.values()}
    handed = tuple(sexes.get(texts[name], texts[name]) if name == "sex" else texts[name] for name in HANDED)
    return AnswerRow(
        row=number,
        code=texts["code"].upper(),
        handed=handed,
        says=_YES[texts["says"].lower()],
        cells={name: texts[name] for name in _ANSWERS if name != "says"},
    )
