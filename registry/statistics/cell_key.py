"""Cell-key perturbation: a count and the key of its children give one noisy count, the same every time.

Source: Fraser, B. and Wooton, J., "A proposed method for confidentialising tabular output to protect against
differencing", Joint UNECE/Eurostat work session on statistical data confidentiality, Geneva 2005 (the method);
Giessing, S., "Computational issues in the design of transition probabilities and disclosure risk estimation for
additive noise", Privacy in Statistical Databases 2016 (noise of greatest entropy).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.model.errors import RegistryError, WrongKeys

DRAW_BITS: Final = 32  # probabilities are whole multiples of 2**-32, so every machine draws the same noise
SECRET_BYTES: Final = range(32, 65)  # BLAKE2b takes keys of up to 64 bytes
_PERSON: Final = b"child cell key 1"  # keeps these hashes apart from any other use of the secret
_STEPS: Final = 200
_CLOSE: Final = 1e-10  # finer than one multiple of 2**-32


class NoSuchNoise(ValueError):
    """No noise has mean 0, this variance, this bound and never these results."""


class UnfitSecret(WrongKeys):
    """The secret of the cell keys is too short or too long."""


class UnfitCell(RegistryError):
    """A count is below zero, or a key is not a signed 64-bit number."""

    status = 500
    title = "The frame cannot be counted"


@dataclass(frozen=True, slots=True)
class PTable:
    """How counts are perturbed: E(noise) = 0, Var(noise) = v, |noise| <= d, no result from 1 to js.

    All four are published with every table; the noise of a cell stays secret through its key alone.
    """

    id: str
    d: int
    v: float
    js: int

    def row(self, count: int) -> tuple[tuple[int, float], ...]:
        """Return the results that may be shown for `count`, each with its probability; they add up to 1."""
        noises, bounds = _row(self, _row_number(self, count))
        steps = zip(noises, pairwise((0, *bounds)), strict=True)
        return tuple((count + noise, (high - low) / 2**DRAW_BITS) for noise, (low, high) in steps)


D5V3JS2: Final = PTable(id="D5V3js2", d=5, v=3.0, js=2)
P_TABLES: Final = {table.id: table for table in (D5V3JS2,)}


def perturb(count: int, key: int, *, secret: bytes, table: PTable) -> int:
    """Return the count that may be shown for a cell.

    Equal sets of children have equal keys, hence equal results, whatever the table, the order of its
    dimensions or the day. No children stay 0.

    Args:
        count: the true count.
        key: XOR of the record keys of the cell's children, signed 64 bits.
        secret: 32 to 64 random bytes; a new secret breaks every series.
        table: the p-table.

    Raises:
        UnfitSecret: the secret has another length.
        UnfitCell: the count or the key is out of range.

    """
    if len(secret) not in SECRET_BYTES:
        raise UnfitSecret("32 to 64 bytes are needed", field="secret of the cell keys")
    if count < 0 or not -(2**63) <= key < 2**63:
        raise UnfitCell("the count is not negative and the key has 64 bits", field="count, key")
    if count == 0:
        return 0
    noises, bounds = _row(table, _row_number(table, count))
    return count + noises[bisect_right(bounds, _draw(key, secret=secret, table=table))]


def _draw(key: int, *, secret: bytes, table: PTable) -> int:
    """Return a uniform number below 2**DRAW_BITS that only the holder of the secret can foretell."""
    message = key.to_bytes(8, "big", signed=True) + table.id.encode()
    digest = blake2b(message, digest_size=8, key=secret, person=_PERSON).digest()
    return int.from_bytes(digest, "big") >> (64 - DRAW_BITS)


def _row_number(table: PTable, count: int) -> int:
    """Return the row of the p-table for a count; from D+js+1 on no result is forbidden and all rows are one."""
    return min(count, table.d + table.js + 1)


@lru_cache(maxsize=256)
def _row(table: PTable, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the possible noises of one row and the upper bounds of their draws, in units of 2**-DRAW_BITS."""
    if count == 0:
        return (0,), (2**DRAW_BITS,)
    noises = tuple(noise for noise in range(-table.d, table.d + 1) if count + noise == 0 or count + noise > table.js)
    shares = _greatest_entropy(np.array(noises, dtype=np.float64), table)
    bounds = np.rint(np.cumsum(shares) * 2**DRAW_BITS).astype(np.int64)
    return noises, (*(int(bound) for bound in bounds[:-1]), 2**DRAW_BITS)


def _greatest_entropy(noises: NDArray[np.float64], table: PTable) -> NDArray[np.float64]:
    """Return the distribution over `noises` of greatest entropy with mean 0 and variance v.

    It has the form exp(a·x + b·x²) / Z; a and b minimise log Z − b·v, which is convex, by Newton's steps halved
    until they descend.

    Raises:
        NoSuchNoise: no distribution over these noises has that mean and variance.

    """
    features = np.stack((noises / table.d, (noises / table.d) ** 2), axis=1)
    target = np.array((0.0, table.v / table.d**2))
    weights = np.zeros(2)
    for _ in range(_STEPS):
        shares = _shares(features, weights)
        gap = shares @ features - target
        if np.abs(gap).max() < _CLOSE:
            return shares
        spread = (features * shares[:, None]).T @ features - np.outer(shares @ features, shares @ features)
        try:
            step = np.linalg.solve(spread, gap)
        except np.linalg.LinAlgError:
            break
        weights = _descend(features, weights, step=step, target=target)
    raise NoSuchNoise(f"p-table {table.id}: mean 0 and this variance cannot both be kept")


def _descend(
    features: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    step: NDArray[np.float64],
    target: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the weights after the longest of the steps 1, 1/2, 1/4 … that does not climb."""
    before = _height(features, weights, target=target)
    for halvings in range(40):
        tried: NDArray[np.float64] = weights - step / 2**halvings
        if _height(features, tried, target=target) <= before:
            return tried
    return weights


def _shares(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities that belong to the weights."""
    powers = features @ weights
    raised: NDArray[np.float64] = np.exp(powers - powers.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares


def _height(features: NDArray[np.float64], weights: NDArray[np.float64], *, target: NDArray[np.float64]) -> float:
    """Return log Z − weights·target, which is least at the solution."""
    powers = features @ weights
    top = powers.max()
    return float(top + np.log(np.exp(powers - top).sum()) - weights @ target)
