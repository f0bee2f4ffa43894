"""An audit path: the parameters of a model as Splink's settings, and Splink's settings as a model file.

Whoever doubts a weight can have Splink (version 5) score the same pairs by the same m and u. What Splink has no words
for is said beside the settings, not left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matching.columns.declared import YEAR, ComparedField, Comparing, Declared, Reading, Rule
from matching.splink_child import CHILD_KEYS, child_comparisons
from matching.splink_sql import (
    DIALECT,
    NotExpressible,
    ReadCondition,
    blocking_sql,
    conditions_of,
    key_parts_of,
    sides,
    sql_of,
)
from matching.weights import Model, Reads

__all__ = ["Exported", "NotExpressible", "from_splink", "to_splink"]

_LEAST_U: Final = 1e-9
_MOST: Final = 1 - 1e-12  # Splink takes no probability of 1
_CAP: Final = 1_000  # Splink has none; a block beyond it says next to nothing
_DATE_RULES: Final = {Rule.DAYS, Rule.YEARS, Rule.SWAPPED, Rule.SAME_DAY}
_NAME: Final = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """Splink's settings, and in sentences what they do not say of the model."""

    settings: dict[str, Any]
    not_expressed: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return both as one document for a file."""
        return {"settings": self.settings, "not_expressed": list(self.not_expressed)}


def to_splink(model: Model, *, people: int, deduplicates: bool = False) -> Exported:
    """Return the settings of Splink 5 that say what it can say of a model.

    The columns must hold what the model compares: folded texts, digits alone, dates as YYYYMMDD; those of children's
    records are named in `matching.splink_child`. Frequencies are Splink's own, counted by it over both sides unless
    a table is registered for each column.

    Args:
        people: size of the population, or of the file; the prior of a pair follows from it.
        deduplicates: whether one file is compared with itself.
    """
    remarks: list[str] = []
    comparisons = (
        child_comparisons(model, remarks)
        if model.declared is None
        else [_comparison(model, model.declared, place, remarks) for place in range(len(model.declared.fields))]
    )
    odds = model.duplicates if deduplicates else model.in_population / (1 - model.in_population)
    settings = {
        "link_type": "dedupe_only" if deduplicates else "link_only",
        "unique_id_column_name": model.schema.id_column,
        "probability_two_random_records_match": odds / people / (1 + odds / people),
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": _blocking(model, remarks),
        "retain_intermediate_calculation_columns": True,
        "sql_dialect": DIALECT,
    }
    return Exported(settings, (*remarks, *_general_remarks(model)))


def _general_remarks(model: Model) -> list[str]:
    remarks = [
        "A posterior within the record, in which the candidates and nobody compete: Splink's probability is a pair's.",
        f"The thresholds: a link from {model.link:g}, a person looks from {model.review:g}.",
        "The frequency of a value is the person's in the population; in Splink it is the larger of the two sides'.",
    ]
    if model.one_record_per_child:
        remarks.append("That two records of one source are not of one child.")
    if model.reads is Reads.CHILD_VN:
        remarks.append(f"Classes of people who are not the child: {', '.join(model.relations)}.")
        remarks.append("Contexts: levels that are judged among themselves, such as names written without marks.")
    if model.declared is not None and model.declared.look_alikes:
        named = ", ".join(each.name for each in model.declared.look_alikes)
        remarks.append(f"Classes of people who are not the same: {named}.")
    if model.declared is not None and model.declared.holds:
        remarks.append("Rules by which a pair is not linked without a person.")
    return remarks


def _comparison(model: Model, declared: Declared, place: int, remarks: list[str]) -> dict[str, Any]:
    field = declared.fields[place]
    levels = [_null_level(field)]
    exact_u, dropped = _exact_u(model, field, place), _Dropped()
    for code, each in enumerate(field.levels, start=1):
        condition = sql_of(field.column, each.conditions)
        where = f"{field.name}.{each.level.name}"
        if each.level.context == YEAR:
            remarks.append(f"Level {where}: dates known in part count as not known.")
        elif condition is None:
            remarks.append(f"Level {where}: its rule has no SQL; it counts with the level behind it.")
            dropped = dropped.with_more(model, place, code)
        else:
            levels.append(_level(model, place, code, condition=condition, exact_u=exact_u, dropped=dropped))
            dropped = _Dropped()
        if any(rule.rule is Rule.OSA and float(rule.argument) > 1 for rule in each.conditions):
            remarks.append(f"Level {where}: Splink allows letters between two exchanged ones.")
        if model.times[place, code] and model.u[place, code] != 1.0 and code == _exact_code(field):
            remarks.append(f"Level {where}: its u times the frequency; Splink takes the frequency alone.")
    return {"output_column_name": field.name, "comparison_description": field.name, "comparison_levels": levels}


def _null_level(field: ComparedField) -> dict[str, Any]:
    left, right = sides(field.column)
    condition = f"{left} IS NULL OR {right} IS NULL"
    if field.comparing is Comparing.DATE:
        condition += f" OR length({left}) < 8 OR length({right}) < 8"
    return {"sql_condition": condition, "label_for_charts": "Not known on one side", "is_null_level": True}


def _exact_code(field: ComparedField) -> int:
    """Return the code of the level whose only rule is that the values are the same; 0 if there is none."""
    for code, each in enumerate(field.levels, start=1):
        if each.level.context != YEAR and [rule.rule for rule in each.conditions] == [Rule.EQUAL]:
            return code
    return 0


def _exact_u(model: Model, field: ComparedField, place: int) -> float:
    """Return what Splink calls the u of the exact level: the frequency replaces it, value by value."""
    exact = _exact_code(field)
    if exact and not model.times[place, exact]:
        return float(model.u[place, exact])
    fixed = [
        float(model.u[place, code])
        for code, each in enumerate(field.levels, start=1)
        if not model.times[place, code] and each.level.context != YEAR
    ]
    return max(1 - sum(fixed), _LEAST_U)


@dataclass(frozen=True, slots=True)
class _Dropped:
    """The m and u of levels that could not be written, waiting for the next that can."""

    m: float = 0.0
    u: float = 0.0

    def with_more(self, model: Model, place: int, code: int) -> _Dropped:
        """Return this with another level's; a u that is the frequency of a value is not known here."""
        u = 0.0 if model.times[place, code] else float(model.u[place, code])
        return _Dropped(self.m + float(model.m[place, code]), self.u + u)


