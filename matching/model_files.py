"""Model files: a model written as TOML, from which the very same model is read."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matching.columns.declared import (
    FULL,
    KNOWN,
    RULES,
    Argument,
    Column,
    ComparedField,
    ComparedLevel,
    Condition,
    Declared,
    Reading,
)
from matching.columns.parsing import said
from matching.weights import Model, Reads, Stage

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = "# What the tables mean: docs/linkage-models.md\n"

Document = dict[str, Any]


def document_of(model: Model) -> Document:
    """Return the tables of a model's file: `Model.from_document` makes the same model of them."""
    document: Document = {
        "model": {
            "name": model.name,
            "version": model.version,
            "reads": model.reads.value,
            "provenance": model.provenance,
        },
        **(_table_of(model.declared) if model.declared is not None else {}),
        "decision": {
            "in_population": model.in_population,
            "duplicates": model.duplicates,
            "link": model.link,
            "review": model.review,
            "one_record_per_child": model.one_record_per_child,
        },
        "blocking": {"stages": [_stage(stage) for stage in model.stages]},
    }
    if model.reads is Reads.CHILD_VN:
        document["relations"] = _relations(model)
    if model.declared is not None:
        document |= _alike_and_held(model.declared)
        document["blocking"]["keys"] = {
            kind: [part.written() for part in parts] for kind, parts in model.declared.kinds.items()
        }
    document["fields"] = _fields(model)
    return document


def _stage(stage: Stage) -> Document:
    return {
        "name": stage.name,
        "kinds": list(stage.kinds),
        "cap": stage.cap,
        "unresolved_only": stage.unresolved_only,
    }


def _relations(model: Model) -> Document:
    priors = {
        name: {"per_child": prior.per_child, "shared": dict(prior.shared)} for name, prior in model.relations.items()
    }
    return {"trust": model.trust, **priors}


def _table_of(declared: Declared) -> Document:
    columns = {column.name: _column(column) for column in declared.columns}
    return {"table": {"id": declared.id_column, "empty": list(declared.empty), "columns": columns}}


def _alike_and_held(declared: Declared) -> Document:
    document: Document = {}
    if declared.look_alikes:
        document["classes"] = {
            each.name: {"rate": each.rate, "shares": dict(each.shares)} for each in declared.look_alikes
        }
    if declared.holds:
        document["hold"] = [
            {"when": {field: list(names) for field, names in hold.levels.items()}} for hold in declared.holds
        ]
    return document


def _column(column: Column) -> Document:
    entry: Document = {"read": column.reading.value}
    if column.headers != (column.name,):
        entry["headers"] = list(column.headers)
    if column.reading is Reading.DATE:
        entry["formats"] = list(column.formats)
    if column.optional:
        entry["optional"] = True
    return entry


def _fields(model: Model) -> Document:
    declared = {each.name: each for each in model.declared.fields} if model.declared is not None else {}
    document: Document = {}
    for row, schema in enumerate(model.schema.fields):
        levels = {level.name: _weights(model, row, code) for code, level in enumerate(schema.levels, start=1)}
        field = declared.get(schema.name)
        document[schema.name] = levels if field is None else _field(field, levels)
    return document


def _weights(model: Model, row: int, code: int) -> Document:
    entry: Document = {"m": float(model.m[row, code]), "u": float(model.u[row, code])}
    if model.times[row, code]:
        entry["times"] = model.share_names[model.times[row, code]]
    return entry


def _field(field: ComparedField, weights: Document) -> Document:
    document: Document = {"compares": field.comparing.value}
    if field.column != field.name:
        document["column"] = field.column
    document["levels"] = {each.level.name: _level(field, each) | weights[each.level.name] for each in field.levels}
    return document


def _level(field: ComparedField, each: ComparedLevel) -> Document:
    entry: Document = {condition.rule.value: _argument(condition) for condition in each.conditions}
    if each.level.context not in (FULL, KNOWN):
        entry["context"] = each.level.context
    if each.level.reason != said(field.name, each.conditions, each.level.context):
        entry["reason"] = each.level.reason
    return entry


def _argument(condition: Condition) -> bool | int | float | str:
    kind = RULES[condition.rule].argument
    if kind is Argument.TRUE:
        return True
    if kind is Argument.COUNT:
        return int(condition.argument)
    return condition.argument


def toml_of(document: Mapping[str, Any]) -> str:
    """Return a document of tables, lists, texts, numbers and truths as TOML; numbers keep every digit."""
    return _HEAD + "\n".join(_table(document, ())) + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of a table; tables that hold nothing but values stand on one line each, if all do."""
    inline = bool(table) and all(_is_leaf(value) for value in table.values())
    nested = [key for key, value in table.items() if _is_table(value) and not inline]
    if path and (not table or len(nested) < len(table)):
        yield f"\n[{_path(path)}]"
    for key, value in table.items():
        if key not in nested:
            yield f"{_key(key)} = {_value(value)}"
    for key in nested:
        value = table[key]
        if isinstance(value, Mapping):
            yield from _table(value, (*path, key))
        else:
            for entry in value:
                yield f"\n[[{_path((*path, key))}]]"
                yield from (f"{_key(name)} = {_value(each)}" for name, each in entry.items())


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)
    )


def _is_leaf(value: object) -> bool:
    return isinstance(value, Mapping) and not any(_is_table(each) for each in value.values())


def _path(path: tuple[str, ...]) -> str:
    return ".".join(_key(key) for key in path)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_value(each)}' for key, each in value.items())} }}"
    return _text(str(value))


def write_model(model: Model, path: Path) -> None:
    """Write a model to a TOML file: aside, then moved, so that the file is never half a model."""
    text = toml_of(document_of(model))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as aside:
        try:
            aside.write(text)
            aside.flush()
            os.fsync(aside.fileno())
            Path(aside.name).replace(path)
        except BaseException:
            Path(aside.name).unlink(missing_ok=True)
            raise
