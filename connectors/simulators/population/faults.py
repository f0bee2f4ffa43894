"""The ways in which the simulated population database fails or misleads, and which request fails how."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """One way to fail."""

    # The network and the bus
    SLOW = "slow"  # a right answer, late
    DRIP = "drip"  # a right answer in ten pieces, each of them late
    DROP = "drop"  # the connection is closed before the answer
    CUT_SHORT = "cut-short"  # the connection is closed amid the answer
    RATE_LIMITED = "429"  # Retry-After in seconds
    RATE_LIMITED_UNTIL = "429-date"  # Retry-After as a date
    DENIED = "403"
    SERVER_ERROR = "5xx"
    BUS_ERROR = "bus"  # the security server failed, not the service
    # The form of the answer
    HALF = "half"  # a whole HTTP response that holds half a document
    ERROR_INSIDE = "error-inside"  # HTTP 200 around an error
    DENIED_INSIDE = "denied-inside"  # HTTP 200 around a refusal
    WRONG_NAMESPACE = "wrong-namespace"
    ENTITIES = "entities"  # a document type with entities before the answer
    DEEP = "deep"  # a document nested deeper than any
    WRONG_TYPE = "wrong-type"  # a page for people instead
    HUGE = "huge"  # a document followed by more space than any answer is long
    BOMB = "gzip-bomb"  # a small compressed body that is huge
    REDIRECT = "redirect"  # to another port of this machine
    # What the answer says
    WRONG_CHILD = "wrong-child"  # somebody else's entry
    OTHER_REQUEST = "other-request"  # the answer to somebody else's question
    DECEASED = "deceased"  # the person asked for has died
    NUMBER_REPLACED = "number-replaced"  # the number asked for is cancelled, another in use
    DUPLICATE = "duplicate"  # the same description twice
    # Signatures
    UNSIGNED = "unsigned"
    BADLY_SIGNED = "badly-signed"
    REPLAYED = "replayed"  # a callback comes twice


_ALSO = {
    "500": Fault.SERVER_ERROR,
    "502": Fault.SERVER_ERROR,
    "503": Fault.SERVER_ERROR,
    "rate-limited": Fault.RATE_LIMITED,
    "server-error": Fault.SERVER_ERROR,
    "denied": Fault.DENIED,
    "half-answer": Fault.HALF,
    "replaced": Fault.NUMBER_REPLACED,
    "wrong-person": Fault.WRONG_CHILD,
    "200-error": Fault.ERROR_INSIDE,
}


def fault_named(name: str) -> Fault:
    """Return the fault of a name; underscores and some other names are understood.

    Raises:
        ValueError: there is no such fault.
    """
    plain = name.strip().lower().replace("_", "-")
    return _ALSO.get(plain) or Fault(plain)


class Faults:
    """Says what happens to each request: what was ordered for it, else a share of each kind, the same for a seed."""

    def __init__(self, shares: Mapping[Fault, float], *, seed: int) -> None:
        self._chance = Random(seed)  # noqa: S311  picks faults, keeps no secret
        self._ordered: deque[Fault | None] = deque()
        self._lock = threading.Lock()
        self._shares: dict[Fault, float] = {}
        self.set_shares(shares)

    def set_shares(self, shares: Mapping[Fault, float]) -> None:
        """Let each kind happen to a share of the requests.

        Raises:
            ValueError: a share is negative, or they are more than all requests together.
        """
        if not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1 + 1e-9:
            raise ValueError("shares of faults: each from 0 to 1, and all together at most 1")
        with self._lock:
            self._shares = dict(shares)

    def order(self, fault: Fault | None, *, times: int = 1) -> None:
        """Let a fault happen to the next requests that nothing was ordered for; None: let them pass."""
        with self._lock:
            self._ordered.extend([fault] * times)

    def next(self) -> Fault | None:
        """Return what happens to the next request."""
        with self._lock:
            drawn = self._chance.random()  # one draw a request, ordered or not: the others stay as they were
            if self._ordered:
                return self._ordered.popleft()
            reached = 0.0
            for fault, share in self._shares.items():
                reached += share
                if drawn < reached:
                    return fault
        return None
