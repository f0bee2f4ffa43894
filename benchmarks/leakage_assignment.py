"""The cheapest assignment of rows to columns, each column at most once, in the time of a cube.

Source: Kuhn 1955, Naval Research Logistics Quarterly 2, with potentials after Jonker and Volgenant 1987, Computing 38.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hard_set_habits import Reals, Truths

from matching.compiling import compiled

Places = npt.NDArray[np.int64]


@compiled
def _nearer(least: Reals, before: Places, used: Truths, at: int, reduced: Reals) -> int:
    """Note the columns that are nearer by way of column `at`; return the nearest that is not used."""
    following, step = 0, np.inf
    for column in range(1, len(least)):
        if used[column]:
            continue
        if reduced[column - 1] < least[column]:
            least[column], before[column] = reduced[column - 1], at
        if least[column] < step:
            step, following = least[column], column
    return following


@compiled
def _augment(cost: Reals, rows: Reals, columns: Reals, holder: Places, row: int) -> None:
    """Give a row a column along the shortest augmenting path; place 0 of `holder` and `columns` stands outside."""
    wide = cost.shape[1]
    least = np.full(wide + 1, np.inf)
    before = np.zeros(wide + 1, dtype=np.int64)
    used = np.zeros(wide + 1, dtype=np.bool_)
    holder[0] = row
    at = 0
    while holder[at] != 0:
        used[at] = True
        owner = holder[at]
        following = _nearer(least, before, used, at, cost[owner - 1] - rows[owner] - columns[1:])
        step = least[following]
        for column in range(wide + 1):
            if used[column]:
                rows[holder[column]] += step
                columns[column] -= step
            else:
                least[column] -= step
        at = following
    while at != 0:
        holder[at] = holder[before[at]]
        at = before[at]


@compiled
def _assign(cost: Reals) -> Places:
    tall, wide = cost.shape
    rows, columns = np.zeros(tall + 1), np.zeros(wide + 1)
    holder = np.zeros(wide + 1, dtype=np.int64)
    for row in range(1, tall + 1):
        _augment(cost, rows, columns, holder, row)
    found = np.zeros(tall, dtype=np.int64)
    for column in range(1, wide + 1):
        if holder[column] > 0:
            found[holder[column] - 1] = column - 1
    return found


def assign(cost: Reals) -> Places:
    """Return the column of each row in the cheapest assignment.

    Raises: ValueError: there are fewer columns than rows.
    """
    if cost.shape[1] < cost.shape[0]:
        raise ValueError("assignment: fewer columns than rows")
    return np.asarray(_assign(np.ascontiguousarray(cost)))