def _level(model: Model, place: int, code: int, *, condition: str, exact_u: float, dropped: _Dropped) -> dict[str, Any]:
    times, u = int(model.times[place, code]), float(model.u[place, code])
    level: dict[str, Any] = {
        "sql_condition": condition,
        "label_for_charts": model.schema.fields[place].level(code).reason,
        "m_probability": min(float(model.m[place, code]) + dropped.m, _MOST),
        "u_probability": min(u * exact_u if times else u + dropped.u, _MOST),
    }
    if times:
        level["tf_adjustment_column"] = _frequent_column(model, place, times)
        level["tf_adjustment_weight"] = 1.0
    return level


def _frequent_column(model: Model, place: int, times: int) -> str:
    own = model.declared.fields[place].column if model.declared is not None else ""
    return own if times == 1 else model.share_names[times]


def _blocking(model: Model, remarks: list[str]) -> list[dict[str, str]]:
    rules = []
    for stage in model.stages:
        if stage.unresolved_only:
            remarks.append(f"Stage {stage.name}: only for records that are still without a link.")
        remarks.append(f"Stage {stage.name}: blocks of more than {stage.cap} people are left out.")
        for kind in stage.kinds:
            parts = model.declared.kinds[kind] if model.declared is not None else CHILD_KEYS.get(kind, ())
            rule = blocking_sql(parts) if parts else None
            if rule is None:
                remarks.append(f"Block key {kind}: it has no SQL.")
            else:
                rules.append({"blocking_rule": rule, "sql_dialect": DIALECT})
    return rules


def from_splink(
    settings: Mapping[str, Any], *, name: str, people: int, link: float = 0.99, review: float = 0.05
) -> dict[str, Any]:
    """Return the document of a model file that says what Splink's settings say; `Model.from_document` reads it.

    Args:
        settings: of Splink 5, as its `save_model_to_json` writes them, trained.
        name: what the model is to be called.
        people: size of the population or file, from which the prior of a record follows.
        link: posterior from which a link needs no person; Splink's settings have none.
        review: posterior from which a person looks.
    Raises: NotExpressible: a comparison, level or blocking rule is none of those that are known, or is not trained.
    """
    comparisons = settings.get("comparisons", [])
    if not comparisons:
        msg = "the settings hold no comparisons"
        raise NotExpressible(msg)
    read = [_read_comparison(each) for each in comparisons]
    prior = float(settings.get("probability_two_random_records_match", 0.0001))
    odds = prior / (1 - prior) * people
    kinds = _read_kinds(settings.get("blocking_rules_to_generate_predictions", []))
    id_column = str(settings.get("unique_id_column_name", "unique_id"))
    return {
        "model": {
            "name": name,
            "version": "1.0",
            "reads": Reads.COLUMNS.value,
            "provenance": "m and u as they stand in settings of Splink.",
        },
        "table": {"id": id_column, "empty": [""], "columns": _columns(read, kinds)},
        "decision": {
            "in_population": min(max(odds / (1 + odds), 1e-6), 1 - 1e-6),
            "duplicates": max(odds, 1e-6),
            "link": link,
            "review": review,
        },
        "blocking": {
            "stages": [{"name": "all", "kinds": list(kinds), "cap": _CAP}],
            "keys": kinds,
        },
        "fields": {each.name: each.entry for each in read},
    }


