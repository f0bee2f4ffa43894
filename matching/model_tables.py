"""The tables of a model file, read with every rule checked; what is wrong is named by its place in the file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Table = Mapping[str, Any]


class ModelFault(ValueError):
    """A model file cannot be used; the message names the table, the level and the rule."""


def table_of(document: Table, name: str, place: str = "") -> Table:
    """Return the table `name` inside the table at `place`; at the top of the file if that is empty."""
    found = document.get(name)
    if not isinstance(found, Mapping):
        msg = f"table [{place}.{name}] is missing" if place else f"table [{name}] is missing"
        raise ModelFault(msg)
    return found


def only(table: Table, known: Collection[str], place: str) -> None:
    """Refuse a key that nothing reads: it is a slip of the pen more often than not.

    Raises: ModelFault: the table holds a key that is not among `known`.
    """
    if unknown := sorted(set(table) - set(known)):
        msg = f"{where(place)}: {unknown[0]} is unknown"
        raise ModelFault(msg)


def where(place: str) -> str:
    """Return how a place is named in a message."""
    return f"[{place}]" if place else "the file"


def value_of(table: Table, key: str, place: str) -> Any:  # noqa: ANN401 - TOML values are of any type
    """Return a value that must be there."""
    if key not in table:
        msg = f"[{place}]: {key} is missing"
        raise ModelFault(msg)
    return table[key]


def text_of(table: Table, key: str, place: str) -> str:
    """Return a text that must be there and say something."""
    value = value_of(table, key, place)
    if not isinstance(value, str) or not value.strip():
        msg = f"[{place}]: {key} must be a text"
        raise ModelFault(msg)
    return value


def texts_of(table: Table, key: str, place: str) -> tuple[str, ...]:
    """Return a list of texts, each once and at least one."""
    values = value_of(table, key, place)
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        msg = f"[{place}]: {key} must be a list of texts"
        raise ModelFault(msg)
    if len(set(values)) < len(values):
        msg = f"[{place}]: {key} names one thing twice"
        raise ModelFault(msg)
    return tuple(values)


def number_of(table: Table, key: str, place: str) -> float:
    """Return a finite number that must be there."""
    value = value_of(table, key, place)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        msg = f"[{place}]: {key} must be a number"
        raise ModelFault(msg)
    return float(value)


def whole_of(table: Table, key: str, place: str) -> int:
    """Return a whole number above 0."""
    value = value_of(table, key, place)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        msg = f"[{place}]: {key} must be a whole number above 0"
        raise ModelFault(msg)
    return value


def truth_of(table: Table, key: str, place: str) -> bool:
    """Return a yes or no, which is no where nothing is said."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        msg = f"[{place}]: {key} must be true or false"
        raise ModelFault(msg)
    return value


def probability_of(table: Table, key: str, place: str) -> float:
    """Return a number between 0 and 1, neither of which it may be."""
    value = value_of(table, key, place)
    if not isinstance(value, float) or not 0 < value < 1:
        msg = f"[{place}]: {key} must be a number between 0 and 1"
        raise ModelFault(msg)
    return value


def share_of(table: Table, key: str, place: str) -> float:
    """Return a number from 0 to 1."""
    value = number_of(table, key, place)
    if not 0 <= value <= 1:
        msg = f"[{place}]: {key} must be between 0 and 1"
        raise ModelFault(msg)
    return value


def chance_of(table: Table, key: str, place: str) -> float:
    """Return a number above 0 and at most 1: no level is impossible."""
    value = number_of(table, key, place)
    if not 0 < value <= 1:
        msg = f"[{place}]: {key} must be above 0 and at most 1"
        raise ModelFault(msg)
    return value


def positive_of(table: Table, key: str, place: str) -> float:
    """Return a number above 0."""
    value = number_of(table, key, place)
    if value <= 0:
        msg = f"[{place}]: {key} must be above 0"
        raise ModelFault(msg)
    return value
