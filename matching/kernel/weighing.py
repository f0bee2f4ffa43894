"""Weighing pairs by the compiled loop on several threads, or by its twin while that loop is not ready."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.decision import ALL_TRAITS
from matching.forms import Forms
from matching.kernel import codes, fused, twin
from matching.kernel.forms import MOST_CLASSES, NUMBERS, RANDOM, Answer, Asked, Integers, Longs, Sides, Weights
from matching.kernel.readiness import Readiness
from matching.kernel.tables import Tables
from matching.packed import MOST_FORMER, WORDS, Packed
from matching.vocabulary import MOST_UNITS
from matching.workspace import Weighed

FEW: Final = 4096  # pairs that are not worth waiting for the compiled loop
THREADS: Final = 2
WORTH_A_THREAD: Final = 20_000  # pairs


def empty_answer(pairs: int) -> Answer:
    """Return the room for what is said of so many pairs."""
    return Answer(
        levels=np.zeros((pairs, codes.FIELDS), dtype=np.int8),
        odds=np.empty(pairs),
        traits=np.empty(pairs, dtype=np.int32),
        held=np.empty(pairs, dtype=np.bool_),
    )


def _run(forms: Forms, weights: Weights, sides: Sides, asked: Asked, answer: Answer, *, cut: tuple[int, int]) -> None:
    fused.weigh_groups(forms[:], weights[:], sides[:], asked[:], answer[:], fused.room()[:], cut)


def _compile() -> None:
    """Have the loop compiled, or read from disk, by weighing one pair of nobodies."""
    rows, former = np.zeros((1, WORDS), dtype=np.int32), np.zeros((0, MOST_FORMER), dtype=np.int64)
    forms = Forms(
        folded=np.zeros(1, dtype=np.int32),
        parts=np.zeros((1, 3), dtype=np.int32),
        words=np.zeros((1, 2), dtype=np.uint64),
        places=np.zeros((1, MOST_UNITS + 1), dtype=np.int32),
    )
    weights = Weights(
        cells=np.ones((codes.FIELDS, 1, NUMBERS)),
        signs=np.zeros((codes.FIELDS, 1), dtype=np.int32),
        few=np.ones((1, RANDOM)),
        parents=np.ones((1, RANDOM)),
        unions=np.zeros((ALL_TRAITS, 3), dtype=np.bool_),
        power=np.ones(256),
        rates=np.zeros(MOST_CLASSES),
        prior=1.0,
    )
    nothing = np.zeros(0, dtype=np.int32)
    asked = Asked(np.zeros(1, dtype=np.int64), nothing, nothing)
    _run(forms, weights, Sides(rows, former, rows, former), asked, empty_answer(0), cut=(0, 0))


_READY: Final = Readiness(_compile)


def ready() -> bool:
    """Return whether the compiled loop is at hand; the first call begins to load it, in the background."""
    return _READY.reached()


def wait_until_ready() -> None:
    """Return when the compiled loop is at hand.

    Raises: RuntimeError: it could not be compiled.
    """
    _READY.wait()


def _integers(array: npt.NDArray[np.integer[Any]]) -> Integers:
    return np.ascontiguousarray(array, dtype=np.int32)


def _cuts(starts: Longs, threads: int) -> list[int]:
    """Return groups at which the work is cut into parts of about as many pairs."""
    parts = min(threads, int(starts[-1]) // WORTH_A_THREAD)
    if parts < 2:
        return [0, len(starts) - 1]
    targets = np.arange(1, parts) * starts[-1] // parts
    return [0, *np.searchsorted(starts, targets).tolist(), len(starts) - 1]


def _weigh_compiled(tables: Tables, forms: Forms, sides: Sides, asked: Asked, answer: Answer, threads: int) -> None:
    cuts = _cuts(asked.starts, threads)

    def part(place: int) -> None:
        first, last = cuts[place], cuts[place + 1]
        _run(forms, tables.weights, sides, asked, answer, cut=(first, last))
        here = slice(int(asked.starts[first]), int(asked.starts[last]))
        np.log(answer.odds[here], out=answer.odds[here])

    if len(cuts) == 2:
        part(0)
        return
    with ThreadPoolExecutor(len(cuts) - 1) as pool:
        list(pool.map(part, range(len(cuts) - 1)))


def weigh(
    tables: Tables,
    left: Packed,
    right: Packed,
    *,
    starts: npt.NDArray[np.int64],
    record: Integers,
    person: Integers,
    threads: int = THREADS,
) -> Weighed:
    """Compare and weigh pairs that are grouped by record.

    Args: the pairs from `starts[i]` up to `starts[i + 1]` are all the candidates of one record; `record` and `person`
        are the rows of each pair, packed with the vocabulary of the tables.
    """
    asked = Asked(np.ascontiguousarray(starts, dtype=np.int64), _integers(record), _integers(person))
    sides = Sides(left.rows.view(np.ndarray), left.former, right.rows.view(np.ndarray), right.former)
    answer = empty_answer(len(asked.record))
    if len(answer.odds) <= FEW and not ready():
        twin.weigh_groups(tables.book.current(), tables.weights, sides, asked, answer)
        np.log(answer.odds, out=answer.odds)
    else:
        wait_until_ready()
        _weigh_compiled(tables, tables.book.current(), sides, asked, answer, threads)
    return Weighed(answer.levels, answer.odds, answer.held)
