"""Weights: the numbers of a model, read from a TOML file and checked before use."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matching.columns.declared import Declared
from matching.columns.parsing import declared_in
from matching.frequencies import RELATIONS
from matching.model_tables import (
    ModelFault,
    Table,
    chance_of,
    number_of,
    only,
    positive_of,
    probability_of,
    share_of,
    table_of,
    text_of,
    texts_of,
    truth_of,
    value_of,
    whole_of,
)
from matching.schema import FieldSchema, Schema, child_schema

__all__ = ["FACTS_SHARED", "SHARES", "Model", "ModelFault", "Reads", "Reals", "RelationPrior", "Stage"]

Reals = npt.NDArray[np.float64]

_SUM_TOLERANCE = 0.005
_U_TOLERANCE = 0.02  # u of children's levels were rounded one by one

# What a child's level's u may be multiplied by: the share of people who have the person's value.
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


class Reads(StrEnum):
    """What a model compares."""

    CHILD_VN = "child_vn"  # children's records, by the comparisons of this package
    COLUMNS = "columns"  # any table, by the comparisons that the file declares


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Some kinds of block keys that are looked up together."""

    name: str
    kinds: tuple[str, ...]
    cap: int  # people of a block beyond which it says too little to be worth comparing
    unresolved_only: bool  # only for records that the stages before have not linked


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
    times: npt.NDArray[np.int64]  # place in `share_names` of that share
    in_population: float  # P(the child of a record is in the population at all)
    link: float  # the stated posterior from which a link needs no person
    review: float  # the posterior from which a person looks
    trust: float  # pairs that a prior of a relation is worth
    relations: Mapping[str, RelationPrior]  # each of RELATIONS; none in a model of columns
    stages: tuple[Stage, ...]
    one_record_per_child: bool  # the source holds no child twice
    duplicates: float = 0.1  # further records of the same person that a record of a file with duplicates has
    reads: Reads = Reads.CHILD_VN
    schema: Schema = field(default_factory=child_schema)
    declared: Declared | None = None  # what the file says of its columns; None for children's records

    @classmethod
    def load(cls, source: str | Path) -> Model:
        """Read a model by the name of a shipped one, such as 'child_vn', or by the path of a TOML file.

        Raises: ModelFault: the file cannot be read, lacks a value, or a value is out of range.
        """
        path = Path(source)
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8") if path.suffix == ".toml" else _shipped(path))
        except OSError as error:
            msg = f"{path}: the model file cannot be read ({error.strerror})"
            raise ModelFault(msg) from None
        except UnicodeDecodeError:
            msg = f"{path}: the model file is not UTF-8"
            raise ModelFault(msg) from None
        except tomllib.TOMLDecodeError as error:
            msg = f"{path}: no TOML file: {error}"
            raise ModelFault(msg) from None
        try:
            return cls.from_document(document)
        except ModelFault as fault:
            msg = f"{path}: {fault}"
            raise ModelFault(msg) from None

    @classmethod
    def from_document(cls, document: Table) -> Model:
        """Build a model from the tables of its file.

        Raises: ModelFault: a table lacks a value, or a value is out of range.
        """
        about = table_of(document, "model")
        only(about, ("name", "version", "provenance", "reads"), "model")
        reads = _reads(about)
        tables = {"model", "decision", "blocking", "fields"}
        other = {"relations"} if reads is Reads.CHILD_VN else {"table", "classes", "hold"}
        only(document, tables | other, "")
        declared = declared_in(document) if reads is Reads.COLUMNS else None
        schema = child_schema() if declared is None else declared.schema()
        m, u, times = _read_levels(table_of(document, "fields"), schema, shares=_share_names(declared))
        decide = table_of(document, "decision")
        trust, relations = (0.0, {}) if declared is not None else _relations(table_of(document, "relations"))
        model = cls(
            name=text_of(about, "name", "model"),
            version=text_of(about, "version", "model"),
            provenance=text_of(about, "provenance", "model"),
            m=m,
            u=u,
            times=times,
            in_population=probability_of(decide, "in_population", "decision"),
            link=probability_of(decide, "link", "decision"),
            review=probability_of(decide, "review", "decision"),
            trust=trust,
            relations=relations,
            stages=_stages(table_of(document, "blocking"), declared),
            one_record_per_child=truth_of(decide, "one_record_per_child", "decision"),
            duplicates=positive_of(decide, "duplicates", "decision") if "duplicates" in decide else 0.1,
            reads=reads,
            schema=schema,
            declared=declared,
        )
        only(decide, ("in_population", "link", "review", "one_record_per_child", "duplicates"), "decision")
        if not model.review < model.link:
            msg = "[decision]: review must be below link"
            raise ModelFault(msg)
        return model

    @property
    def share_names(self) -> tuple[str, ...]:
        """What a level's u may be multiplied by, at the place that `times` names."""
        return _share_names(self.declared)

    @property
    def pair_shift(self) -> float:
        """What is added to the log odds of a pair of one file that may hold a person more than once.

        The odds before anything is compared are those of `in_population` against one row each: of `in_population /
        (1 - in_population)` to the number of rows. In a deduplication they are of `duplicates` to that number.
        """
        return math.log(self.duplicates) - math.log(self.in_population / (1 - self.in_population))


