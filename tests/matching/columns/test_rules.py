"""Each rule of a level, on values that it should and should not take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, DamerauLevenshtein, JaroWinkler, Levenshtein

from matching.columns.declared import Column, Reading, Rule
from matching.columns.measures import within
from matching.columns.values import ColumnValues
from tests.matching.columns.tables import levels_of, one_field


def rows(column: str, one: str | None, other: str | None) -> tuple[dict[str, str | None], dict[str, str | None]]:
    return {column: one}, {column: other}


@pytest.mark.parametrize(
    ("compares", "column", "rule", "holds", "fails"),
    [
        ("text", "first", {"equal": True}, ("An", "án"), ("an", "en")),
        ("text", "first", {"jaro_winkler": 0.9}, ("martha", "marhta"), ("martha", "mirela")),
        ("text", "first", {"levenshtein": 1}, ("marta", "martha"), ("marta", "matrha")),
        ("text", "first", {"osa": 1}, ("marta", "matra"), ("marta", "matrah")),
        ("text", "first", {"damerau": 2}, ("ca", "abc"), ("ca", "abcd")),
        ("text", "first", {"prefix": 3}, ("marta", "marcus"), ("ma", "ma")),
        ("text", "first", {"suffix": 3}, ("berta", "marta"), ("berta", "berto")),
        ("text", "first", {"sound": True}, ("robert", "rupert"), ("robert", "rubin")),
        ("names", "first", {"same_words": True}, ("ana maria", "maria ana"), ("ana maria", "ana mario")),
        ("names", "first", {"contains": True}, ("ana maria", "maria"), ("ana maria", "mario")),
        ("names", "first", {"contains": True}, ("ana maria", "maria ana"), ("ana maria", "ana mario")),
        ("names", "first", {"initial": True}, ("m", "maria"), ("m", "ana")),
        ("digits", "code", {"digits": 1}, ("12345", "12945"), ("12345", "1234")),
        ("digits", "code", {"transposed": True}, ("12345", "12435"), ("12345", "14325")),
        ("digits", "code", {"transposed": True}, ("12345", "21345"), ("12345", "54321")),
        ("digits", "code", {"transposed": True}, ("1221", "1212"), ("1221", "2112")),
        ("date", "born", {"swapped": True}, ("2014-03-05", "2014-05-03"), ("2014-03-05", "2014-03-05")),
        ("date", "born", {"same_day": True}, ("2014-03-05", "2010-03-05"), ("2014-03-05", "2014-03-06")),
        ("date", "born", {"days": 2}, ("2014-02-28", "2014-03-02"), ("2014-02-28", "2014-03-03")),
        ("date", "born", {"years": 1}, ("2014-01-01", "2013-12-31"), ("2014-01-01", "2012-12-31")),
        ("date", "born", {"digits": 1}, ("2014-01-01", "2019-01-01"), ("2014-01-01", "2019-02-01")),
        ("number", "weight", {"difference": 0.5}, ("3", "3.5"), ("3", "3.6")),
        ("text", "first", {"prefix": 1, "suffix": 1}, ("marta", "mia"), ("marta", "mio")),
    ],
)
def test_a_rule_takes_what_it_says_and_nothing_else(
    compares: str, column: str, rule: dict[str, Any], holds: tuple[str, str], fails: tuple[str, str]
) -> None:
    model = one_field(compares, {"rule": rule}, column=column)
    pairs = [rows(column, *holds), rows(column, *reversed(holds)), rows(column, *fails), rows(column, *reversed(fails))]
    assert levels_of(model, *pairs) == ["rule", "rule", "else", "else"]


def test_a_value_that_is_not_known_has_no_level() -> None:
    model = one_field("text", {"same": {"equal": True}})
    assert levels_of(model, rows("first", None, "an"), rows("first", "an", None)) == ["missing", "missing"]


def test_the_first_level_that_holds_is_taken() -> None:
    model = one_field("text", {"same": {"equal": True}, "near": {"osa": 1}, "begins": {"prefix": 2}})
    pairs = [rows("first", "an", other) for other in ("an", "ann", "anders", "be")]
    assert levels_of(model, *pairs) == ["same", "near", "begins", "else"]


def test_names_in_each_other_s_place_are_found() -> None:
    swapped = one_field("names", {"swapped": {"swapped_with": "last"}})
    found = one_field("names", {"found": {"found_in": "last"}})
    both = ({"first": "an", "last": "bo"}, {"first": "bo", "last": "an"})
    half = ({"first": "an", "last": "bo"}, {"first": "cy", "last": "an"})
    other = ({"first": "an", "last": None}, {"first": "cy", "last": None})
    assert levels_of(swapped, both, half, other) == ["swapped", "else", "else"]
    assert levels_of(found, both, half, half[::-1], other) == ["found", "found", "found", "else"]


def test_dates_known_in_part_are_judged_among_themselves() -> None:
    model = one_field("date", {"same": {"equal": True}}, column="born")
    assert levels_of(model, rows("born", "2014", "2014")) == ["missing"]
    levels = {"same": {"equal": True}, "year": {"context": "year", "years": 0}, "other": {"context": "year"}}
    whole = one_field("date", levels, column="born")
    pairs = [rows("born", "2014", "2014-05-03"), rows("born", "2014", "2013"), rows("born", "2014-05-03", "2013-05-03")]
    assert levels_of(whole, *pairs) == ["year", "other", "else"]


WORDS = st.text(alphabet="abé 1", min_size=1, max_size=7).map(str.strip).filter(bool)
PLAIN = {
    Rule.LEVENSHTEIN: Levenshtein.distance,
    Rule.OSA: OSA.distance,
    Rule.DAMERAU: DamerauLevenshtein.distance,
    Rule.JARO_WINKLER: JaroWinkler.similarity,
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=12),
    st.sampled_from([(Rule.LEVENSHTEIN, 1), (Rule.OSA, 2), (Rule.DAMERAU, 1)])
    | st.tuples(st.just(Rule.JARO_WINKLER), st.sampled_from([0.3, 0.8, 0.88, 0.95])),
)
def test_pairs_that_are_not_measured_would_not_have_been_near(
    pairs: list[tuple[str, str]], asked: tuple[Rule, float]
) -> None:
    rule, limit = asked
    values = ColumnValues(Column("made_up", Reading.VERBATIM, ("made_up",)), ("",))
    left, right = (values.encode(pa.chunked_array([[pair[side] for pair in pairs]])).codes for side in (0, 1))
    measured = [PLAIN[rule](one, other) for one, other in pairs]
    expected = [each >= limit if rule is Rule.JARO_WINKLER else each <= limit for each in measured]
    assert within(rule, limit, values, left=left, right=right).tolist() == expected


def test_few_values_that_meet_many_are_measured_in_a_table() -> None:
    values = ColumnValues(Column("made_up", Reading.VERBATIM, ("made_up",)), ("",))
    codes = values.encode(pa.chunked_array([["anna", "anne", "annie", "hanna"]])).codes
    left, right = (np.repeat(codes, 4), np.tile(codes, 4))
    texts = ["anna", "anne", "annie", "hanna"]
    expected = [Levenshtein.distance(one, other) <= 1 for one in texts for other in texts]
    assert within(Rule.LEVENSHTEIN, 1, values, left=left, right=right).tolist() == expected
