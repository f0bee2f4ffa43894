"""The noise: its distribution, its sameness, what it refuses."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.statistics.cell_key import D5V3JS2, NoSuchNoise, PTable, UnfitCell, UnfitSecret, perturb
from tests.registry.statistics.invented import SECRET, drawn

KEYS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
ROWS = range(1, D5V3JS2.d + D5V3JS2.js + 3)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, {0: 0.734, 3: 0.137, 4: 0.073, 5: 0.037, 6: 0.019}),
        (2, {0: 0.409, 3: 0.407, 4: 0.148, 5: 0.032, 6: 0.004, 7: 0.000}),
        (8, {3: 0.004, 4: 0.017, 5: 0.052, 6: 0.119, 7: 0.194, 8: 0.229}),
    ],
)
def test_the_noise_has_the_greatest_entropy(count: int, expected: dict[int, float]) -> None:
    row = dict(D5V3JS2.row(count))
    for result, share in expected.items():
        assert row[result] == pytest.approx(share, abs=0.0006)


@pytest.mark.parametrize("count", ROWS)
def test_every_row_keeps_mean_variance_bound_and_gap(count: int) -> None:
    row = D5V3JS2.row(count)
    assert sum(share for _, share in row) == pytest.approx(1, abs=1e-12)
    assert sum(share * (result - count) for result, share in row) == pytest.approx(0, abs=1e-8)
    assert sum(share * (result - count) ** 2 for result, share in row) == pytest.approx(D5V3JS2.v, abs=1e-7)
    assert all(abs(result - count) <= D5V3JS2.d and result not in (1, 2) and result >= 0 for result, _ in row)


def test_the_table_is_the_same_on_every_machine() -> None:
    rows = repr([[(result, round(share * 2**32)) for result, share in D5V3JS2.row(count)] for count in range(9)])
    assert sha256(rows.encode()).hexdigest() == "c7a3651abe87e08c68991d8046b33b5d0aef0bee7ef2ad006054429a148d21bd"


@pytest.mark.parametrize(
    ("count", "key", "expected"),
    [
        (0, 0, 0),
        (1, -9223372036854775808, 3),
        (1, 1, 0),
        (2, 2, 3),
        (3, -3, 3),
        (5, 9223372036854775807, 3),
        (7, 123456789, 8),
        (8, -987654321, 9),
        (9, 42, 12),
        (100, 42, 103),
        (100000, -42, 100001),
    ],
)
def test_known_cells_give_known_numbers(count: int, key: int, expected: int) -> None:
    assert perturb(count, key, secret=SECRET, table=D5V3JS2) == expected


@given(count=st.integers(min_value=0, max_value=10**7), key=KEYS)
def test_no_1_or_2_and_never_far_from_the_count(count: int, key: int) -> None:
    shown = perturb(count, key, secret=SECRET, table=D5V3JS2)
    assert shown >= 0
    assert shown not in (1, 2)
    assert abs(shown - count) <= D5V3JS2.d
    assert shown == perturb(count, key, secret=SECRET, table=D5V3JS2)


@given(key=KEYS)
def test_nobody_stays_0(key: int) -> None:
    assert perturb(0, key, secret=SECRET, table=D5V3JS2) == 0


@pytest.mark.parametrize("count", [1, 2, 5, 8, 1000])
def test_the_noise_is_unbiased(count: int) -> None:
    keys = [drawn(count, number) for number in range(20_000)]
    noises = [perturb(count, key, secret=SECRET, table=D5V3JS2) - count for key in keys]
    assert abs(sum(noises)) / len(noises) < 0.05
    assert sum(noise**2 for noise in noises) / len(noises) == pytest.approx(3, abs=0.15)


def test_another_secret_or_another_table_draws_anew() -> None:
    other = PTable(id="D5V3js2b", d=5, v=3.0, js=2)
    first = [perturb(50, key, secret=SECRET, table=D5V3JS2) for key in range(100)]
    assert first != [perturb(50, key, secret=SECRET[::-1], table=D5V3JS2) for key in range(100)]
    assert first != [perturb(50, key, secret=SECRET, table=other) for key in range(100)]


@pytest.mark.parametrize("table", [PTable("low", 5, 1.9, 2), PTable("wide", 2, 9.0, 0), PTable("tight", 5, 6.0, 2)])
def test_a_noise_that_cannot_be_is_refused(table: PTable) -> None:
    with pytest.raises(NoSuchNoise, match=table.id):
        table.row(1)


@pytest.mark.parametrize("secret", [b"", b"too short a secret", bytes(65)])
def test_a_secret_of_another_length_is_refused(secret: bytes) -> None:
    with pytest.raises(UnfitSecret, match="32 to 64 bytes"):
        perturb(10, 1, secret=secret, table=D5V3JS2)


@pytest.mark.parametrize(("count", "key"), [(-1, 0), (10, 2**63), (10, -(2**63) - 1)])
def test_a_count_or_key_out_of_range_is_refused(count: int, key: int) -> None:
    with pytest.raises(UnfitCell):
        perturb(count, key, secret=SECRET, table=D5V3JS2)
