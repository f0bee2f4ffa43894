"""Marks by which a list of children that was handed out is recognised, or a part of it.

Three of them, each keyed: a code in every row, that names list and row; the order of the rows; and, in every row, how
the date is written (with or without zeros) and whether the sex begins with a capital. The last two follow from the name
and birth date in the row, so that a row tells by itself what it would look like in each list.

What they survive: taking rows out, adding others, another order (all but the second), deleting the column of codes (all
but the first), another file format. What they do not: dates and sexes typed anew, and a list without names.
"""

from __future__ import annotations

import base64
import hmac
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final
from uuid import UUID

from matching.names import fold

CODE: Final = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}(?![A-Z2-7])")
_CODE_MAC: Final = 4  # bytes
_CERTAIN: Final = 24.0  # bits of evidence beyond what the number of lists explains by chance
_LIKELY: Final = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The key of the marks of one list."""

    secret: bytes = field(repr=False)
    export_id: UUID

    def order(self, person: bytes) -> bytes:
        """Return the place of a row in the order of this list."""
        return hmac.digest(self.secret, b"order" + self.export_id.bytes + person, "sha256")

    def writes_zeros(self, person: bytes) -> bool:
        """Say whether the date of a row is written with zeros: 03/05/2014 and not 3/5/2014."""
        return bool(self._bits(person) & 1)

    def writes_capital(self, person: bytes) -> bool:
        """Say whether the sex of a row begins with a capital."""
        return bool(self._bits(person) & 2)

    def _bits(self, person: bytes) -> int:
        return hmac.digest(self.secret, b"writing" + self.export_id.bytes + person, "sha256")[0]


def person_of(name: str, birth: str) -> bytes:
    """Return what a row means by itself, however it is written; args: birth: yyyy, yyyy-mm or yyyy-mm-dd."""
    return f"{fold(name)}|{birth}".encode()


def code_of(secret: bytes, short_id: int, row: int) -> str:
    """Return the code of a row: 16 signs that name list and row to whoever has the key."""
    told = short_id.to_bytes(4, "big") + row.to_bytes(2, "big")
    text = base64.b32encode(told + _mac(secret, told)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def read_code(secret: bytes, code: str) -> tuple[int, int] | None:
    """Return list and row of a code; None: it was not made with this key."""
    try:
        whole = base64.b32decode(code.replace("-", ""))
    except ValueError:
        return None
    told, mac = whole[:-_CODE_MAC], whole[-_CODE_MAC:]
    if not hmac.compare_digest(mac, _mac(secret, told)):
        return None
    return int.from_bytes(told[:4], "big"), int.from_bytes(told[4:], "big")


def _mac(secret: bytes, told: bytes) -> bytes:
    return hmac.digest(secret, b"code" + told, "sha256")[:_CODE_MAC]


def written_date(iso: str, *, zeros: bool) -> str:
    """Return a birth date as a list writes it: 03/05/2014 or 3/5/2014, 05/2014 or 5/2014, 2014."""
    parts = iso.split("-")
    rest = [part if zeros else part.lstrip("0") for part in parts[1:]]
    return "/".join([*reversed(rest), parts[0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRow:
    """A row of a file that somebody found. None: the file does not say, or says it in a way that tells nothing."""

    person: bytes = field(repr=False)
    zeros: bool | None
    capital: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How well a file fits a list."""

    agree: int  # ways of writing that are as in this list
    of: int  # ways of writing that tell something
    in_order: bool
    bits: float  # of evidence: one more halves the chance that another list fits as well

    def verdict(self, lists: int) -> str:
        """Return `certain`, `likely` or `no`; args: lists: how many were compared."""
        left = self.bits - math.log2(max(lists, 1))
        return "certain" if left >= _CERTAIN else "likely" if left >= _LIKELY else "no"


def likeness(key: Key, rows: Sequence[FoundRow]) -> Likeness:
    """Return how well the rows of a file fit the list of a key."""
    agree = of = 0
    for row in rows:
        for said, expected in ((row.zeros, key.writes_zeros), (row.capital, key.writes_capital)):
            if said is not None:
                of += 1
                agree += said == expected(row.person)
    places = [key.order(row.person) for row in _different(rows)]
    in_order = len(places) > 1 and all(one < other for one, other in pairwise(places))
    bits = _surprise(agree, of) + (_log2_factorial(len(places)) if in_order else 0.0)
    return Likeness(agree=agree, of=of, in_order=in_order, bits=bits)


def _different(rows: Iterable[FoundRow]) -> list[FoundRow]:
    """Return the rows without those that repeat the row before."""
    kept: list[FoundRow] = []
    for row in rows:
        if not kept or kept[-1].person != row.person:
            kept.append(row)
    return kept


def _surprise(agree: int, of: int) -> float:
    """Return the bits by which so much agreement is less than chance: of tosses of a coin."""
    tail = sum(math.comb(of, number) for number in range(agree, of + 1))
    return of - math.log2(tail)


def _log2_factorial(number: int) -> float:
    return math.lgamma(number + 1) / math.log(2)
