"""Evidence: what each field says of one pair, in words and bits, from its levels and the shares of the person."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, prod

from matching.kernel.forms import (
    FATHERS_SURNAME,
    OWN,
    RANDOM,
    SHARE_BITS,
    SURNAME_SHIFT,
    M,
    U,
    Weights,
)
from matching.levels import RELATIVES, Field, code_of, level_of
from matching.workspace import FieldEvidence

_SURNAME_SAME = code_of(Field.SURNAME, "same")


class PairEvidence:
    """Tells the evidence of pairs under one model; what it has told once it need not put together again."""

    def __init__(self, weights: Weights) -> None:
        self._cells: list[list[list[float]]] = weights.cells.tolist()
        self._signs: list[list[int]] = weights.signs.tolist()
        self._power: list[float] = weights.power.tolist()
        self._rates: list[float] = weights.rates.tolist()
        self._told: dict[tuple[Field, int, int], tuple[FieldEvidence, float]] = {}

    def of(self, levels: Sequence[int], shares: bytes) -> tuple[FieldEvidence, ...]:
        """Return a line for each field that is known, and one for what relatives explain.

        Args: `levels`: a code a field; `shares`: the sixteen bytes of the person's row.
        """
        lines, chances, cells = [], [], []
        for field, code in zip(Field, levels, strict=True):
            if code:
                line, chance = self._line(field, code, self._byte(field, code, levels, shares))
                lines.append(line)
                chances.append(chance)
                cells.append(self._cells[field][code])
        random = prod(chances)
        against = random
        for relation, rate in enumerate(self._rates):
            own, more = OWN + relation, RANDOM + relation
            against += rate * prod(
                [cell[own] + cell[more] * chance for cell, chance in zip(cells, chances, strict=True)]
            )
        bits = log2(random / against)
        return (*lines, FieldEvidence(field="family", level=RELATIVES.name, reason=RELATIVES.reason, bits=bits))

    def _byte(self, field: Field, code: int, levels: Sequence[int], shares: bytes) -> int:
        sign = self._signs[field][code]
        byte = shares[sign & SHARE_BITS]
        if (sign >> SURNAME_SHIFT) & 1 and levels[Field.SURNAME] == _SURNAME_SAME:
            byte -= shares[FATHERS_SURNAME]
        return max(byte, 0)

    def _line(self, field: Field, code: int, byte: int) -> tuple[FieldEvidence, float]:
        key = field, code, byte
        if key not in self._told:
            cell, level = self._cells[field][code], level_of(field, code)
            chance = min(cell[U] * self._power[byte], 1.0)
            bits = log2(cell[M] / chance)
            line = FieldEvidence(field=field.name.lower(), level=level.name, reason=level.reason, bits=bits)
            self._told[key] = line, chance
        return self._told[key]
