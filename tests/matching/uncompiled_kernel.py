"""Says 'same' when the loop, run as plain Python, says the same as its twin; NUMBA_DISABLE_JIT must be 1."""

from __future__ import annotations

import sys

import numpy as np

from matching.kernel.forms import Asked
from tests.matching.kernel_pairs import WORDS, assert_same, compiled, few_tables, twin_of
from tests.matching.random_rows import random_pairs, random_people

left, right = random_people(120, WORDS, 11), random_people(120, WORDS, 12)
asked = Asked(*random_pairs(120, 120, 13))
with np.errstate(over="ignore"):  # one number after another, numpy says when it wraps around, as hashes should
    assert_same(compiled(few_tables(), left, right, asked), twin_of(few_tables(), left, right, asked))
sys.stdout.write("same\n")
