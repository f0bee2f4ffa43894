"""The rules of a table's schema, held against its rows: which field of a row breaks which rule.

Patterns come from outside: they are run by an engine whose time grows with the text's length only, whatever they say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from connectors.contract import FileRefused
from connectors.formats.data_package import Bound, Constraints, FieldDescriptor, FieldType, TableSchema
from connectors.formats.tables import Cell

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR: Final = re.compile(r"[0-9]{4}")
_YEARMONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_DATETIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}.*")

Read = Callable[[str], Any]  # a value in an order of its own; None: it is not of the type


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One column's rules, made ready."""

    descriptor: FieldDescriptor = field(repr=False)
    read: Read
    required: bool
    one_of: frozenset[Any] | None = field(default=None, repr=False)
    matches: Callable[[str], bool] | None = None
    least: Any = None
    most: Any = None

    def broken_by(self, text: str | None) -> str | None:
        """Return the rule that a value breaks; None if it keeps to all."""
        if text is None:
            return "field_missing" if self.required else None
        value = self.read(text)
        if value is None:
            return "type_wrong"
        if self.one_of is not None and value not in self.one_of:
            return "not_in_list"
        if self.matches is not None and not self.matches(text):
            return "pattern_broken"
        return self._length_broken(text) or self._bound_broken(value)

    def _length_broken(self, text: str) -> str | None:
        limits = self.descriptor.constraints
        if limits.min_length is not None and len(text) < limits.min_length:
            return "too_short"
        return "too_long" if limits.max_length is not None and len(text) > limits.max_length else None

    def _bound_broken(self, value: Any) -> str | None:  # noqa: ANN401  a value of any type that has an order
        if self.least is not None and value < self.least:
            return "too_small"
        return "too_large" if self.most is not None and value > self.most else None


class SchemaRules:
    """A schema made ready to be held against rows."""

    def __init__(self, schema: TableSchema, place: str) -> None:
        """Make the rules.

        Raises:
            FileRefused: the schema names a key that is no field, or a constraint that its type cannot keep.
        """
        self.key = tuple(schema.primary_key)
        self.columns = tuple(one.name for one in schema.fields)
        self._missing = frozenset(schema.missing_values)
        if not set(self.key) <= set(self.columns):
            raise FileRefused("schema_broken", f"{place}: primaryKey")
        self._rules = {  # a field is named by its place: its name is a stranger's, and may be anything
            one.name: _rule(one, f"{place}: fields.{number}", required=one.name in self.key)
            for number, one in enumerate(schema.fields)
        }

    @property
    def required(self) -> tuple[str, ...]:
        """Return the columns that no row may lack."""
        return tuple(name for name, rule in self._rules.items() if rule.required)

    def known(self, cell: Cell) -> Cell:
        """Return a cell as it is kept: text in one Unicode form, and None where it stands for nothing."""
        if not isinstance(cell, str):
            return cell
        text = unicodedata.normalize("NFC", cell)
        return None if text in self._missing or not text.strip() else text

    def broken_by(self, cells: Mapping[str, Cell]) -> tuple[str, str] | None:
        """Return the first rule that a row breaks, and the field; None if it keeps to all."""
        for name, rule in self._rules.items():
            cell = cells.get(name)
            broken = rule.broken_by(text_of(cell)) if cell is not None or rule.required else None
            if broken is not None:
                return broken, name
        return None


def text_of(cell: Cell) -> str | None:
    """Return a cell as a CSV file would hold it: a workbook's whole numbers without decimals."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _rule(descriptor: FieldDescriptor, place: str, *, required: bool) -> _Rule:
    said = descriptor.constraints
    read = _reader(descriptor)
    return _Rule(
        descriptor=descriptor,
        read=read,
        required=required or said.required,
        one_of=_one_of(said, read, place),
        matches=None if said.pattern is None else _matcher(said.pattern, place),
        least=_bound(said.minimum, read, place),
        most=_bound(said.maximum, read, place),
    )


def _one_of(said: Constraints, read: Read, place: str) -> frozenset[Any] | None:
    if said.enum is None:
        return None
    values = [read(text) if (text := text_of(value)) is not None else None for value in said.enum]
    if any(value is None for value in values):
        raise FileRefused("schema_broken", f"{place}: enum")
    return frozenset(values)


def _bound(said: Bound, read: Read, place: str) -> object:
    if said is None:
        return None
    value = read(text_of(said) or "")
    if value is None or isinstance(value, str | bool):
        raise FileRefused("schema_broken", f"{place}: minimum or maximum")
    return value


def _matcher(pattern: str, place: str) -> Callable[[str], bool]:
    """Return a test of the whole text, run by a linear-time engine."""
    schema = core_schema.str_schema(pattern=rf"\A(?:{pattern})\z", regex_engine="rust-regex")
    try:
        validator = SchemaValidator(schema)
    except SchemaError:
        raise FileRefused("schema_broken", f"{place}: pattern") from None
    return partial(_passes, validator)


def _passes(validator: SchemaValidator, text: str) -> bool:
    try:
        validator.validate_python(text)
    except ValidationError:
        return False
    return True


def _reader(descriptor: FieldDescriptor) -> Read:
    if descriptor.type is FieldType.NUMBER:
        return partial(_number, descriptor.decimal_char)
    if descriptor.type is FieldType.BOOLEAN:
        return partial(_boolean, frozenset(descriptor.true_values), frozenset(descriptor.false_values))
    return _READERS.get(descriptor.type, str)


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text.strip()) else None


def _year(text: str) -> int | None:
    return int(text) if _YEAR.fullmatch(text) else None


def _yearmonth(text: str) -> tuple[int, int] | None:
    found = _YEARMONTH.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def _number(decimal_char: str, text: str) -> Decimal | None:
    written = text.strip().replace(decimal_char, ".") if decimal_char != "." else text.strip()
    try:
        return Decimal(written) if _NUMBER.fullmatch(written) else None
    except InvalidOperation:
        return None


def _boolean(true: frozenset[str], false: frozenset[str], text: str) -> bool | None:
    if text in true:
        return True
    return False if text in false else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _datetime(text: str) -> datetime | None:
    """Return a time with its zone; one without a zone cannot be compared with others."""
    try:
        stamp = datetime.fromisoformat(text) if _DATETIME.fullmatch(text) else None
    except ValueError:
        return None
    return stamp if stamp is not None and stamp.tzinfo is not None else None


_READERS: Final[Mapping[FieldType, Read]] = {
    FieldType.INTEGER: _integer,
    FieldType.YEAR: _year,
    FieldType.YEARMONTH: _yearmonth,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
}
