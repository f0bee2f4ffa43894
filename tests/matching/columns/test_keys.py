"""Block keys: rows that agree in every part of a kind meet, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from matching.workspace import Side
from tests.matching.columns.tables import Model, changed, people, workspace


def meet(parts: list[str], one: dict[str, str | None], other: dict[str, str | None]) -> bool:
    document = changed("blocking", "keys", value={"names": ["first"], "born": parts})
    space = workspace(people(one), people(other), Model.from_document(document))
    left, right = (space.keys(side, range(1), ["born"]).key for side in Side)
    return len(left) == len(right) == 1 and bool(left[0] == right[0])


@pytest.mark.parametrize(
    ("parts", "one", "other"),
    [
        (["first"], {"first": "Án"}, {"first": "an"}),
        (["first:2", "last"], {"first": "anna", "last": "fell"}, {"first": "anders", "last": "fell"}),
        (["first:-2"], {"first": "berta"}, {"first": "marta"}),
        (["first:sound"], {"first": "robert"}, {"first": "rupert"}),
        (["first+last:words"], {"first": "ana", "last": "fell hill"}, {"first": "hill", "last": "ana fell"}),
        (["first:first_word"], {"first": "ana maria"}, {"first": "ana bea"}),
        (["first:last_word"], {"first": "ana maria"}, {"first": "bea maria"}),
        (["born:year"], {"born": "2014-03-05"}, {"born": "2014"}),
        (["born:year_month"], {"born": "2014-03-05"}, {"born": "2014-03-09"}),
        (["born:year", "born:day_month"], {"born": "2014-03-05"}, {"born": "2014-05-03"}),
    ],
)
def test_rows_that_agree_in_every_part_meet(
    parts: list[str], one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    assert meet(parts, one, other)


@pytest.mark.parametrize(
    ("parts", "one", "other"),
    [
        (["first", "last"], {"first": "an", "last": "bo"}, {"first": "bo", "last": "an"}),
        (["first", "last"], {"first": "an", "last": "bo"}, {"first": "an", "last": "bi"}),
        (["first", "last"], {"first": "an"}, {"first": "an"}),
        (["first+last:words"], {"first": "an"}, {"first": "an"}),
        (["born:year_month"], {"born": "2014"}, {"born": "2014"}),
        (["born:day_month"], {"born": "2014"}, {"born": "2014"}),
    ],
)
def test_rows_that_differ_or_lack_a_part_do_not_meet(
    parts: list[str], one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    assert not meet(parts, one, other)


def test_kinds_do_not_meet_each_other_and_name_the_rows_asked_for() -> None:
    table = people(*({"first": "an", "last": "bo", "born": "2014-03-05"} for _ in range(4)))
    space = workspace(table, table)
    keys = space.keys(Side.RIGHT, range(2, 4), ["names", "born"])
    assert keys.row.tolist() == [2, 3, 2, 3]
    assert len(np.unique(keys.key)) == 2
    assert len(space.keys(Side.RIGHT, range(4), []).row) == 0
