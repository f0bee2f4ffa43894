"""What Splink can express of the model of children's records: one column a field, levels of one kind put together.

The columns that the settings name hold what `matching` reads: `number` (12 digits), `given`, `middle`, `surname` and
`full_name` (folded), `dob` (YYYYMMDD, whole dates only), `sex`, `commune` (today's code), `ethnicity`, and for each
parent `_name` (folded), `_number` and `_year`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matching.columns.declared import Condition, KeyPart, Part, Rule
from matching.splink_sql import sides, sql_of
from matching.weights import Model

_SAME: Final = Condition(Rule.EQUAL)
_SLIP: Final = Condition(Rule.DAMERAU, 1.0)
_PART: Final = Condition(Rule.CONTAINS)
_DIGIT: Final = Condition(Rule.DIGITS, 1.0)


@dataclass(frozen=True, slots=True)
class _Told:
    """Levels of the model that one level of Splink stands for; none of them is lost, and none counted twice."""

    levels: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    frequent: bool = False  # the u of the first is the frequency of the value


def _name_levels(prefix: str) -> tuple[_Told, ...]:
    return (
        _Told((f"{prefix}same",), (_SAME,), frequent=True),
        _Told((f"{prefix}typo",), (_SLIP,)),
        _Told((f"{prefix}part",), (_PART,)),
        _Told((f"{prefix}different", f"{prefix}given_same")),
    )


def _year_levels() -> tuple[_Told, ...]:
    return (
        _Told(("same",), (_SAME,)),
        _Told(("near",), (Condition(Rule.DIFFERENCE, 1.0),)),
        _Told(("different",)),
    )


def _plain_levels(*, frequent: bool) -> tuple[_Told, ...]:
    return (_Told(("same",), (_SAME,), frequent=frequent), _Told(("different",)))


# Field of the model, the column, and the levels in the order in which Splink asks for them.
_FIELDS: Final[Sequence[tuple[str, str, tuple[_Told, ...]]]] = (
    (
        "number",
        "number",
        (
            _Told(("same",), (_SAME,)),
            _Told(("one_digit",), (_DIGIT,)),
            _Told(("transposed",), (_SLIP,)),
            _Told(("different",)),
        ),
    ),
    (
        "given",
        "given",
        (
            _Told(("plain_same",), (_SAME,), frequent=True),
            _Told(("plain_typo", "plain_spelling", "plain_near"), (_SLIP,)),
            _Told(("plain_different",)),
        ),
    ),
    (
        "middle",
        "middle",
        (
            _Told(("same",), (_SAME,), frequent=True),
            _Told(("part",), (_PART,)),
            _Told(("typo",), (_SLIP,)),
            _Told(("different", "overlap")),
        ),
    ),
    (
        "surname",
        "surname",
        (
            _Told(("same",), (_SAME,), frequent=True),
            _Told(("typo",), (_SLIP,)),
            _Told(("different",)),
        ),
    ),
    (
        "birth",
        "dob",
        (
            _Told(("exact",), (_SAME,)),
            _Told(("swapped",), (Condition(Rule.SWAPPED),)),
            _Told(("year_shift",), (Condition(Rule.SAME_DAY), Condition(Rule.YEARS, 1.0))),
            _Told(("one_part",), (Condition(Rule.YEARS, 0.0), Condition(Rule.DIGITS, 1.0))),
            _Told(("same_year",), (Condition(Rule.YEARS, 0.0),)),
            _Told(("near_year",), (Condition(Rule.YEARS, 1.0),)),
            _Told(("different", "year_digit")),
        ),
    ),
    ("sex", "sex", _plain_levels(frequent=False)),
    (
        "commune",
        "commune",
        (_Told(("same",), (_SAME,), frequent=True), _Told(("elsewhere", "same_province"))),
    ),
    ("ethnicity", "ethnicity", _plain_levels(frequent=True)),
    ("mother", "mother_name", _name_levels("plain_")),
    ("father", "father_name", _name_levels("plain_")),
    (
        "mother_number",
        "mother_number",
        (_Told(("same",), (_SAME,)), _Told(("near",), (_DIGIT,)), _Told(("different",))),
    ),
    (
        "father_number",
        "father_number",
        (_Told(("same",), (_SAME,)), _Told(("near",), (_DIGIT,)), _Told(("different",))),
    ),
    ("mother_year", "mother_year", _year_levels()),
    ("father_year", "father_year", _year_levels()),
)


def _key(*columns: str) -> tuple[KeyPart, ...]:
    return tuple(KeyPart((column,), Part.WHOLE) for column in columns)


# Kinds of block keys that are equal columns, without what ties them to a generation or ignores the order of words.
CHILD_KEYS: Final[Mapping[str, tuple[KeyPart, ...]]] = {
    "number": _key("number"),
    "name_date": _key("full_name", "dob"),
    "date_commune": _key("dob", "commune"),
    "date_mother": _key("dob", "mother_name"),
    "date_father": _key("dob", "father_name"),
    "name_commune": _key("full_name", "commune"),
    "name_mother": _key("full_name", "mother_name"),
    "name_father": _key("full_name", "father_name"),
}
_YEARS: Final = 16.0  # birth years of children, for those u that are to be multiplied by the frequency of the year


def child_comparisons(model: Model, remarks: list[str]) -> list[dict[str, Any]]:
    """Return Splink's comparisons of children's records, and add to `remarks` what they leave out."""
    told = [_comparison(model, name, column, levels=levels) for name, column, levels in _FIELDS]
    left_out = []
    for place, schema in enumerate(model.schema.fields):
        known = {
            name for field, _, levels in _FIELDS if field == schema.name for each in levels for name in each.levels
        }
        missing = [level.name for level in model.schema.fields[place].levels if level.name not in known]
        left_out += [f"Field {schema.name}: no level {name}." for name in missing]
    remarks.extend(left_out)
    return told


def _comparison(model: Model, name: str, column: str, *, levels: Sequence[_Told]) -> dict[str, Any]:
    place = model.schema.place(name)
    codes = [[model.schema.fields[place].code(level) for level in each.levels] for each in levels]
    whole = sum(float(model.m[place, code]) for found in codes for code in found)
    fixed = [_u(model, place, found) for each, found in zip(levels, codes, strict=True) if not each.frequent]
    left, right = sides(column)
    written: list[dict[str, Any]] = [
        {"sql_condition": f"{left} IS NULL OR {right} IS NULL", "label_for_charts": "Not known", "is_null_level": True}
    ]
    for each, found in zip(levels, codes, strict=True):
        level: dict[str, Any] = {
            "sql_condition": sql_of(column, each.conditions),
            "label_for_charts": ", ".join(each.levels),
            "m_probability": sum(float(model.m[place, code]) for code in found) / whole,
            "u_probability": max(1 - sum(fixed), 1e-9) if each.frequent else _u(model, place, found),
        }
        if each.frequent:
            level |= {"tf_adjustment_column": column, "tf_adjustment_weight": 1.0}
        written.append(level)
    return {"output_column_name": name, "comparison_description": name, "comparison_levels": written}


def _u(model: Model, place: int, codes: Sequence[int]) -> float:
    """Return the u of some levels together; every year, where it is multiplied by the share of one, counts the same."""
    shares = [1 / _YEARS if model.times[place, code] else 1.0 for code in codes]
    total = sum(float(model.u[place, code]) * share for code, share in zip(codes, shares, strict=True))
    return min(total, 1 - 1e-9)
