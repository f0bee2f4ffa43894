"""What a published table cannot be made to hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.exports.published import STATUS_LABELS, Cell, Status, UnfitTable
from tests.registry.statistics.invented import a_frame, published

TABLE = published(a_frame(a_year={"female": 20, "male": 20}))
FIRST = ("_T", "_T", "_T")


@pytest.mark.parametrize("count", [1, 2])
def test_a_table_with_a_1_or_a_2_cannot_be_made(count: int) -> None:
    with pytest.raises(UnfitTable, match="no count is smaller"):
        replace(TABLE, cells={**TABLE.cells, FIRST: Cell(Status.SHOWN, count)})


def test_a_table_with_a_missing_or_a_foreign_cell_cannot_be_made() -> None:
    cells = dict(TABLE.cells)
    cells[("99", "_T", "_T")] = cells.pop(FIRST)
    with pytest.raises(UnfitTable, match="those of the code lists"):
        replace(TABLE, cells=cells)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (Status.SHOWN, None),
        (Status.SHOWN, 0),
        (Status.SHOWN, -3),
        (Status.NONE_OR_FEW, None),
        (Status.NONE_OR_FEW, 7),
        (Status.HIDDEN, 0),
        (Status.HIDDEN, 12),
        (Status.IMPOSSIBLE, 0),
    ],
)
def test_a_cell_is_a_number_or_a_mark_and_never_both(status: Status, shown: int | None) -> None:
    with pytest.raises(UnfitTable):
        Cell(status, shown)


def test_every_status_has_words_in_both_languages() -> None:
    assert set(STATUS_LABELS) == set(Status)
    assert all(words.vi != words.en for words in STATUS_LABELS.values())


def test_published_cells_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE.cells[FIRST] = Cell(Status.SHOWN, 5)  # type: ignore[index]  # the test is that this fails
