"""Census: chunks, parts and limits of counting; and the compiled loops against the same loops uncompiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.census import Census
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.packed import SHARES, pack
from matching.shares import look_up_shares
from matching.vocabulary import Vocabulary
from tests.matching.counted_by_hand import people_of_a_hamlet
from tests.matching.people import child, parent, unit, village


def counted(people: Sequence[Identity], *, chunk: int = 1_000, **limits: int) -> Census:
    census = Census(Vocabulary(), **limits)
    for start in range(0, len(people), chunk):
        census.add(pack(people[start : start + chunk], census.vocabulary).rows)
    return census


def document_of(census: Census) -> dict[str, Any]:
    return census.finish().to_document()


@settings(max_examples=40, deadline=None)
@given(people_of_a_hamlet, st.integers(1, 9), st.integers(1, 30))
def test_chunks_are_counted_as_the_whole(people: Sequence[Identity], chunk: int, sample: int) -> None:
    assert document_of(counted(people, chunk=chunk, sample=sample)) == document_of(counted(people, sample=sample))


@settings(max_examples=40, deadline=None)
@given(people_of_a_hamlet, people_of_a_hamlet, st.integers(1, 30))
def test_two_parts_together_are_the_whole(first: Sequence[Identity], second: Sequence[Identity], sample: int) -> None:
    merged = counted(first, sample=sample)
    merged.merge(counted(second, sample=sample))
    whole = counted([*first, *second], sample=sample)
    assert merged.people == whole.people
    assert document_of(merged) == document_of(whole)


def test_a_part_may_be_counted_in_another_process() -> None:
    whole, merged = counted(village()), counted(village()[:150])
    merged.merge_bytes(counted(village()[150:]).to_bytes())
    assert document_of(merged) == document_of(whole)


def test_people_are_counted_alike_from_identities_and_from_rows() -> None:
    assert Frequencies.counting(iter(village())).to_document() == document_of(counted(village()))


def test_beyond_the_limit_the_rarest_values_are_forgotten() -> None:
    people = [child(name=f"Lê Thị {'abcdefgh'[n // 8 % 8]}{'aeiouy'[n % 6]}n", unit=None) for n in range(64)]
    census = counted([*people, *[child()] * 64], chunk=16, values=120)
    frequencies, whole = census.finish(), Frequencies.counting([*people, *[child()] * 64])
    assert len(census.values.counts) <= 120
    assert frequencies.share("given", "van") == whole.share("given", "van")
    assert frequencies.share("given", "aan") < whole.share("given", "aan")


_UNCOMPILED = """
import json
import numpy as np
from tests.matching.test_census import counted_in_every_way

with np.errstate(over="ignore"):
    print(json.dumps(counted_in_every_way()))
"""


def counted_in_every_way() -> list[Any]:
    """Return what is counted of the households, sampled or not, and how common their values are."""
    sampled = counted(households(), chunk=20, sample=30)
    sampled.merge(counted(households(), sample=30))
    whole = counted(households())
    rows = pack(households(), whole.vocabulary).rows
    look_up_shares(rows, whole.vocabulary, whole.finish())
    return [document_of(sampled), document_of(whole), rows[:, SHARES : SHARES + 4].tolist()]


def households() -> list[Identity]:
    """Return siblings, twins, namesakes and people of whom little is known."""
    twins = [child(number="001316000002"), child(name="Đinh Khánh Vấn", number="001316000003")]
    others = [child(number=f"0013160001{n:02d}", mother=None, father=None) for n in range(24)]
    strangers = [child(name=None, birth=None, unit=None, ethnicity=None, sex=None), child(ethnicity="10")]
    slips = [child(name=f"Đinh Khánh {given}", number=f"0013150000{n}0") for n, given in enumerate(("Vna", "Vâng"))]
    homes = [
        child(
            name=f"Rơ Châm {middle} {given}",
            birth=born,
            number=None,
            mother=parent("Kpă Hờ Brưl"),
            father=parent("Rơ Châm Blưt"),
            unit=unit(commune),
        )
        for commune in ("00012", "00013", "00014")
        for middle, given, born in (
            ("Khánh", "Vân", "2015-01-02"),
            ("Thu Khánh", "Mai", "2016-10-20" if commune != "00013" else "2015-04-02"),
            ("Khánh", "Bình", "2018-10-20"),
            ("Khánh", "Vân", "2019-10-20"),
        )
    ]
    return [*village(24), *twins, *others, *strangers, *slips, *homes, Identity()]


def test_the_loops_do_the_same_when_they_are_not_compiled() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", _UNCOMPILED],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == json.loads(json.dumps(counted_in_every_way()))
