"""JSON of outside systems, read strictly: what two readers could understand differently is not read at all.

Refused are: anything but UTF-8, a member written twice, NaN and infinities, half of a surrogate pair, nesting beyond
any agreed form, and numbers beyond all use. Of a refused document no value and no name is repeated.
Source: RFC 8259; RFC 7493 (I-JSON), section 2.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.failures import ContractDrift

MAX_DEPTH: Final = 64
_LONGEST_INTEGER: Final = 40  # digits

# Strings are passed over as a whole, so that a bracket inside one does not count; an open one reaches to the end.
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")

ModelT = TypeVar("ModelT", bound=BaseModel)


class _Refused(Exception):
    """A value that is no strict JSON; `rule` says why."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def read_json(content: bytes, *, max_depth: int = MAX_DEPTH, place: str = "body") -> object:
    """Return the value that a document holds.

    Args:
        place: what the document is called in a failure.

    Raises:
        ContractDrift: it is no strict JSON.
    """
    try:
        text = content.decode("utf-8-sig")
        _check_depth(text, max_depth)
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()  # raises UnicodeEncodeError if half of a pair is left over
        return value
    except _Refused as refused:
        raise ContractDrift(f"{place}: {refused.rule}") from None
    except (ValueError, RecursionError):  # the errors of decoding are kinds of the first
        raise ContractDrift(f"{place}: no JSON") from None


def read_model(model: type[ModelT], value: object, *, place: str = "body") -> ModelT:
    """Return what has been read as a model of ours.

    Raises:
        ContractDrift: it does not fit; the place of the first misfit is named, never its value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ContractDrift(".".join((place, *map(str, first["loc"])))) from None


def _check_depth(text: str, max_depth: int) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        first = text[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > max_depth:
            raise _Refused("nested too deep")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise _Refused("a member twice")
    return found


def _constant(_: str) -> NoReturn:
    raise _Refused("not a number")


def _float(written: str) -> float:
    value = float(written)
    if not math.isfinite(value):
        raise _Refused("not a number")
    return value


def _integer(written: str) -> int:
    if len(written) > _LONGEST_INTEGER:
        raise _Refused("a number without end")
    return int(written)
