"""Parsing: what a model file declares of a table, checked word by word before anything is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from matching.columns.declared import (
    DEFAULT_EMPTY,
    FULL,
    KNOWN,
    RULES,
    YEAR,
    Argument,
    Column,
    ComparedField,
    ComparedLevel,
    Comparing,
    Condition,
    Declared,
    Hold,
    KeyPart,
    LookAlikes,
    Part,
    Reading,
    Rule,
)
from matching.columns.reading import DATE_DIRECTIVES, date_pattern
from matching.levels import MISSING, Level
from matching.model_tables import ModelFault, Table, only, share_of, table_of, text_of, texts_of, truth_of, value_of

E = TypeVar("E", bound=StrEnum)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WEIGHT_KEYS = ("m", "u", "times", "context", "reason")
_NEEDS = {Comparing.DATE: Reading.DATE, Comparing.NUMBER: Reading.NUMBER}
_DATE_PARTS = {Part.YEAR, Part.YEAR_MONTH, Part.DAY_MONTH}
_MOST_LEVELS = 100  # codes are bytes


def declared_in(document: Table) -> Declared:
    """Return what the document declares of the table.

    Raises: ModelFault: a word is unknown, a column is not declared, or a rule does not fit its field.
    """
    table = table_of(document, "table")
    only(table, ("id", "empty", "columns"), "table")
    columns = tuple(_columns(table_of(table, "columns", "table")))
    named = {column.name: column for column in columns}
    fields = tuple(_field(name, entry, named) for name, entry in table_of(document, "fields").items())
    if not fields:
        msg = "[fields]: at least one field must be compared"
        raise ModelFault(msg)
    return Declared(
        id_column=text_of(table, "id", "table"),
        empty=texts_of(table, "empty", "table") if "empty" in table else DEFAULT_EMPTY,
        columns=columns,
        fields=fields,
        kinds=_kinds(table_of(table_of(document, "blocking"), "keys", "blocking"), named),
        look_alikes=tuple(_look_alikes(document.get("classes", {}), fields)),
        holds=tuple(_holds(document.get("hold", []), fields)),
    )


def _named(name: str, place: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"[{place}]: {name} must be a name of small letters, digits and underscores"
        raise ModelFault(msg)
    return name


def _columns(tables: Table) -> Iterator[Column]:
    for name, entry in tables.items():
        place = f"table.columns.{_named(name, 'table.columns')}"
        if not isinstance(entry, Mapping):
            msg = f"[{place}]: must be a table"
            raise ModelFault(msg)
        only(entry, ("read", "headers", "formats", "optional"), place)
        reading = _one_of(Reading, text_of(entry, "read", place), "read", place)
        formats = texts_of(entry, "formats", place) if reading is Reading.DATE or "formats" in entry else ()
        for written in formats:
            if reading is not Reading.DATE or date_pattern(written) is None:
                msg = f"[{place}]: formats must be of a date and hold {', '.join(DATE_DIRECTIVES)}, the year always"
                raise ModelFault(msg)
        headers = texts_of(entry, "headers", place) if "headers" in entry else (name,)
        yield Column(name, reading, headers, formats, truth_of(entry, "optional", place))


def _one_of(kind: type[E], word: str, key: str, place: str) -> E:
    try:
        return kind(word)
    except ValueError:
        msg = f"[{place}]: {key} must be one of {', '.join(member.value for member in kind)}"
        raise ModelFault(msg) from None


def _known_column(name: str, columns: Mapping[str, Column], place: str) -> Column:
    if name not in columns:
        msg = f"[{place}]: column {name} is not declared in [table.columns]"
        raise ModelFault(msg)
    return columns[name]


def _field(name: str, entry: object, columns: Mapping[str, Column]) -> ComparedField:
    place = f"fields.{_named(name, 'fields')}"
    if not isinstance(entry, Mapping):
        msg = f"[{place}]: must be a table"
        raise ModelFault(msg)
    only(entry, ("compares", "column", "levels"), place)
    comparing = _one_of(Comparing, text_of(entry, "compares", place), "compares", place)
    column = _known_column(str(entry.get("column", name)), columns, place)
    needed = _NEEDS.get(comparing)
    if needed is not None and column.reading is not needed:
        msg = f"[{place}]: compares {comparing}, so column {column.name} must be read as {needed}"
        raise ModelFault(msg)
    tables = table_of(entry, "levels", place)
    levels = tuple(_level(name, comparing, level, tables, columns) for level in tables)
    if len(levels) > _MOST_LEVELS:
        msg = f"[{place}.levels]: more than {_MOST_LEVELS} levels"
        raise ModelFault(msg)
    _check_ends(levels, f"{place}.levels")
    return ComparedField(name, comparing, column.name, levels)


def _level(field: str, comparing: Comparing, name: str, tables: Table, columns: Mapping[str, Column]) -> ComparedLevel:
    place = f"fields.{field}.levels.{_named(name, f'fields.{field}.levels')}"
    entry = tables[name]
    if not isinstance(entry, Mapping) or name == MISSING.name:
        msg = f"[{place}]: must be a table, and {MISSING.name} is no level of a file"
        raise ModelFault(msg)
    only(entry, (*_WEIGHT_KEYS, *Rule), place)
    conditions = tuple(
        Condition(rule, _argument(rule, entry[rule], columns, place)) for rule in map(Rule, _rules_in(entry))
    )
    for condition in conditions:
        if comparing not in RULES[condition.rule].fields:
            msg = f"[{place}]: {condition.rule} is no rule of a field that compares {comparing}"
            raise ModelFault(msg)
    context = _context(entry, comparing, place)
    reason = text_of(entry, "reason", place) if "reason" in entry else said(field, conditions, context)
    return ComparedLevel(Level(name, context, reason), conditions)


def _rules_in(entry: Table) -> list[str]:
    return [key for key in entry if key not in _WEIGHT_KEYS]


def _context(entry: Table, comparing: Comparing, place: str) -> str:
    allowed = (FULL, YEAR) if comparing is Comparing.DATE else (KNOWN,)
    context = str(entry.get("context", allowed[0]))
    if context not in allowed:
        msg = f"[{place}]: context must be one of {', '.join(allowed)}"
        raise ModelFault(msg)
    return context


def said(field: str, conditions: Sequence[Condition], context: str) -> str:
    """Return in words what a level without a `reason` of its own means."""
    label = field.replace("_", " ")
    if not conditions:
        phrase = "is another"
    else:
        phrase = ", and ".join(RULES[each.rule].phrase.format(_shown(each.argument)) for each in conditions)
    behind = ", as far as it is known" if context == YEAR else ""
    return f"The {label} {phrase}{behind}"


def _shown(argument: float | str) -> str:
    return argument.replace("_", " ") if isinstance(argument, str) else f"{argument:g}"


def _argument(rule: Rule, value: object, columns: Mapping[str, Column], place: str) -> float | str:
    kind = RULES[rule].argument
    if kind is Argument.COLUMN:
        return _known_column(str(value), columns, place).name
    if kind is Argument.TRUE:
        fits = value is True
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = number and _in_range(kind, float(str(value)))
    if not fits:
        msg = f"[{place}]: {rule} must be {kind}"
        raise ModelFault(msg)
    return float(str(value)) if kind is not Argument.TRUE else 1.0


def _in_range(kind: Argument, value: float) -> bool:
    if kind is Argument.SHARE:
        return 0 < value <= 1
    return value >= 0 if kind is Argument.LIMIT else value >= 1 and value.is_integer()


def _check_ends(levels: Sequence[ComparedLevel], place: str) -> None:
    """Every context ends in a level without rules, and has no other of the kind."""
    if not levels:
        msg = f"[{place}]: a field needs levels"
        raise ModelFault(msg)
    last = {each.level.context: each for each in levels}
    for each in levels:
        ends = last[each.level.context] is each
        if ends == bool(each.conditions):
            msg = f"[{place}.{each.level.name}]: the last level of a context, and no other, is without a rule"
            raise ModelFault(msg)


def _kinds(tables: Table, columns: Mapping[str, Column]) -> dict[str, tuple[KeyPart, ...]]:
    kinds = {}
    for name in tables:
        place = f"blocking.keys.{_named(name, 'blocking.keys')}"
        written = texts_of(tables, name, "blocking.keys")
        kinds[name] = tuple(_key_part(text, columns, place) for text in written)
    return kinds


def _key_part(written: str, columns: Mapping[str, Column], place: str) -> KeyPart:
    names, _, part = written.partition(":")
    read = [_known_column(name, columns, place) for name in names.split("+")]
    joined = tuple(column.name for column in read)
    taken = _part(part, joined, place)
    if len(joined) > 1 and taken.part is not Part.WORDS:
        msg = f"[{place}]: several columns can only be joined by their words"
        raise ModelFault(msg)
    if taken.part in _DATE_PARTS and read[0].reading is not Reading.DATE:
        msg = f"[{place}]: {taken.part} can only be taken of a date"
        raise ModelFault(msg)
    return taken


def _part(part: str, columns: tuple[str, ...], place: str) -> KeyPart:
    if not part:
        return KeyPart(columns, Part.WHOLE)
    if re.fullmatch(r"-?[1-9]\d?", part):
        letters = int(part)
        return KeyPart(columns, Part.FIRST if letters > 0 else Part.LAST, abs(letters))
    words = [word for word in Part if word not in (Part.WHOLE, Part.FIRST, Part.LAST)]
    if part not in words:
        msg = f"[{place}]: behind the colon stands a number of letters or one of {', '.join(words)}"
        raise ModelFault(msg)
    return KeyPart(columns, Part(part))


def _look_alikes(tables: object, fields: Sequence[ComparedField]) -> Iterator[LookAlikes]:
    if not isinstance(tables, Mapping):
        msg = "[classes] must be a table"
        raise ModelFault(msg)
    known = {field.name for field in fields}
    for name in tables:
        place = f"classes.{_named(name, 'classes')}"
        entry = table_of(tables, name, "classes")
        only(entry, ("rate", "shares"), place)
        shares = table_of(entry, "shares", place)
        only(shares, known, f"{place}.shares")
        rate = value_of(entry, "rate", place)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < float("inf"):
            msg = f"[{place}]: rate must be a number of 0 or more"
            raise ModelFault(msg)
        yield LookAlikes(name, float(rate), {field: share_of(shares, field, f"{place}.shares") for field in shares})


def _holds(entries: object, fields: Sequence[ComparedField]) -> Iterator[Hold]:
    if not isinstance(entries, list):
        msg = "[[hold]] must be a list of tables"
        raise ModelFault(msg)
    known = {field.name: {MISSING.name, *(each.level.name for each in field.levels)} for field in fields}
    for entry in entries:
        only(entry, ("when",), "hold")
        when = table_of(entry, "when", "hold")
        only(when, known, "hold.when")
        levels = {field: texts_of(when, field, "hold.when") for field in when}
        for field, names in levels.items():
            if unknown := sorted(set(names) - known[field]):
                msg = f"[hold.when]: {field} has no level {unknown[0]}"
                raise ModelFault(msg)
        if not levels:
            msg = "[hold.when]: at least one field must be named"
            raise ModelFault(msg)
        yield Hold(levels)
