"""Keys of packed rows: whatever the textual definition brings together, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.blocking import block_keys
from matching.identity import BirthDate, Flag, Identity, Parent
from matching.keys import KINDS, UnknownKind, child_keys
from matching.packed import pack
from matching.vocabulary import Vocabulary
from tests.matching.people import child, name, parent, unit, village

_NAMES = (
    "Đinh Khánh Vân",
    "Vân Đinh Khánh",
    "Dinh Khanh Van",
    "Đinh Vân",
    "Vân",
    "Con bà Tạ Thị Hường",
    "Lý Mỹ Lí",
    "Lí Mĩ Lý",
    "Trần Chân",
    "Chần Trân",
    "Công Tằng Tôn Nữ Hoàng Thị Ngọc Ánh Dương",
    "Công Tằng Tôn Nữ Hoàng Thị Ngọc Ánh Nguyệt",
    "Y Thịnh Byă",
)
_NUMBERS = ("001316004217", "001316004218", "001188003311", "001086005522", "040200000001")
_BIRTHS = (
    BirthDate(year=2016, month=5, day=8),
    BirthDate(year=2016, month=8, day=5),
    BirthDate(year=2016, month=1, day=1, placeholder=True),
    BirthDate(year=2016, month=5),
    BirthDate(year=2016),
    BirthDate(year=2015, tolerance_years=1),
    BirthDate(year=2026, month=8, day=5),
    BirthDate(year=1988, month=8, day=5),
)
_UNITS = (unit("00004"), unit("00004", "00011"), unit("00011"), unit("00022", province="79"))

parents = st.builds(
    Parent,
    name=st.none() | st.sampled_from(_NAMES).map(name),
    number=st.none() | st.sampled_from((*_NUMBERS, "123456789")),
)
identities = st.builds(
    Identity,
    name=st.none() | st.sampled_from(_NAMES).map(name),
    birth=st.none() | st.sampled_from(_BIRTHS),
    number=st.none() | st.sampled_from((*_NUMBERS, "123456789")),
    former_numbers=st.lists(st.sampled_from(_NUMBERS), max_size=3).map(tuple),
    unit=st.none() | st.sampled_from(_UNITS),
    mother=st.none() | parents,
    father=st.none() | parents,
    flags=st.sets(st.sampled_from([Flag.NUMBER_OF_PARENT, Flag.NUMBER_NOT_A_CHILDS])).map(frozenset),
)


def written_blocks(people: Sequence[Identity], kind: str) -> list[list[int]]:
    """Return who shares a textual key of a kind."""
    found = defaultdict(list)
    for place, person in enumerate(people):
        for key in block_keys(person):
            if key.kind == kind:
                found[key.text].append(place)
    return sorted(found.values())


def hashed_blocks(people: Sequence[Identity], kind: str) -> list[list[int]]:
    """Return who shares a hashed key of a kind."""
    vocabulary = Vocabulary()
    keys = child_keys(pack(people, vocabulary), vocabulary, kinds=[kind])
    found = defaultdict(list)
    for row, key in zip(keys.row.tolist(), keys.key.tolist(), strict=True):
        found[key].append(row)
    return sorted(found.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(identities, max_size=12))
def test_rows_share_a_key_exactly_when_their_identities_do(people: list[Identity]) -> None:
    for kind in KINDS:
        assert hashed_blocks(people, kind) == written_blocks(people, kind)


def test_the_kinds_are_those_of_the_textual_keys() -> None:
    somebody = child(number="001188003311", mother=parent("Tạ Thị Hường", number="001188003311"))
    assert {key.kind for person in (somebody, child()) for key in block_keys(person)} == set(KINDS)


def test_a_key_is_the_same_in_every_vocabulary() -> None:
    other = Vocabulary()
    pack(village(50), other)
    alone = Vocabulary()
    first, second = (child_keys(pack([child()], words), words, kinds=KINDS) for words in (alone, other))
    assert sorted(first.key.tolist()) == sorted(second.key.tolist())


def test_kinds_never_share_a_key() -> None:
    vocabulary = Vocabulary()
    packed = pack(village(40), vocabulary)
    of_kind = [set(child_keys(packed, vocabulary, kinds=[kind]).key.tolist()) for kind in KINDS]
    assert len(set.union(*of_kind)) == sum(map(len, of_kind))


def test_some_rows_have_the_keys_that_they_have_among_all() -> None:
    vocabulary = Vocabulary()
    packed = pack(village(40), vocabulary)
    whole = child_keys(packed, vocabulary, kinds=KINDS)
    part = child_keys(packed, vocabulary, kinds=KINDS, rows=range(10, 20))
    among = (whole.row >= 10) & (whole.row < 20)
    assert sorted(zip(whole.row[among].tolist(), whole.key[among].tolist(), strict=True)) == sorted(
        zip(part.row.tolist(), part.key.tolist(), strict=True)
    )


def test_nobody_has_no_keys() -> None:
    vocabulary = Vocabulary()
    assert len(child_keys(pack([], vocabulary), vocabulary, kinds=KINDS).key) == 0
    assert len(child_keys(pack([Identity()], vocabulary), vocabulary, kinds=KINDS).key) == 0


def test_seven_years_of_doubt_in_a_split_commune_fit() -> None:
    wide = replace(child(), birth=BirthDate(year=2012, tolerance_years=7), unit=unit(*(f"{n:05d}" for n in range(6))))
    assert hashed_blocks([wide] * 3, "ends_commune_year") == written_blocks([wide] * 3, "ends_commune_year")
    assert len(hashed_blocks([wide], "ends_commune_year")) == 6 * 15


def test_a_kind_that_children_do_not_have_is_refused_by_name() -> None:
    with pytest.raises(UnknownKind, match=r"blocking\.stages.*'shoe_size'"):
        child_keys(pack([], Vocabulary()), Vocabulary(), kinds=["number", "shoe_size"])


_INTERPRETED = """
import numpy as np
from tests.matching.test_keys import KINDS, hashed_blocks, village, written_blocks, child, parent
people = [*village(12), child(number="001188003311", mother=parent("Ta Thi Huong", number="001188003311"))]
people += [child(birth=None), child(birth=None, number="123456789"), child(name="Vân"), child(name="Vân Anh")]
people += [child(former_numbers=("001310000001",)), child(name=None, unit=None, father=None, birth="2016")]
with np.errstate(over="ignore"):
    for kind in KINDS:
        assert hashed_blocks(people, kind) == written_blocks(people, kind), kind
"""


def test_the_compiled_loops_do_what_python_does() -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", _INTERPRETED], check=True, env=environment)
