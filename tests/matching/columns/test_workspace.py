"""A table of any people: read, weighed by hand and by the workspace, and explained."""

from __future__ import annotations

from dataclasses import replace
from math import log, log2

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.bad_file import BadFile
from matching.columns import workspace as module
from matching.columns.workspace import ColumnWorkspace
from matching.weights import Model, ModelFault
from matching.workspace import Side
from tests.matching.columns.tables import DOCUMENT, changed, people, weigh_each, workspace

AN = {"first": "An", "last": "Fell", "born": "2014-03-05"}
BO = {"first": "Bo", "last": "Fell", "born": "2012-09-01"}
CY = {"first": "Cy", "last": "Hill", "born": "2013-01-11"}


def test_odds_are_those_of_the_formula() -> None:
    space = workspace(people(AN), people(AN, BO, CY))
    random = (1 / 3) * (2 / 3) * 0.0001
    household = (2 / 3) * ((1 / 3) * (0.9 * 0.9 + 0.1 * (2 / 3)) * 0.0001)
    expected = log(0.5 / 0.5) - log(3) + log(0.8 * 0.9 * 0.9) - log(random + household)
    assert weigh_each(space, 1).log_odds[0] == pytest.approx(expected, abs=1e-12)


def test_a_rare_value_weighs_more_than_a_common_one() -> None:
    rare, common = {**AN, "last": "Hill"}, {**AN, "last": "Fell"}
    space = workspace(people(rare, common), people(rare, common, BO, BO))
    odds = weigh_each(space, 2).log_odds
    assert odds[0] > odds[1]


def test_people_of_one_household_weigh_less_than_strangers_who_agree_as_much() -> None:
    alone = Model.from_document(changed("classes", value={}))
    brother = {"first": "Bo", "last": "Hill", "born": "2014"}
    tables = people({**brother, "first": "Cy"}), people(brother, AN, AN)
    assert weigh_each(workspace(*tables), 1).log_odds[0] < weigh_each(workspace(*tables, alone), 1).log_odds[0]


def test_a_class_that_nobody_has_changes_nothing() -> None:
    nobody, alone = changed("classes", "household", "rate", value=0), changed("classes", value={})
    spaces = [workspace(people(AN), people(AN, BO), Model.from_document(each)) for each in (nobody, alone)]
    assert weigh_each(spaces[0], 1).log_odds[0] == weigh_each(spaces[1], 1).log_odds[0]


def test_a_pair_that_a_hold_names_is_held() -> None:
    space = workspace(people(AN, AN, AN), people({**AN, "first": "Bo", "born": None}, {**AN, "first": "Bo"}, AN))
    assert weigh_each(space, 3).held.tolist() == [True, False, False]


def test_evidence_says_each_field_and_adds_up_to_the_odds() -> None:
    space = workspace(people(AN), people(AN, BO, CY))
    lines = space.evidence(0, 0)
    assert [(line.field, line.level) for line in lines] == [
        ("first", "same"),
        ("last", "same"),
        ("born", "same"),
        ("family", "relatives"),
    ]
    assert lines[0].reason == "The first is the same"
    assert lines[0].bits == pytest.approx(log2(0.8 / (1 / 3)))
    odds = float(weigh_each(space, 1).log_odds[0])
    assert sum(line.bits for line in lines) == pytest.approx((odds - log(1 / 3)) / log(2))


def test_without_classes_nobody_is_said_to_be_alike() -> None:
    space = workspace(people({"first": "An"}), people(AN), Model.from_document(changed("classes", value={})))
    assert [line.field for line in space.evidence(0, 0)] == ["first"]


def test_the_second_header_is_read_where_the_first_says_nothing() -> None:
    space = ColumnWorkspace(Model.from_document(DOCUMENT))
    names = {"first": pa.array(["An", None], pa.string()), "given": pa.array(["Bo", "Cy"], pa.string())}
    rest = {name: pa.array(["x", "x"]) for name in ("id", "last")} | {"born": pa.array(["2014", "2014"])}
    space.add(Side.LEFT, pa.table(names | rest))
    space.add(Side.RIGHT, people({"first": "An"}, {"first": "Cy"}))
    assert weigh_each(space, 2).levels[:, 0].tolist() == [1, 1]


