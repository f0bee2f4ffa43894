"""Weights: the numbers of a model, read from a TOML file and checked before use."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.frequencies import RELATIONS
from matching.levels import LEVELS, Field, code_of

Reals = npt.NDArray[np.float64]

MOST_LEVELS = max(len(levels) for levels in LEVELS.values()) + 1  # and MISSING
_SUM_TOLERANCE = 0.005

# What a level's u may be multiplied by: the share of people who have the person's value.
SHARES = (
    "none",
    "given",
    "given_marked",
    "surname",
    "middle",
    "year",
    "commune",
    "province",
    "ethnicity",
    "mother",
    "mother_marked",
    "mother_given",
    "father",
    "father_marked",
    "father_given",
)

# What two children of a relation may share; 'number' is the share in which one's number is typed for the other.
FACTS_SHARED = (
    "number",
    "given",
    "given_folded",
    "given_near",
    "surname",
    "middle",
    "middle_part",
    "sex",
    "year",
    "year_near",
    "year_far",
    "commune",
    "province",
    "ethnicity",
    "mother",
    "father",
)


class ModelFault(ValueError):
    """A model file cannot be used; the message names the table, the level and the rule."""


@dataclass(frozen=True, slots=True)
class RelationPrior:
    """What is assumed of a relation, such as that of siblings, before a population is counted."""

    per_child: float
    shared: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything that turns levels into a decision; `m` and `u` have a row a field and a column a level code."""

    name: str
    version: str
    provenance: str
    m: Reals  # P(level | same child), within the level's context; 1 where nothing is known
    u: Reals  # P(level | two random people), to be multiplied by the share of the value
    times: npt.NDArray[np.int64]  # place in SHARES of that share
    in_population: float  # P(the child of a record is in the population at all)
    link: float  # the stated posterior from which a link needs no person
    review: float  # the posterior from which a person looks
    trust: float  # pairs that a prior of a relation is worth
    relations: Mapping[str, RelationPrior]  # each of RELATIONS

    @classmethod
    def load(cls, source: str | Path) -> Model:
        """Read a model by the name of a shipped one, such as 'child_vn', or by the path of a TOML file.

        Raises: ModelFault: the file lacks a value, or a value is out of range.
        """
        path = Path(source)
        if path.suffix == ".toml":
            text = path.read_text(encoding="utf-8")
        else:
            file = resources.files("matching.models").joinpath(f"{path.name}.toml")
            if not file.is_file():
                msg = f"no model named {path.name!r} is shipped"
                raise ModelFault(msg)
            text = file.read_text(encoding="utf-8")
        return cls.from_document(tomllib.loads(text))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Model:
        """Build a model from the tables of its file.

        Raises: ModelFault: a table lacks a value, or a value is out of range.
        """
        about, decide, relations = (_table(document, name) for name in ("model", "decision", "relations"))
        m, u, times = _read_levels(_table(document, "fields"))
        model = cls(
            name=str(_value(about, "name", "model")),
            version=str(_value(about, "version", "model")),
            provenance=str(_value(about, "provenance", "model")),
            m=m,
            u=u,
            times=times,
            in_population=_probability(decide, "in_population", "decision"),
            link=_probability(decide, "link", "decision"),
            review=_probability(decide, "review", "decision"),
            trust=float(_value(relations, "trust", "relations")),
            relations={name: _relation(_table(relations, name), name) for name in RELATIONS},
        )
        if not model.review < model.link:
            msg = "[decision]: review must be below link"
            raise ModelFault(msg)
        return model


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name)
    if not isinstance(table, Mapping):
        msg = f"table [{name}] is missing"
        raise ModelFault(msg)
    return table


def _value(table: Mapping[str, Any], key: str, place: str) -> Any:  # noqa: ANN401 - TOML values are of any type
    if key not in table:
        msg = f"[{place}]: {key} is missing"
        raise ModelFault(msg)
    return table[key]


def _probability(table: Mapping[str, Any], key: str, place: str) -> float:
    value = _value(table, key, place)
    if not isinstance(value, float) or not 0 < value < 1:
        msg = f"[{place}]: {key} must be a number between 0 and 1"
        raise ModelFault(msg)
    return value


def _relation(table: Mapping[str, Any], name: str) -> RelationPrior:
    shared = _table(table, "shared")
    per_child = float(_value(table, "per_child", f"relations.{name}"))
    shares = {fact: _share_of_one(shared, fact, f"relations.{name}.shared") for fact in FACTS_SHARED}
    return RelationPrior(per_child, shares)


def _share_of_one(table: Mapping[str, Any], key: str, place: str) -> float:
    value = float(_value(table, key, place))
    if not 0 <= value <= 1:
        msg = f"[{place}]: {key} must be between 0 and 1"
        raise ModelFault(msg)
    return value


def _read_levels(fields: Mapping[str, Any]) -> tuple[Reals, Reals, npt.NDArray[np.int64]]:
    m = np.ones((len(Field), MOST_LEVELS))
    u = np.ones((len(Field), MOST_LEVELS))
    times = np.zeros((len(Field), MOST_LEVELS), dtype=np.int64)
    names = {field.name.lower() for field in Field}
    if unknown := sorted(set(fields) - names):
        msg = f"[fields.{unknown[0]}]: no such field is compared"
        raise ModelFault(msg)
    for field in Field:
        place = f"fields.{field.name.lower()}"
        table = _table(fields, field.name.lower())
        _check_levels(field, table, place)
        for level in LEVELS[field]:
            code, entry = code_of(field, level.name), table[level.name]
            inside = f"{place}.{level.name}"
            m[field, code] = _share_of_context(entry, "m", inside)
            u[field, code] = _positive(entry, "u", inside)
            times[field, code] = _place_of_share(str(entry.get("times", "none")), inside)
    return m, u, times


def _check_levels(field: Field, table: Mapping[str, Any], place: str) -> None:
    known = {level.name for level in LEVELS[field]}
    if wrong := sorted(set(table) ^ known):
        msg = f"[{place}]: level {wrong[0]} is {'missing' if wrong[0] in known else 'unknown'}"
        raise ModelFault(msg)
    sums: dict[str, float] = {}
    for level in LEVELS[field]:
        sums[level.context] = sums.get(level.context, 0.0) + float(_value(table[level.name], "m", place))
    for context, total in sums.items():
        if abs(total - 1) > _SUM_TOLERANCE:
            msg = f"[{place}]: m of the levels of context {context} must add up to 1"
            raise ModelFault(msg)


def _share_of_context(entry: Mapping[str, Any], key: str, place: str) -> float:
    value = float(_value(entry, key, place))
    if not 0 < value <= 1:
        msg = f"[{place}]: {key} must be above 0 and at most 1"
        raise ModelFault(msg)
    return value


def _positive(entry: Mapping[str, Any], key: str, place: str) -> float:
    value = float(_value(entry, key, place))
    if value <= 0:
        msg = f"[{place}]: {key} must be above 0"
        raise ModelFault(msg)
    return value


def _place_of_share(name: str, place: str) -> int:
    if name not in SHARES:
        msg = f"[{place}]: times names no known frequency"
        raise ModelFault(msg)
    return SHARES.index(name)
