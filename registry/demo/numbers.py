"""Numbers that are given once: personal numbers by their structure, and the running numbers of the sectors.

Source: the structure of the twelve digits (place of birth registration, century and sex, year, six free digits) is
that of Decree 137/2015/NĐ-CP, Art. 13.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

_STEP: Final = 61_803_399  # shares no factor with a power of ten, so a series meets every value once


class SerialIssuer:
    """Issues the free digits behind a head in an order that looks random and repeats for the same seed."""

    def __init__(self, seed: int, *, digits: int) -> None:
        self._seed = seed
        self._digits = digits
        self._issued: dict[str, int] = {}

    def issue(self, head: str) -> str:
        """Return `head` followed by digits that it was not given before."""
        count = self._issued.get(head, 0)
        self._issued[head] = count + 1
        free = (count * _STEP + crc32(f"{self._seed}:{head}".encode())) % 10**self._digits
        return f"{head}{free:0{self._digits}d}"


class NumberIssuer:
    """Issues personal numbers, never the same one twice."""

    def __init__(self, seed: int) -> None:
        self._serials = SerialIssuer(seed, digits=6)

    def issue(self, prefix: str, *, sex: str, year: int) -> str:
        """Return a new number.

        Args:
            prefix: three digits of the province of birth registration.
            sex: "male" or "female".
            year: the year of birth.
        """
        return self._serials.issue(f"{prefix}{century_digit(sex, year)}{year % 100:02d}")


def century_digit(sex: str, year: int) -> int:
    """Return the digit for the century and the sex: 0 and 1 for the 1900s, 2 and 3 for the 2000s, and so on."""
    return 2 * ((year - 1900) // 100) + (sex == "female")