def _shipped(path: Path) -> str:
    file = resources.files("matching.models").joinpath(f"{path.name}.toml")
    if path.name != str(path) or not file.is_file():
        msg = f"no model named {path.name!r} is shipped"
        raise ModelFault(msg)
    return file.read_text(encoding="utf-8")


def _reads(about: Table) -> Reads:
    word = about.get("reads", Reads.CHILD_VN.value)
    if word not in list(Reads):
        msg = f"[model]: reads must be one of {', '.join(Reads)}"
        raise ModelFault(msg)
    return Reads(word)


@lru_cache(maxsize=8)
def _shares_of_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    return ("none", "frequency", *columns)


def _share_names(declared: Declared | None) -> tuple[str, ...]:
    if declared is None:
        return SHARES
    return _shares_of_columns(tuple(column.name for column in declared.columns))


def _stages(table: Table, declared: Declared | None) -> tuple[Stage, ...]:
    only(table, ("stages",) if declared is None else ("stages", "keys"), "blocking")
    entries = value_of(table, "stages", "blocking")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, Mapping) for entry in entries):
        msg = "[[blocking.stages]]: at least one stage is needed"
        raise ModelFault(msg)
    stages = tuple(_stage(entry) for entry in entries)
    kinds = [kind for stage in stages for kind in stage.kinds]
    if len({stage.name for stage in stages}) < len(stages) or len(set(kinds)) < len(kinds):
        msg = "[[blocking.stages]]: two stages have one name, or a kind in common"
        raise ModelFault(msg)
    if declared is not None and (unknown := sorted(set(kinds) - set(declared.kinds))):
        msg = f"[[blocking.stages]]: kind {unknown[0]} is not declared in [blocking.keys]"
        raise ModelFault(msg)
    return stages


def _stage(entry: Table) -> Stage:
    place = "blocking.stages"
    only(entry, ("name", "kinds", "cap", "unresolved_only"), place)
    return Stage(
        name=text_of(entry, "name", place),
        kinds=texts_of(entry, "kinds", place),
        cap=whole_of(entry, "cap", place),
        unresolved_only=truth_of(entry, "unresolved_only", place),
    )


def _relations(table: Table) -> tuple[float, dict[str, RelationPrior]]:
    only(table, ("trust", *RELATIONS), "relations")
    priors = {name: _relation(table_of(table, name, "relations"), f"relations.{name}") for name in RELATIONS}
    return number_of(table, "trust", "relations"), priors


def _relation(table: Table, place: str) -> RelationPrior:
    only(table, ("per_child", "shared"), place)
    shared = table_of(table, "shared", place)
    only(shared, FACTS_SHARED, f"{place}.shared")
    shares = {fact: share_of(shared, fact, f"{place}.shared") for fact in FACTS_SHARED}
    return RelationPrior(number_of(table, "per_child", place), shares)


def _read_levels(
    tables: Table, schema: Schema, *, shares: tuple[str, ...]
) -> tuple[Reals, Reals, npt.NDArray[np.int64]]:
    m = np.ones((len(schema.fields), schema.most_levels))
    u = np.ones_like(m)
    times = np.zeros_like(m, dtype=np.int64)
    if unknown := sorted(set(tables) - {each.name for each in schema.fields}):
        msg = f"[fields.{unknown[0]}]: no such field is compared"
        raise ModelFault(msg)
    for row, each in enumerate(schema.fields):
        place, table = f"fields.{each.name}", table_of(tables, each.name, "fields")
        if "levels" in table and "compares" in table:
            place, table = f"{place}.levels", table["levels"]
        _check_levels(each, table, place)
        for code, level in enumerate(each.levels, start=1):
            entry, inside = table[level.name], f"{place}.{level.name}"
            if place.count(".") == 1:  # the file's own levels have been looked at with their rules
                only(entry, ("m", "u", "times"), inside)
            m[row, code] = chance_of(entry, "m", inside)
            u[row, code] = positive_of(entry, "u", inside)
            times[row, code] = _place_of_share(str(entry.get("times", "none")), inside, shares)
        _check_sums(each, m[row], np.where(times[row] > 0, 0.0, u[row]), place)
    return m, u, times


def _check_levels(each: FieldSchema, table: Table, place: str) -> None:
    known = {level.name for level in each.levels}
    if wrong := sorted(set(table) ^ known):
        msg = f"[{place}]: level {wrong[0]} is {'missing' if wrong[0] in known else 'unknown'}"
        raise ModelFault(msg)
    for name in known:
        if not isinstance(table[name], Mapping):
            msg = f"[{place}.{name}]: must be a table"
            raise ModelFault(msg)


def _check_sums(each: FieldSchema, m: Reals, fixed_u: Reals, place: str) -> None:
    for context, codes in each.contexts().items():
        if abs(float(m[list(codes)].sum()) - 1) > _SUM_TOLERANCE:
            msg = f"[{place}]: m of the levels of context {context} must add up to 1"
            raise ModelFault(msg)
        if float(fixed_u[list(codes)].sum()) > 1 + _U_TOLERANCE:
            msg = f"[{place}]: u of the levels of context {context} must not add up to more than 1"
            raise ModelFault(msg)


def _place_of_share(name: str, place: str, shares: tuple[str, ...]) -> int:
    if name not in shares:
        msg = f"[{place}]: times names no known frequency"
        raise ModelFault(msg)
    return shares.index(name)
