"""Says whether the first few pairs were answered before the loop was compiled; NUMBA_CACHE_DIR must be empty."""

from __future__ import annotations

import sys

from matching import kernel
from matching.kernel.forms import Asked
from tests.matching.kernel_pairs import WORDS, assert_same, compiled, few_tables, twin_of
from tests.matching.random_rows import random_pairs, random_people

left, right = random_people(50, WORDS, 14), random_people(50, WORDS, 15)
asked, tables = Asked(*random_pairs(50, 50, 16)), few_tables()
first = kernel.weigh(tables, left, right, starts=asked.starts, record=asked.record, person=asked.person)
before = not kernel.ready()
assert_same(first, twin_of(tables, left, right, asked))
assert_same(first, compiled(tables, left, right, asked))
sys.stdout.write("answered before ready\n" if before and kernel.ready() else "too late\n")
