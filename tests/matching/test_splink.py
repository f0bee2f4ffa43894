"""The audit path: what goes to Splink's settings comes back, and what has no words there is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from matching.columns.declared import RULES, Argument, Condition, KeyPart, Part, Rule
from matching.model_files import document_of
from matching.splink import NotExpressible, from_splink, to_splink
from matching.splink_sql import WRITTEN, blocking_sql, conditions_of, key_parts_of, sql_of
from matching.weights import Model
from tests.matching.columns.tables import DOCUMENT, changed


def argument(rule: Rule) -> float | str:
    return {Argument.COLUMN: "other", Argument.TRUE: 1.0, Argument.SHARE: 0.92}.get(RULES[rule].argument, 3.0)


@pytest.mark.parametrize("rule", sorted(WRITTEN))
def test_a_rule_in_sql_is_read_as_it_was(rule: Rule) -> None:
    condition = Condition(rule, argument(rule))
    (read,) = conditions_of(str(sql_of("made_up", [condition])))
    assert (read.column, read.condition) == ("made_up", condition)


def test_several_rules_and_none_are_read_as_they_were() -> None:
    both = [Condition(Rule.JARO_WINKLER, 0.9), Condition(Rule.SWAPPED_WITH, "other")]
    assert [each.condition for each in conditions_of(str(sql_of("x", both)))] == both
    assert conditions_of(str(sql_of("x", []))) == ()
    assert sql_of("x", [Condition(Rule.SOUND)]) is None


@pytest.mark.parametrize(
    ("sql", "rule", "limit"),
    [
        ('jaro_winkler_similarity("a_l","a_r")>=0.88', Rule.JARO_WINKLER, 0.88),
        ("abs(a_l - a_r) <= 2", Rule.DIFFERENCE, 2.0),
        (
            "ABS(EPOCH(try_strptime(\"a_l\", '%d/%m/%Y')) - EPOCH(try_strptime(\"a_r\", '%d/%m/%Y'))) <= 864000",
            Rule.DAYS,
            10.0,
        ),
    ],
)
def test_what_splink_s_own_library_writes_is_read(sql: str, rule: Rule, limit: float) -> None:
    (read,) = conditions_of(sql)
    assert (read.column, read.condition) == ("a", Condition(rule, limit))
    assert (read.date_format == "%d/%m/%Y") is (rule is Rule.DAYS)


@pytest.mark.parametrize(
    "sql",
    [
        '"a_l" = "b_r"',
        "a_l like a_r",
        '"a_l" = "b_r" AND "c_r" = "d_l"',
        '"a_l" = "b_r" AND "a_r" = "d_l"',
        '("a_l" = "a_r") AND (a_l is true)',
    ],
)
def test_a_condition_that_is_not_known_is_refused(sql: str) -> None:
    with pytest.raises(NotExpressible, match="condition of a comparison level is not known"):
        conditions_of(sql)


@pytest.mark.parametrize(
    "part", [KeyPart(("x",), Part.WHOLE), KeyPart(("x",), Part.FIRST, 3), KeyPart(("x",), Part.LAST, 4)]
)
def test_a_block_key_in_sql_is_read_as_it_was(part: KeyPart) -> None:
    assert key_parts_of(str(blocking_sql([part]))) == (part,)
    assert key_parts_of(str(blocking_sql([part, part]))) == (part, part)


def test_block_keys_as_splink_writes_them_are_read() -> None:
    sql = '(l."a" = r."a") AND (SUBSTRING(l.b, 1, 2) = SUBSTRING(r.b, 1, 2))'
    assert key_parts_of(sql) == (KeyPart(("a",), Part.WHOLE), KeyPart(("b",), Part.FIRST, 2))
    assert key_parts_of("l.a = r.a and l.b = r.b") == (KeyPart(("a",), Part.WHOLE), KeyPart(("b",), Part.WHOLE))
    for unknown in (
        "l.a = r.b",
        "SUBSTRING(l.b, 2, 2) = SUBSTRING(r.b, 2, 2)",
        "SUBSTRING(l.b, 1) = SUBSTRING(r.b, 1)",
    ):
        with pytest.raises(NotExpressible, match="blocking rule is not known"):
            key_parts_of(unknown)


def test_parameters_come_back_from_splink_s_settings() -> None:
    exported = to_splink(Model.load("febrl"), people=5_000)
    settings = json.loads(json.dumps(exported.settings))
    back = Model.from_document(from_splink(settings, name="back", people=5_000, link=0.9, review=0.1))
    again = to_splink(back, people=5_000).settings
    assert back.in_population == pytest.approx(0.9)
    for one, other in zip(settings["comparisons"], again["comparisons"], strict=True):
        for mine, yours in zip(one["comparison_levels"], other["comparison_levels"], strict=True):
            assert mine["sql_condition"].split(" OR length")[0] == yours["sql_condition"].split(" OR length")[0]
            assert mine.get("m_probability") == yours.get("m_probability")
            assert mine.get("u_probability") == pytest.approx(yours.get("u_probability"))
            assert mine.get("tf_adjustment_column") == yours.get("tf_adjustment_column")


def test_what_splink_cannot_say_is_said_beside_it() -> None:
    document = changed("fields", "last", "levels", value={
        "same": {"equal": True, "m": 0.8, "u": 0.5, "times": "frequency"},
        "sounds": {"sound": True, "m": 0.1, "u": 0.01},
        "near": {"osa": 2, "m": 0.05, "u": 0.01},
        "different": {"m": 0.05, "u": 0.9},
    })  # fmt: skip
    document["decision"]["one_record_per_child"] = True
    document["blocking"]["stages"][0]["unresolved_only"] = True
    exported = to_splink(Model.from_document(document), people=1_000, deduplicates=True)
    assert exported.settings["link_type"] == "dedupe_only"
    assert exported.settings["probability_two_random_records_match"] == pytest.approx(0.00025, rel=0.001)
    near = exported.settings["comparisons"][1]["comparison_levels"][2]
    assert near["m_probability"] == pytest.approx(0.15)
    said = " ".join(exported.document()["not_expressed"])
    for words in ("last.sounds", "last.near: Splink allows", "last.same: its u", "born.year_same", "household",
                  "one source", "without a person", "names: it has no SQL", "still without a link"):  # fmt: skip
        assert words in said


def test_the_levels_of_children_that_have_no_words_in_splink_are_named() -> None:
    exported = to_splink(Model.load("child_vn"), people=1_000_000)
    said = " ".join(exported.not_expressed)
    assert "siblings" in said
    assert "Contexts" in said
    assert "Field number: no level of_parent" in said
    for comparison in exported.settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        assert sum(level["m_probability"] for level in levels) == pytest.approx(1)
        assert all(0 < level["u_probability"] < 1 for level in levels)
    assert exported.settings["blocking_rules_to_generate_predictions"]


def settings_of(*levels: dict[str, Any], **more: Any) -> dict[str, Any]:
    rest = 1 - sum(level.get("m_probability", 0.0) for level in levels)
    last = {"sql_condition": "ELSE", "m_probability": rest, "u_probability": 0.9}
    comparison = {"output_column_name": "The Name!", "comparison_levels": [*levels, last]}
    return {"comparisons": [comparison], "blocking_rules_to_generate_predictions": ["l.a = r.a"], **more}


SAME = {"sql_condition": '"a_l" = "a_r"', "m_probability": 0.9, "u_probability": 0.05, "tf_adjustment_column": "a"}


def test_frequencies_of_another_column_and_of_near_values_are_read() -> None:
    near = {"sql_condition": 'levenshtein("a_l", "a_r") <= 1', "m_probability": 0.01, "u_probability": 0.01}
    taken = from_splink(settings_of(SAME, {**near, "tf_adjustment_column": "a"}), name="x", people=10)
    levels = taken["fields"]["the_name"]["levels"]
    assert levels["level_1"]["u"] == 1.0
    assert levels["level_2"]["u"] == pytest.approx(0.2)
    other = {**near, "tf_adjustment_column": "b", "disable_tf_exact_match_detection": True}
    taken = from_splink(settings_of(SAME, other), name="x", people=10)
    assert taken["fields"]["the_name"]["levels"]["level_2"] | {"reason": ""} == {
        "levenshtein": 1, "m": 0.01, "u": 1.0, "reason": "", "times": "b",
    }  # fmt: skip
    assert set(taken["table"]["columns"]) == {"a", "b"}
    assert document_of(Model.from_document(taken))["blocking"]["keys"] == {"rule_1": ["a"]}


@pytest.mark.parametrize(
    ("sql", "reading"),
    [
        ('"a_l" = "a_r"', "verbatim"),
        ('ABS("a_l" - "a_r") <= 1.5', "number"),
        ("ABS(EPOCH(try_strptime(\"a_l\", '%d/%m/%Y')) - EPOCH(try_strptime(\"a_r\", '%d/%m/%Y'))) <= 86400", "date"),
        ('CASE WHEN length("a_l") = length("a_r") THEN hamming("a_l", "a_r") <= 1 ELSE FALSE END', "verbatim"),
        ('left("a_l", 1) = left("a_r", 1) AND least(length("a_l"), length("a_r")) = 1', "verbatim"),
    ],
)
def test_a_column_is_read_as_its_rules_need(sql: str, reading: str) -> None:
    level = {"sql_condition": sql, "m_probability": 0.9, "u_probability": 0.05}
    document = from_splink(settings_of(level), name="x", people=10)
    assert document["table"]["columns"]["a"]["read"] == reading
    assert Model.from_document(document).schema.fields[0].names() == ("missing", "level_1", "else")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "no comparisons"),
        (settings_of({"sql_condition": '"a_l" = "a_r"'}), "no m or no u; train the model"),
        (settings_of(), "a field is about one column, this is about none"),
        (settings_of(SAME, {**SAME, "sql_condition": '"b_l" = "b_r"'}), "this is about a, b"),
        (settings_of({**SAME, "tf_adjustment_weight": 0.5}), "takes the frequency in part only"),
        (settings_of({**SAME, "tf_minimum_u_value": 0.1}), "takes the frequency in part only"),
        (settings_of({**SAME, "tf_adjustment_column": "b"}), "takes frequencies of b, but has no level"),
        (settings_of(SAME, blocking_rules_to_generate_predictions=[]), "no blocking rules"),
    ],
)
def test_settings_that_a_model_file_cannot_say_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(NotExpressible, match=said):
        from_splink(settings, name="x", people=10)


def test_a_near_value_weighs_by_its_frequency_without_a_level_for_the_same() -> None:
    levels = {
        "near": {"osa": 1, "m": 0.9, "u": 0.5, "times": "frequency"},
        "different": {"m": 0.1, "u": 0.8},
    }
    model = Model.from_document(changed("fields", "last", "levels", value=levels))
    level = to_splink(model, people=10).settings["comparisons"][1]["comparison_levels"][1]
    assert level["u_probability"] == pytest.approx(0.5 * 0.2)


def test_a_model_without_frequencies_keeps_its_u() -> None:
    document = changed("fields", "last", "levels", "same", value={"equal": True, "m": 0.9, "u": 0.02})
    assert DOCUMENT["fields"]["last"] != document["fields"]["last"]
    level = to_splink(Model.from_document(document), people=10).settings["comparisons"][1]["comparison_levels"][1]
    assert (level["m_probability"], level["u_probability"]) == (0.9, 0.02)
