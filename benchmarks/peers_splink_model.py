"""Splink's model of a child: keys, comparisons and levels, as its documentation advises for names and dates."""

from __future__ import annotations

from typing import Final

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.comparison_creator import ComparisonCreator

BLOCKING: Final = (
    ("number",),
    ("full_name", "dob"),
    ("full_name", "commune"),
    ("given", "mother_name"),
    ("dob", "mother_name"),
    ("dob", "father_name"),
    ("dob", "commune"),
    ("given", "father_name"),
    ("given", "middle", "dob"),
    ("given", "commune", "birth_year"),
    ("full_name", "birth_year"),
)
# Few siblings agree on both; the last one is there for the commune alone, which the others hold fixed.
TRAINING: Final = (("full_name", "commune"), ("dob", "commune"), ("full_name", "dob"))
SURE: Final = (("number",), ("full_name", "dob"))  # deterministic rules for the prior
SURE_RECALL: Final = 0.8


def blocking_rules() -> list[BlockingRuleCreator]:
    """Return the keys on which pairs are made."""
    return [block_on(*key) for key in BLOCKING]


def _name_part(column: str, *more: cll.CustomLevel | cll.ColumnsReversedLevel) -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            cll.ExactMatchLevel(column, term_frequency_adjustments=True),
            cll.JaroWinklerLevel(column, 0.88),
            *more,
            cll.ElseLevel(),
        ],
    )


def _parent(parent: str) -> ComparisonCreator:
    """Number and name in one comparison: as two they would count one parent twice."""
    name, number = f"{parent}_name", f"{parent}_number"
    levels = [
        cll.NullLevel(name),
        cll.ExactMatchLevel(number),
        cll.ExactMatchLevel(name, term_frequency_adjustments=True),
        cll.JaroWinklerLevel(name, 0.92),
        cll.ExactMatchLevel(f"{parent}_given", term_frequency_adjustments=True),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(output_column_name=name, comparison_levels=levels)


def _birth_date() -> ComparisonCreator:
    swapped = "dob_l = substr(dob_r, 1, 5) || substr(dob_r, 9, 2) || '-' || substr(dob_r, 6, 2)"
    only_year = "birth_year_l = birth_year_r and (dob_l is null or dob_r is null or dob_l like '%-01-01')"
    return cl.CustomComparison(
        output_column_name="dob",
        comparison_levels=[
            cll.NullLevel("birth_year"),
            cll.ExactMatchLevel("dob"),
            cll.CustomLevel(swapped, "day and month swapped"),
            cll.DamerauLevenshteinLevel("dob", 1),
            cll.CustomLevel(only_year, "only the year is known"),
            cll.ExactMatchLevel("birth_year"),
            cll.CustomLevel("abs(cast(birth_year_l as int) - cast(birth_year_r as int)) = 1", "a year apart"),
            cll.ElseLevel(),
        ],
    )


def _number() -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name="number",
        comparison_levels=[
            cll.NullLevel("number"),
            cll.ExactMatchLevel("number"),
            cll.DamerauLevenshteinLevel("number", 1),
            cll.ElseLevel(),
        ],
    )


def comparisons() -> list[ComparisonCreator]:
    """Return what is compared, and at which levels."""
    holds = cll.CustomLevel("contains(middle_l, middle_r) or contains(middle_r, middle_l)", "one holds the other")
    return [
        _name_part("given", cll.ColumnsReversedLevel("given", "surname")),
        _name_part("middle", holds),
        _name_part("surname"),
        _birth_date(),
        cl.ExactMatch("sex"),
        cl.ExactMatch("commune").configure(term_frequency_adjustments=True),
        cl.ExactMatch("ethnicity"),  # its frequency would count what surname and commune have said already
        _number(),
        _parent("mother"),
        _parent("father"),
    ]


def settings() -> SettingsCreator:
    """Return the model before training."""
    return SettingsCreator(
        link_type="link_only",
        comparisons=comparisons(),
        blocking_rules_to_generate_predictions=blocking_rules(),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