def test_a_table_without_a_column_that_is_needed_is_refused() -> None:
    space = ColumnWorkspace(Model.from_document(DOCUMENT))
    with pytest.raises(BadFile, match="column last is missing"):
        space.add(Side.LEFT, people(AN).drop_columns(["last"]))


def test_values_that_cannot_be_read_are_counted_with_their_rows_and_never_shown() -> None:
    space = ColumnWorkspace(Model.from_document(DOCUMENT))
    space.add(Side.LEFT, people(AN, {**AN, "born": "yesterday"}))
    space.add(Side.LEFT, people(*({**AN, "born": "tomorrow"} for _ in range(6))))
    (unread,) = space.unread[Side.LEFT]
    assert (unread.column, unread.rule, unread.count, unread.first_rows) == ("born", "date", 7, (2, 3, 4, 5, 6))
    assert unread.sentence == "column born: not read in 7 rows, because it is no date (rows 2, 3, 4, 5, 6, …)"
    assert not space.unread[Side.RIGHT]


def test_a_side_is_shown_as_it_is_compared() -> None:
    space = workspace(people({**AN, "born": None}, {**BO, "born": "2012"}), people(AN))
    assert space.read(Side.LEFT).select(["first", "born"]).to_pylist() == [
        {"first": "an", "born": None},
        {"first": "bo", "born": "2012"},
    ]


def test_a_column_that_says_nothing_weighs_nothing() -> None:
    nameless = {**AN, "first": None}
    weighed = weigh_each(workspace(people(nameless, nameless), people(nameless, nameless)), 2)
    assert weighed.levels[:, 0].tolist() == [0, 0]
    assert np.isfinite(weighed.log_odds).all()


def test_another_model_is_adopted() -> None:
    space = workspace(people(AN), people(AN, BO))
    before = weigh_each(space, 1).log_odds[0]
    space.adopt(replace(space.model, in_population=0.9))
    assert weigh_each(space, 1).log_odds[0] == pytest.approx(before + log(9))


def test_a_model_of_children_is_refused() -> None:
    with pytest.raises(ModelFault, match="child_vn reads child_vn"):
        ColumnWorkspace(Model.load("child_vn"))


def test_frequencies_of_a_whole_population_serve_a_part_of_it() -> None:
    whole = workspace(people(AN), people(AN, BO, CY))
    part = ColumnWorkspace(whole.model, frequencies=whole.frequencies)
    part.add(Side.LEFT, people(AN, {**AN, "first": "Nobody"}))
    part.add(Side.RIGHT, people(AN, {**AN, "first": "Nobody"}))
    odds = weigh_each(part, 2).log_odds
    assert odds[0] == weigh_each(whole, 1).log_odds[0]
    assert odds[1] == pytest.approx(odds[0])


def test_many_pairs_are_weighed_as_one_by_one() -> None:
    space = workspace(people(AN, BO), people(AN, BO, CY))
    pairs = module.PAIRS_AT_ONCE + 3
    record, person = np.arange(pairs, dtype=np.int32) % 2, np.arange(pairs, dtype=np.int32) % 3
    many = space.weigh(np.array([0, pairs]), record, person)
    few = space.weigh(np.array([0, 6]), record[:6], person[:6])
    assert (many.log_odds == np.resize(few.log_odds, pairs)).all()
    assert len(space.weigh(np.array([0]), record[:0], person[:0]).log_odds) == 0


VALUES = st.fixed_dictionaries(
    {
        "first": st.sampled_from(["an", "ann", "bo", None]),
        "last": st.sampled_from(["an", "fell", None]),
        "born": st.sampled_from(["2014-03-05", "2014-05-03", "2014", None]),
    }
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6))
def test_comparing_is_symmetric(pairs: list[tuple[dict[str, str | None], dict[str, str | None]]]) -> None:
    one, other = people(*(pair[0] for pair in pairs)), people(*(pair[1] for pair in pairs))
    there, back = (weigh_each(workspace(*sides), len(pairs)) for sides in ((one, other), (other, one)))
    assert (there.levels == back.levels).all()


@settings(max_examples=50, deadline=None)
@given(VALUES, st.lists(VALUES, max_size=5))
def test_more_agreement_never_lowers_the_odds(row: dict[str, str | None], others: list[dict[str, str | None]]) -> None:
    less = {**row, "last": "another"}
    space = workspace(people(row, less), people(row, row, *others))
    odds = weigh_each(space, 2).log_odds
    assert odds[0] >= odds[1] or row["last"] is None
