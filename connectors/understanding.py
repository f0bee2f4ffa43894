"""Turns a record of a source into what it says of a child, or into the rule that it breaks; and keeps it as bytes.

A record is kept as one JSON object, whole: from these bytes a newer mapping reads it again. What a connector's `map`
makes of it is not believed blindly: a mapping that breaks, or returns what nobody can store, costs its own row alone.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from connectors.contract import Drift, Record, Stream
from connectors.records import ChildFacts, Operation, PersonFacts, Rejected, SourceRecord

FORMAT: Final = "record/1"
LONGEST_KEY: Final = 512
LONGEST_RECORD: Final = 1 << 20  # bytes
_LARGEST: Final = 1 << 63
_RULE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FIELD: Final = re.compile(r"[^\W\d_][\w .,:;()/\[\]-]{0,63}")
_MANY_DIGITS: Final = re.compile(r"\d{5,}")
_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "boolean"),
    (str, "text"),
    ((int, float), "number"),
    (Mapping, "object"),
    ((list, tuple), "list"),
)

_NO_TEXTS: Final = frozenset({"estimated_age", "mother", "father", "carer"})

Map = Callable[[Record], SourceRecord | Rejected]


class NotJson(TypeError):
    """A payload holds what JSON cannot say; the connector is wrong, not the row."""


def document_of(record: Record) -> dict[str, Any]:
    """Return a record as a JSON object; its place in the page is no part of it."""
    at = record.version_at
    return {
        "format": FORMAT,
        "key": record.key,
        "operation": record.operation.value,
        "version": record.version,
        "version_at": None if at is None else at.isoformat(),
        "payload": dict(record.payload),
    }


def to_bytes(record: Record) -> bytes:
    """Return the bytes that a record is kept as.

    Raises:
        NotJson: something in it is not JSON; the message does not show it.
    """
    return bytes_of(document_of(record))


def from_document(document: object, *, row: int) -> Record | None:
    """Return the record of an object made by `document_of`; None: it is something else."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        return None
    at = document["version_at"]
    return Record(
        key=document["key"],
        operation=Operation(document["operation"]),
        version=document["version"],
        version_at=None if at is None else datetime.fromisoformat(at),
        payload=document["payload"],
        row=row,
    )


def from_bytes(raw: bytes, *, row: int) -> Record | None:
    """Return the record that was kept as these bytes; None: they are something else."""
    try:
        return from_document(json.loads(raw), row=row)
    except (ValueError, RecursionError):
        return None


def spaced(key: str, key_space: str | None) -> str:
    """Return the key under which a record is known: two sources of one sector may count their records alike."""
    return key if key_space is None else f"{key_space}:{key}"


def understood(
    record: Record, map_: Map, *, stream: Stream, system: str, key_space: str | None = None
) -> SourceRecord | Rejected:
    """Return what a record says, or the rule that it breaks.

    Args:
        map_: of its connector.
        key_space: see `spaced`.

    Raises:
        NotJson: its payload cannot be kept.
    """
    document = document_of(record)
    raw = bytes_of(document)
    broken = _broken(record, raw) or _missing(record, stream)
    if broken is not None:
        return Rejected(row=record.row, rule=broken[0], field=broken[1], raw=raw)
    said = _nothing(record) if record.operation is Operation.DELETE else _mapped(record, map_)
    if isinstance(said, Rejected):
        return refused(said, raw=raw, row=record.row)
    return dataclasses.replace(
        said,
        system=system,
        stream=stream.name,
        key=spaced(record.key, key_space),
        row=record.row,
        operation=record.operation,
        version=record.version,
        version_at=record.version_at,
        written=document,
        raw=raw,
    )


def refused(rejected: Rejected, *, raw: bytes, row: int) -> Rejected:
    """Return a refusal with the words of a rule list alone: whatever a connector wrote there may be anybody's."""
    said: object = rejected.rule
    rule = said if isinstance(said, str) and _RULE.fullmatch(said) else "refused"
    return Rejected(row=row, rule=rule, field=field_name(rejected.field), raw=raw)


def field_name(name: object) -> str | None:
    """Return the name of a field if it looks like one: what a source calls its fields might be somebody's value."""
    if not isinstance(name, str) or not _FIELD.fullmatch(name) or _MANY_DIGITS.search(name):
        return None
    return name


def drift_of(payload: Mapping[str, Any], stream: Stream) -> Iterator[Drift]:
    """Yield the fields of a record that are not as the mapping knows them."""
    for name, value in payload.items():
        expected = stream.fields.get(name)
        seen = _kind(value)
        if expected is None:
            yield Drift(field=field_name(name) or "(hidden)", seen=seen, expected=None)
        elif seen not in ("nothing", "text" if expected == "date" else expected) and expected != "any":
            yield Drift(field=name, seen=seen, expected=expected)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return next((kind for types, kind in _KINDS if isinstance(value, types)), "unknown")


def bytes_of(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a JSON object, the same ones for the same object.

    Raises:
        NotJson: something in it is not JSON; the message does not show it.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise NotJson("payload") from None
    return text.encode("utf-8", "backslashreplace")


def _broken(record: Record, raw: bytes) -> tuple[str, str | None] | None:
    """Return the rule that the frame of a record breaks, and where."""
    key: object = record.key  # somebody else's code made it
    version: object = record.version
    at = record.version_at
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        return "key_broken", None
    if version is not None and (type(version) is not int or not -_LARGEST <= version < _LARGEST):
        return "version_broken", None
    if at is not None and at.tzinfo is None:
        return "stamp_broken", None
    return ("record_too_long", None) if len(raw) > LONGEST_RECORD else None


def _missing(record: Record, stream: Stream) -> tuple[str, str | None] | None:
    if record.operation is Operation.DELETE:
        return None
    absent = sorted(name for name in stream.required if record.payload.get(name) in (None, ""))
    return ("field_missing", field_name(absent[0])) if absent else None


def _nothing(record: Record) -> SourceRecord:
    return SourceRecord(system="", stream="", key=record.key, row=record.row, raw=b"")


def _mapped(record: Record, map_: Map) -> SourceRecord | Rejected:
    wrong = Rejected(row=record.row, rule="mapping_broke", field=None, raw=b"")
    try:
        said: object = map_(record)
    except Exception:  # noqa: BLE001  somebody else's code: whatever it raises may hold the record
        return wrong
    if isinstance(said, Rejected):
        return said
    return said if isinstance(said, SourceRecord) and _is_storable(said) else wrong


def _is_storable(said: SourceRecord) -> bool:
    facts: object = said.facts
    if not isinstance(facts, ChildFacts):
        return False
    people: tuple[object, ...] = (facts.mother, facts.father, facts.carer)
    if not all(person is None or (isinstance(person, PersonFacts) and _is_text(person)) for person in people):
        return False
    age = facts.estimated_age
    if not _is_text(facts, but=_NO_TEXTS) or isinstance(age, float | str):
        return False
    try:
        bytes_of(said.services)
    except NotJson:
        return False
    return True


def _is_text(facts: ChildFacts | PersonFacts, *, but: frozenset[str] = frozenset()) -> bool:
    names = [one.name for one in dataclasses.fields(facts) if one.name not in but]
    return all(isinstance(value, str | None) for value in (getattr(facts, name) for name in names))
