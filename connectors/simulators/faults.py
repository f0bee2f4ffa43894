"""The ways in which a simulated service fails, and which request fails how."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """One way to fail."""

    SLOW = "slow"  # a right answer, late
    DROP = "drop"  # the connection is closed before the answer
    CUT_SHORT = "cut_short"  # the connection is closed amid the answer
    HALF_XML = "half_xml"  # a whole HTTP response holding half a document
    RATE_LIMITED = "rate_limited"  # 429
    DENIED = "denied"  # 403
    SERVER_ERROR = "server_error"  # 503
    BUS_ERROR = "bus_error"  # the security server failed, not the service
    ERROR_INSIDE = "error_inside"  # HTTP 200 around an error
    WRONG_PERSON = "wrong_person"  # a look-up brings somebody else
    OTHER_REQUEST = "other_request"  # the answer to somebody else's question


def seeded_faults(seed: int, share: float) -> Iterator[Fault | None]:
    """Yield without end what happens to each request: a fault to a `share` of them, the same ones for the same seed."""
    chance = Random(seed)  # noqa: S311  picks faults, keeps no secret
    faults = tuple(Fault)
    while True:
        yield chance.choice(faults) if chance.random() < share else None