def _columns(read: Sequence[_ReadComparison], kinds: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    columns = {each.column: each.reading for each in read}
    others = {other for each in read for other in each.others}
    others |= {part.partition(":")[0] for parts in kinds.values() for part in parts}
    for other in sorted(others - set(columns)):
        columns[other] = {"read": Reading.VERBATIM.value}
    return columns


@dataclass(frozen=True, slots=True)
class _ReadComparison:
    name: str
    column: str
    reading: dict[str, Any]
    entry: dict[str, Any]
    others: tuple[str, ...]  # columns that its rules and frequencies name


def _read_comparison(comparison: Mapping[str, Any]) -> _ReadComparison:
    name = _NAME.sub("_", str(comparison.get("output_column_name", "")).lower()).strip("_")
    levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    read = [conditions_of(str(level["sql_condition"])) for level in levels]
    found = [each for conditions in read for each in conditions]
    columns = {each.column for each in found}
    if len(columns) != 1:
        msg = f"comparison {name}: a field is about one column, this is about {', '.join(sorted(columns)) or 'none'}"
        raise NotExpressible(msg)
    column = columns.pop()
    comparing, reading = _kind_of(found)
    entries: dict[str, Any] = {}
    for number, (level, conditions) in enumerate(zip(levels, read, strict=True), start=1):
        entries[f"level_{number}" if conditions else "else"] = _read_level(name, column, level, levels, conditions)
    others = [str(each.condition.argument) for each in found if isinstance(each.condition.argument, str)]
    others += [str(entry["times"]) for entry in entries.values() if entry.get("times", "frequency") != "frequency"]
    entry = {"compares": comparing.value, "column": column, "levels": entries}
    return _ReadComparison(name, column, reading, entry, tuple(others))


def _kind_of(found: Sequence[ReadCondition]) -> tuple[Comparing, dict[str, Any]]:
    rules = {each.condition.rule for each in found}
    if rules & _DATE_RULES:
        formats = sorted({each.date_format for each in found if each.date_format is not None})
        return Comparing.DATE, {"read": Reading.DATE.value, "formats": [*formats, "%Y%m%d", "%Y-%m-%d"][:2]}
    if Rule.DIFFERENCE in rules:
        return Comparing.NUMBER, {"read": Reading.NUMBER.value}
    comparing = Comparing.DIGITS if Rule.DIGITS in rules else Comparing.NAMES
    return comparing, {"read": Reading.VERBATIM.value}


def _read_level(
    name: str,
    column: str,
    level: Mapping[str, Any],
    levels: Sequence[Mapping[str, Any]],
    conditions: Sequence[ReadCondition],
) -> dict[str, Any]:
    label = level.get("label_for_charts", level["sql_condition"])
    if not isinstance(level.get("m_probability"), float) or not isinstance(level.get("u_probability"), float):
        msg = f"comparison {name}: level {label} has no m or no u; train the model first"
        raise NotExpressible(msg)
    entry: dict[str, Any] = {each.condition.rule.value: _written(each) for each in conditions}
    entry |= {"m": level["m_probability"], "u": level["u_probability"], "reason": str(label)}
    if level.get("tf_adjustment_column") is None:
        return entry
    if level.get("tf_adjustment_weight", 1.0) != 1.0 or level.get("tf_minimum_u_value", 0.0):
        msg = f"comparison {name}: level {label} takes the frequency in part only, or with a least value"
        raise NotExpressible(msg)
    frequent = str(level["tf_adjustment_column"])
    entry["u"] = level["u_probability"] / _u_of_exact(name, frequent, level, levels)
    return entry | {"times": "frequency" if frequent == column else frequent}


def _written(read: ReadCondition) -> bool | int | float | str:
    argument = read.condition.argument
    if isinstance(argument, str):
        return argument
    if read.condition.rule in (Rule.JARO_WINKLER, Rule.DAYS, Rule.DIFFERENCE, Rule.YEARS):
        return argument
    counted = read.condition.rule in (Rule.LEVENSHTEIN, Rule.DAMERAU, Rule.PREFIX, Rule.SUFFIX, Rule.DIGITS)
    return int(argument) if counted else True


def _u_of_exact(name: str, frequent: str, level: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]) -> float:
    """Return the u that Splink puts the frequency in the place of."""
    if level.get("disable_tf_exact_match_detection"):
        return float(level["u_probability"])
    for each in levels:
        conditions = conditions_of(str(each["sql_condition"]))
        rules = [(found.column, found.condition.rule) for found in conditions]
        if rules == [(frequent, Rule.EQUAL)] and isinstance(each.get("u_probability"), float):
            return float(each["u_probability"])
    msg = f"comparison {name}: it takes frequencies of {frequent}, but has no level where that is the same"
    raise NotExpressible(msg)


def _read_kinds(rules: Sequence[Any]) -> dict[str, list[str]]:
    kinds = {}
    for number, rule in enumerate(rules, start=1):
        sql = rule["blocking_rule"] if isinstance(rule, Mapping) else rule
        kinds[f"rule_{number}"] = [part.written() for part in key_parts_of(str(sql))]
    if not kinds:
        msg = "the settings hold no blocking rules"
        raise NotExpressible(msg)
    return kinds
