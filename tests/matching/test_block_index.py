"""The block index: who shares a block meets, caps hold, and what they leave out is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.block_index import (
    RECORDS_PER_PERSON,
    BlockIndex,
    Candidates,
    LeftOut,
    chosen,
    merged,
    together,
    without,
)
from matching.workspace import Keys

Entry = tuple[int, int]  # a row and its key


def keys(*entries: Entry) -> Keys:
    rows, values = zip(*entries, strict=True) if entries else ((), ())
    return Keys(np.array(rows, dtype=np.int32), np.array(values, dtype=np.uint64))


def index_of(records: int, *streams: Keys, caps: Mapping[str, int], **by_kind: Keys) -> BlockIndex:
    index = BlockIndex(records, by_kind, caps=caps)
    for stream in streams:
        index.keep(index.look_up(stream))
    return index


def pairs(candidates: Candidates) -> list[list[int]]:
    return [
        candidates.person[begin:end].tolist()
        for begin, end in zip(candidates.starts[:-1], candidates.starts[1:], strict=True)
    ]


def by_hand(records: int, left: list[Entry], right: list[Entry], cap: int) -> list[list[int]]:
    """Return the candidates of each record as the definition says."""
    people, owners = Counter(key for _, key in right), Counter(key for _, key in left)
    small = {key for key in owners if people[key] <= cap and owners[key] <= cap * RECORDS_PER_PERSON}
    return [
        sorted({row for row, key in right for own, other in left if own == record and other == key and key in small})
        for record in range(records)
    ]


entries = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12)), max_size=40, unique=True)


@settings(max_examples=80, deadline=None)
@given(entries, st.lists(entries, max_size=3), st.integers(1, 4))
def test_candidates_are_those_who_share_a_small_block(left: list[Entry], right: list[list[Entry]], cap: int) -> None:
    index = index_of(6, *(keys(*part) for part in right), caps={"a": cap}, a=keys(*left))
    streamed = [entry for part in right for entry in part]
    assert pairs(index.candidates(0, 6)) == by_hand(6, left, streamed, cap)
    assert pairs(index.candidates(2, 5)) == by_hand(6, left, streamed, cap)[2:5]


def test_every_kind_has_its_own_cap_and_says_what_it_left_out() -> None:
    crowd = [(row, 7) for row in range(5)] + [(row, 8) for row in range(5)]
    index = index_of(2, keys(*crowd), caps={"a": 4, "b": 5}, a=keys((0, 7), (1, 7)), b=keys((1, 8)))
    assert pairs(index.candidates(0, 2)) == [[], [0, 1, 2, 3, 4]]
    assert index.left_out() == [LeftOut(kind="a", cap=4, blocks=1, pairs=10)]


def test_a_block_of_too_many_records_is_left_out() -> None:
    many = RECORDS_PER_PERSON + 1
    index = index_of(many, keys((3, 9)), caps={"a": 1}, a=keys(*((row, 9) for row in range(many))))
    assert len(index.candidates(0, many).person) == 0
    assert index.left_out() == [LeftOut(kind="a", cap=1, blocks=1, pairs=many)]


def test_a_name_that_millions_bear_costs_a_count_and_no_more() -> None:
    crowd = np.arange(300_000, dtype=np.int32)
    index = BlockIndex(2, {"a": keys((0, 5), (1, 6))}, caps={"a": 10})
    for _ in range(7):
        index.keep(index.look_up(Keys(crowd, np.full(len(crowd), 5, dtype=np.uint64))))
    index.keep(index.look_up(keys((4, 6))))
    assert pairs(index.candidates(0, 2)) == [[], [4]]
    assert index.left_out() == [LeftOut(kind="a", cap=10, blocks=1, pairs=2_100_000)]


def test_more_is_kept_than_there_was_room_for_at_first() -> None:
    blocks = 3000
    left = Keys(np.zeros(blocks, dtype=np.int32), np.arange(blocks, dtype=np.uint64))
    index = BlockIndex(1, {"a": left}, caps={"a": 100})
    for turn in range(100):
        index.keep(index.look_up(Keys(np.full(blocks, turn, dtype=np.int32), left.key)))
    assert index.most_pairs().tolist() == [100 * blocks]
    assert pairs(index.candidates(0, 1)) == [list(range(100))]


def test_what_is_kept_of_blocks_that_grew_too_large_makes_room_for_others() -> None:
    crowded, quiet = np.arange(5000, dtype=np.uint64), np.arange(5000, 7500, dtype=np.uint64)
    every = np.concatenate([crowded, quiet])
    index = BlockIndex(1, {"a": Keys(np.zeros(len(every), dtype=np.int32), every)}, caps={"a": 10})
    for turn in range(11):
        index.keep(index.look_up(Keys(np.full(len(crowded), turn, dtype=np.int32), crowded)))
    for turn in range(8):
        index.keep(index.look_up(Keys(np.full(len(quiet), turn, dtype=np.int32), quiet)))
    assert pairs(index.candidates(0, 1)) == [list(range(8))]
    assert index.left_out() == [LeftOut(kind="a", cap=10, blocks=5000, pairs=55_000)]
    assert index.crowded().tolist() == [True]


def test_steps_cut_between_records_and_stay_small() -> None:
    left = keys(*((row, row) for row in range(6)))
    people = keys(*((10 * row + n, row) for row in range(6) for n in range(row)))
    index = index_of(6, people, caps={"a": 9}, a=left)
    assert list(index.steps(5)) == [range(3), range(3, 4), range(4, 5), range(5, 6)]
    assert list(index.steps(100)) == [range(6)]
    assert list(index.steps(1)) == [range(2), range(2, 3), range(3, 4), range(4, 5), range(5, 6)]


def test_an_index_of_nothing_finds_nothing() -> None:
    index = index_of(0, keys((1, 1)), caps={"a": 3}, a=keys())
    assert pairs(index.candidates(0, 0)) == []
    assert list(index.steps(10)) == []
    assert index.left_out() == []


def candidates(*people: list[int]) -> Candidates:
    starts = np.concatenate([[0], np.cumsum([len(some) for some in people])]).astype(np.int64)
    return Candidates(starts, np.array([person for some in people for person in some], dtype=np.int32))


def test_candidates_of_two_passes_are_put_together_once_each() -> None:
    assert pairs(merged(candidates([1, 4], [], [2]), candidates([4, 5], [9], []))) == [[1, 4, 5], [9], [2]]


def test_candidates_can_be_dropped_chosen_and_joined() -> None:
    three = candidates([1, 4], [], [2])
    assert pairs(without(three, np.array([True, False, True]))) == [[4], [], []]
    assert pairs(chosen(three, np.array([True, False, True]))) == [[1, 4], [2]]
    assert pairs(together([three, candidates([7])])) == [[1, 4], [], [2], [7]]
    assert pairs(together([])) == []
    assert len(three) == 3
    assert three.record_of_pairs().tolist() == [0, 0, 2]


_INTERPRETED = """
import numpy as np
from tests.matching.test_block_index import by_hand, index_of, keys, pairs
draw = np.random.default_rng(5)
left = sorted({(int(a), int(b) << 20) for a, b in draw.integers(0, 40, (150, 2))})
right = sorted({(int(a), int(b) << 20) for a, b in draw.integers(0, 40, (900, 2))})
with np.errstate(over="ignore"):
    index = index_of(40, keys(*right[:300]), keys(*right[300:]), caps={"a": 16}, a=keys(*left))
    assert pairs(index.candidates(0, 40)) == by_hand(40, left, right, 16)
    assert index.left_out()
"""


def test_the_compiled_loops_do_what_python_does() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", _INTERPRETED], check=True, env=environment)


@pytest.mark.parametrize("size", [31, 33, 500])
def test_long_lists_of_candidates_are_sorted_too(size: int) -> None:
    shuffled = np.random.default_rng(size).permutation(size)
    stream = keys(*((int(row), 1 + place % 2) for place, row in enumerate(shuffled)))
    index = index_of(1, stream, caps={"a": 1000}, a=keys((0, 1), (0, 2)))
    assert pairs(index.candidates(0, 1)) == [list(range(size))]
