"""JSON from outside, read in one way only: no member twice, no number that is none, no text that is not UTF-8."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class NotStrictJson(ValueError):
    """Bytes that are not JSON, or JSON that two readers could understand differently."""


def strict_json(document: bytes) -> object:
    """Return what a JSON document says.

    Raises:
        NotStrictJson: it is no JSON, a member stands twice, a number is none, or it is nested too deeply.
    """
    try:
        found: object = json.loads(document.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotStrictJson from None
    return found


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise NotStrictJson
    return found


def _no_number(_word: str) -> NoReturn:
    raise NotStrictJson
