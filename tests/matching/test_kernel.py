"""The kernel: the compiled loop and its twin say the same of every pair, to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.decision import needs_a_person, trait_table
from matching.frequencies import Frequencies
from matching.kernel import codes, weighing
from matching.kernel.forms import MOST_CLASSES, Asked
from matching.kernel.readiness import Readiness
from matching.kernel.tables import Tables
from matching.levels import LEVELS, Field
from matching.packed import pack
from matching.shares import look_up_shares
from matching.vocabulary import Vocabulary
from tests.matching.kernel_pairs import WORDS, assert_same, compiled, few_tables, twin_of
from tests.matching.people import MODEL, child, village
from tests.matching.random_rows import random_pairs, random_people

ROOT = Path(__file__).parents[2]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_loop_and_twin_say_the_same_of_random_rows(seed: int) -> None:
    left, right = random_people(80, WORDS, seed), random_people(90, WORDS, seed + 1)
    asked = Asked(*random_pairs(80, 90, seed + 2))
    assert_same(compiled(few_tables(), left, right, asked), twin_of(few_tables(), left, right, asked))


def test_random_rows_come_to_every_level() -> None:
    left, right = random_people(9000, WORDS, 1), random_people(9000, WORDS, 2)
    asked = Asked(*random_pairs(9000, 9000, 3))
    levels = compiled(few_tables(), left, right, asked).levels
    for field, known in LEVELS.items():
        seen = {known[code - 1].name for code in np.unique(levels[:, field]) if code}
        assert seen == {level.name for level in known}


def test_loop_and_twin_say_the_same_of_families() -> None:
    words, people = Vocabulary(), village(200)
    records = [
        child(name=each.name, number=None, birth=each.birth, mother=each.mother, father=None, unit=each.unit)
        for each in people
    ]
    left, right = pack(records, words), pack(people, words)
    frequencies = Frequencies.counting(people)
    look_up_shares(right.rows, words, frequencies)
    tables = Tables.of(MODEL, vocabulary=words, frequencies=frequencies)
    starts = np.arange(0, 200 * 200 + 1, 200, dtype=np.int64)
    everybody = np.arange(200, dtype=np.int32)
    asked = Asked(starts, np.repeat(everybody, 200), np.tile(everybody, 200))
    weighed = compiled(tables, left, right, asked)
    assert_same(weighed, twin_of(tables, left, right, asked))
    best = np.argmax(weighed.log_odds.reshape(200, 200), axis=1)
    assert np.mean(best == everybody) > 0.99


def test_threads_change_nothing() -> None:
    left, right = random_people(20_000, WORDS, 5), random_people(500, WORDS, 6)
    asked = Asked(*random_pairs(20_000, 500, 7))
    assert len(asked.record) > 2 * weighing.WORTH_A_THREAD
    one, three = (compiled(few_tables(), left, right, asked, threads=threads) for threads in (1, 3))
    assert_same(one, three)


def test_the_rule_of_rivals_needs_all_candidates_of_a_record() -> None:
    left, right = random_people(400, WORDS, 8), random_people(400, WORDS, 9)
    asked = Asked(*random_pairs(400, 400, 10))
    weighed = compiled(few_tables(), left, right, asked)
    assert np.array_equal(weighed.held, needs_a_person(weighed.levels, asked.starts))
    assert 0 < weighed.held.mean() < 1


def test_nothing_asked_is_nothing_answered() -> None:
    nobody = random_people(0, WORDS, 0)
    asked = Asked(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32))
    assert len(compiled(few_tables(), nobody, nobody, asked).log_odds) == 0
    assert len(twin_of(few_tables(), nobody, nobody, asked).log_odds) == 0


def test_mothers_and_fathers_have_the_same_levels_in_the_same_order() -> None:
    """Compiled code gives both the codes of the mother's levels."""
    pairs = (Field.MOTHER, Field.FATHER), (Field.MOTHER_NUMBER, Field.FATHER_NUMBER)
    for mother, father in (*pairs, (Field.MOTHER_YEAR, Field.FATHER_YEAR)):
        assert [level.name for level in LEVELS[mother]] == [level.name for level in LEVELS[father]]


def test_marked_and_plain_given_names_have_their_levels_in_the_same_order() -> None:
    """Compiled code adds the same to the code of each when a name has no marks."""
    names = [level.name for level in LEVELS[Field.GIVEN]]
    for name in ("spelling", "typo", "near"):
        assert names.index(f"plain_{name}") - names.index(name) == names.index("plain_different") - names.index(
            "different"
        )


def test_only_fields_whose_traits_are_asked_for_have_traits() -> None:
    """Compiled code does not look for traits of the others."""
    asked_for = {*codes.COUNTED, codes.NUMBER, codes.MOTHER_NUMBER, codes.FATHER_NUMBER}
    assert {int(field) for field in np.flatnonzero(trait_table(30).any(axis=1))} <= asked_for


def test_a_level_that_no_share_belongs_to_cannot_have_one() -> None:
    times = MODEL.times.copy()
    times[Field.SEX, 1] = 1
    with pytest.raises(ValueError, match="sex cannot be multiplied"):
        Tables.of(replace(MODEL, times=times), vocabulary=WORDS, frequencies=few_tables().frequencies)


def test_there_is_a_place_for_every_relation() -> None:
    assert len(few_tables().frequencies.relations) <= MOST_CLASSES


def test_a_preparation_that_fails_is_told_to_who_waits() -> None:
    def fail() -> None:
        raise OSError

    readiness = Readiness(fail)
    with pytest.raises(RuntimeError, match="could not be compiled"):
        readiness.wait()
    assert not readiness.reached()


def run(module: str, **changes: str) -> str:
    """Run a module of this folder in a process of its own."""
    command = [sys.executable, "-W", "error", "-m", f"tests.matching.{module}"]
    done = subprocess.run(command, env=os.environ | changes, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_loop_says_the_same_when_it_is_not_compiled() -> None:
    assert run("uncompiled_kernel", NUMBA_DISABLE_JIT="1") == "same\n"


@pytest.mark.slow
def test_a_few_pairs_are_answered_while_the_loop_is_still_compiled(tmp_path: Path) -> None:
    assert run("first_answer", NUMBA_CACHE_DIR=str(tmp_path)) == "answered before ready\n"
