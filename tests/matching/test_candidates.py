"""Candidates: which stages are looked up together, and records that are not all records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matching.block_index import LeftOut
from matching.candidates import Limits, StageLeftOut, blocks_of, passes, summed, turns
from matching.weights import Stage
from matching.workspace import Keys, Side


def stage(name: str, *, unresolved_only: bool = False, cap: int = 9) -> Stage:
    return Stage(name=name, kinds=(name,), cap=cap, unresolved_only=unresolved_only)


class Numbers:
    """Rows that are in the block of their number modulo three, of one kind, or of their own number."""

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        assert side in Side
        values = {"rest": [row % 3 for row in rows], "own": [100 + row for row in rows]}
        key = np.array([value for kind in kinds for value in values[kind]], dtype=np.uint64)
        return Keys(np.array([*rows] * len(kinds), dtype=np.int32), key)


def test_stages_for_everybody_are_one_pass_and_each_later_one_its_own() -> None:
    one, two = stage("one"), stage("two")
    three, four = stage("three", unresolved_only=True), stage("four", unresolved_only=True)
    assert passes([one, two, three, four]) == [(one, two), (three,), (four,)]
    assert passes([one, three, two]) == [(one,), (three,), (two,)]


def test_some_records_have_the_candidates_that_they_have_among_all() -> None:
    stages = [stage("rest"), stage("own")]
    every = blocks_of(Numbers(), np.arange(8, dtype=np.int32), stages=stages, people=7)
    few = blocks_of(Numbers(), np.array([2, 3, 7], dtype=np.int32), stages=stages, people=7, limits=Limits(rows=2))
    whole, part = every.candidates(0, 8), few.candidates(0, 3)
    for place, record in enumerate((2, 3, 7)):
        mine = whole.person[whole.starts[record] : whole.starts[record + 1]]
        assert part.person[part.starts[place] : part.starts[place + 1]].tolist() == mine.tolist()
    assert whole.person[: whole.starts[1]].tolist() == [0, 3, 6]


def test_no_records_have_no_candidates() -> None:
    index = blocks_of(Numbers(), np.empty(0, dtype=np.int32), stages=[stage("rest")], people=7)
    assert list(index.steps(10)) == []


def test_records_are_taken_in_turns() -> None:
    records = np.arange(5, dtype=np.int32)
    assert [some.tolist() for some in turns(records, Limits(records=2))] == [[0, 1], [2, 3], [4]]


def test_what_was_left_out_is_summed_over_the_turns() -> None:
    first = StageLeftOut(stage="weak", blocks=LeftOut(kind="a", cap=3, blocks=2, pairs=10))
    other = StageLeftOut(stage="weak", blocks=LeftOut(kind="b", cap=3, blocks=1, pairs=4))
    assert summed([first, other, first]) == [
        StageLeftOut(stage="weak", blocks=LeftOut(kind="a", cap=3, blocks=4, pairs=20)),
        other,
    ]
