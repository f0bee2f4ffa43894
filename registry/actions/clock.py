"""Refuses to make keys, erase or copy while the clock stands before what has happened already."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from registry.model.errors import ClockBack
from registry.store import rotation
from registry.store.session import Transaction

SLACK: Final = timedelta(minutes=2)  # clocks of two machines differ, and work overlaps


def check_clock(transaction: Transaction) -> None:
    """See that the clock has not gone back.

    Raises:
        ClockBack: it stands before the newest key, signed head of the log, or erasure.
    """
    newest = rotation.newest_moment(transaction)
    if newest is not None and transaction.access.at + SLACK < newest:
        raise ClockBack(
            f"the clock says {transaction.access.at:%Y-%m-%d %H:%M}, but the newest key, signed head of the log or"
            f" erasure is of {newest:%Y-%m-%d %H:%M}; set the clock first"
        )
