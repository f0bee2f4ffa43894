"""The tables that may be asked for: closed code lists, thresholds and words, each table a TOML file.

A table is named whole. Nobody can ask for a part of a list, a range of his own or a filter.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib import resources
from itertools import chain
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from registry.exports.published import Axis, Code, Status, Words
from registry.model.age import CHILD_BELOW
from registry.model.errors import NotFound, RegistryError
from registry.statistics.cell_key import P_TABLES, PTable

TABLE_NAME: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_FOLDER: Final = "tables"

Value = str | int | None  # of a base cell; None: not known


class UnknownTable(NotFound):
    """The catalogue has no table of this name."""

    title = "There is no such table"


class BrokenDefinition(RegistryError):
    """A table definition breaks a rule."""

    status = 500
    title = "A table definition cannot be used"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class CodeEntry(_Closed):
    """One code and the values of a base cell that it stands for."""

    code: str = Field(pattern=r"^[A-Z0-9_]+$")
    label: Words | None = None  # None: a place
    kind: Literal["value", "total", "unknown"] = "value"
    values: tuple[str, ...] = ()  # empty: the code itself
    ages: tuple[int, int] | None = None  # first and last, both included

    @property
    def members(self) -> tuple[Value, ...]:
        """The values that the code stands for; none for a total, which takes them all."""
        if self.kind == "total":
            return ()
        if self.kind == "unknown":
            return (None,)
        if self.ages is not None:
            return tuple(range(self.ages[0], self.ages[1] + 1))
        return self.values or (self.code,)


class Variable(_Closed):
    """One variable with its closed code list: one total, and every value under exactly one other code."""

    name: Literal["province", "age", "sex"]
    label: Words
    version: str = Field(min_length=1)
    source: str | None = None
    codes: tuple[CodeEntry, ...]

    @cached_property
    def total(self) -> str:
        """The code that takes every value."""
        return next(entry.code for entry in self.codes if entry.kind == "total")

    @cached_property
    def codes_by_value(self) -> dict[Value, tuple[str, str]]:
        """The two codes that each value counts under: its own and the total."""
        return {value: (entry.code, self.total) for entry in self.codes for value in entry.members}

    def axis(self) -> Axis:
        """Return the variable as a published table shows it."""
        codes = tuple(Code(entry.code, entry.label) for entry in self.codes)
        return Axis(self.name, label=self.label, version=self.version, source=self.source, codes=codes)

    @model_validator(mode="after")
    def _closed(self) -> Self:
        names = [entry.code for entry in self.codes]
        members = list(chain.from_iterable(entry.members for entry in self.codes))
        if len(set(names)) < len(names) or len(set(members)) < len(members):
            raise ValueError(f"variable {self.name}: a code or a value stands twice")
        if [entry.kind for entry in self.codes].count("total") != 1:
            raise ValueError(f"variable {self.name}: exactly one code is the total")
        if self.name == "age" and set(members) != set(range(CHILD_BELOW)):
            raise ValueError("variable age: the groups must hold every year of childhood once")
        if self.name != "age" and None not in members:
            raise ValueError(f"variable {self.name}: a code for what is not known is missing")
        return self

    @model_validator(mode="after")
    def _labelled(self) -> Self:
        places = self.name == "province"
        if any(entry.label is None and not (places and entry.kind == "value") for entry in self.codes):
            raise ValueError(f"variable {self.name}: only a place may do without a label")
        return self


class Mark(_Closed):
    """Cells that never hold a number, by their codes: all of the named variables must agree."""

    status: Literal[Status.IMPOSSIBLE, Status.NOT_APPLICABLE, Status.NOT_AVAILABLE]
    where: dict[str, tuple[str, ...]] = Field(min_length=1)

    def covers(self, codes: Mapping[str, str]) -> bool:
        """Return whether a cell with these codes, by variable, bears the mark."""
        return all(codes[name] in marked for name, marked in self.where.items())


class TableDefinition(_Closed):
    """One table of the catalogue."""

    name: str = Field(pattern=TABLE_NAME)
    version: str = Field(min_length=1)
    p_table: str
    rows: tuple[str, ...]  # the variables that make a row; the others are its columns
    area: str  # the variable that is a place
    least_in_row: int = Field(ge=10)
    least_in_area: int = Field(ge=10)
    title: Words
    frame: Words
    method: Words
    variables: tuple[Variable, ...] = Field(min_length=1)
    marks: tuple[Mark, ...] = ()

    @property
    def noise(self) -> PTable:
        """The p-table of its counts."""
        return P_TABLES[self.p_table]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        lists: dict[str, set[str]] = {}
        for variable in self.variables:
            lists[variable.name] = {entry.code for entry in variable.codes}
        if len(lists) < len(self.variables):
            raise ValueError("a variable stands twice")
        if self.p_table not in P_TABLES:
            raise ValueError("p_table: there are: " + ", ".join(P_TABLES))
        if self.area not in self.rows or not set(self.rows) <= set(lists):
            raise ValueError("rows and area must name variables of the table, and the area be one of the rows")
        for place, codes in chain.from_iterable(mark.where.items() for mark in self.marks):
            if not set(codes) <= lists.get(place, set()):
                raise ValueError(f"marks: a code of {place} is not in its list")
        return self


def names() -> tuple[str, ...]:
    """Return the names of all tables."""
    files = resources.files("registry.statistics").joinpath(_FOLDER).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@lru_cache(maxsize=64)
def load(name: str) -> TableDefinition:
    """Return a table's definition.

    Raises:
        UnknownTable: there is none of this name.
        BrokenDefinition: its file breaks a rule.

    """
    if name not in names():
        raise UnknownTable("there are: " + ", ".join(names()), field="table")
    file = f"{name}.toml"
    text = resources.files("registry.statistics").joinpath(_FOLDER, file).read_text(encoding="utf-8")
    definition = read_definition(text, place=file)
    if definition.name != name:
        raise BrokenDefinition("it is that of the file", field="name", place=file)
    return definition


def read_definition(text: str, *, place: str) -> TableDefinition:
    """Return the definition that a TOML text holds.

    Args:
        text: the TOML text.
        place: what to call it in a message, such as its file name.

    Raises:
        BrokenDefinition: it is no TOML, or it breaks a rule.

    """
    try:
        return TableDefinition.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise BrokenDefinition(str(wrong), place=place) from wrong
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenDefinition(first["msg"], field=where or None, place=place) from wrong
