"""Finding values of people, and secrets, where none may be: in cursors, errors, and what is printed of an object."""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from connectors.conformance.clauses import require
from connectors.contract import Record
from connectors.records import ChildFacts, PersonFacts, SourceRecord

SHORTEST: Final = 4  # a shorter text may stand anywhere by chance
SHORTEST_OF_DIGITS: Final = 6
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_CODED: Final = frozenset(
    {"sex", "ethnicity", "relation", "commune_scheme", "estimated_on", "estimated_age", "commune_code"}
)  # facts that are words of a list, which may stand anywhere


def leaves(value: object) -> Iterator[str]:
    """Yield every text and number inside a value of JSON, as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)


def _as_mapping(facts: ChildFacts | PersonFacts) -> dict[str, Any]:
    return {each.name: getattr(facts, each.name) for each in fields(facts)}


def personal(record: Record, source: SourceRecord) -> frozenset[str]:
    """Return the texts of a record that are somebody's: its key, and what identifies the child and the family."""
    facts = _as_mapping(source.facts)
    people = [facts, *(_as_mapping(facts[who]) for who in ("mother", "father", "carer") if facts[who] is not None)]
    said = [record.key]
    for person in people:
        said += [value for name, value in person.items() if name not in _CODED and isinstance(value, str)]
    if source.case is not None:
        said += [*leaves(source.case.notes), *leaves(source.case.reporter), *leaves(source.case.suspect)]
    return frozenset(text for text in said if _telling(text))


def _telling(text: str) -> bool:
    return len(text) >= (SHORTEST_OF_DIGITS if re.fullmatch(r"[\W\d]+", text) else SHORTEST)


def secrets_of(settings: object) -> frozenset[str]:
    """Return the secrets among settings, in clear."""
    if isinstance(settings, SecretStr):
        return frozenset({settings.get_secret_value()})
    if isinstance(settings, BaseModel):
        return frozenset().union(*(secrets_of(value) for value in dict(settings).values()))
    if isinstance(settings, list | tuple):
        return frozenset().union(*(secrets_of(value) for value in settings))
    if isinstance(settings, dict):
        return frozenset().union(*(secrets_of(value) for value in settings.values()))
    return frozenset()


def told_in(text: str, values: Iterable[str]) -> bool:
    """Tell whether any of the values can be read in the text, however it is escaped or encoded."""
    readings = [_folded(reading) for reading in _readings(text)]
    return any(_folded(value) in reading for value in values for reading in readings)


def require_silence(text: str, values: Iterable[str], *, of: str) -> None:
    """Raise Broken if a text tells any of the values; `of` names the text."""
    require(not told_in(text, values), f"{of} tells a value of somebody, or a secret")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _readings(text: str) -> Iterator[str]:
    yield text
    with suppress(ValueError):
        yield json.dumps(json.loads(text), ensure_ascii=False)
    for found in _ENCODED.findall(text):
        padded = found.rstrip("=") + "=" * (-len(found.rstrip("=")) % 4)
        try:
            yield base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
