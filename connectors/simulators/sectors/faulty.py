"""What all simulated sector systems share: who may ask, and failing on request.

They read and write no code of the connectors: what both got wrong alike would not show.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from random import Random
from typing import Final

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.loopback import serving

TOKEN: Final = "simulated"  # noqa: S105  of invented children


class SectorFault(StrEnum):
    """One way to fail."""

    SLOW = "slow"
    DROP = "drop"  # the connection is closed before the answer
    CUT_SHORT = "cut-short"  # the connection is closed amid the answer
    HALF = "half"  # a whole response holding half a document
    RATE_LIMITED = "429"
    DENIED = "403"
    SERVER_ERROR = "5xx"
    ERROR_INSIDE = "error-inside"  # HTTP 200 around an error
    RUBBISH = "rubbish"  # HTTP 200 around a page for people
    DEEP = "deep"  # nested without end
    WRONG_SHAPE = "wrong-shape"  # JSON, but not what was agreed


PASSING: Final = (
    SectorFault.SLOW,
    SectorFault.DROP,
    SectorFault.CUT_SHORT,
    SectorFault.RATE_LIMITED,
    SectorFault.SERVER_ERROR,
    SectorFault.ERROR_INSIDE,
)


class SimulatedSource:
    """A system that answers well but for the faults that are asked of it; used from several threads."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        seed: int = 0,
        shares: Mapping[SectorFault, float] | None = None,
        slow_seconds: float = 0.2,
    ) -> None:
        """Make it ready.

        Args:
            token: that callers must show in `Authorization`, as `Bearer` or alone.
            shares: of the requests that fail, by the way they do; the same ones for the same seed.
        """
        self.lock = threading.RLock()
        self.chance = Random(seed)  # noqa: S311  picks faults and children, keeps no secret
        self.counts: Counter[str] = Counter()
        self._token, self._slow_seconds = token, slow_seconds
        self._shares = dict(shares or {})
        self._next: deque[SectorFault] = deque()
        self._always: SectorFault | None = None
        self.afterwards: Callable[[], None] | None = None  # called behind every answer

    def fault(self, fault: SectorFault, *, times: int = 1) -> None:
        """Let the next requests fail."""
        with self.lock:
            self._next.extend([fault] * times)

    def always(self, fault: SectorFault | None) -> None:
        """Let every request fail from now on; None: no longer."""
        with self.lock:
            self._always = fault

    def answer(self, asked: Asked) -> Answered:
        """Answer one request, or fail as the next fault says."""
        with self.lock:
            self.counts[asked.path] += 1
            if asked.path.endswith("/token"):
                return self._given(asked)
            if asked.header("Authorization").removeprefix("Bearer ") != self._token:
                return json_answer({"code": "401"}, status=401)
            fault = self._drawn()
            answered = _refusal(fault) or self._spoilt(self.answered(asked), fault)
            if self.afterwards is not None:
                self.afterwards()
            return answered

    def _given(self, asked: Asked) -> Answered:
        """Give the token to who shows the same word as name and secret, in the header or in the form."""
        pair = b64encode(f"{self._token}:{self._token}".encode()).decode()
        form = asked.form()
        shown = asked.header("Authorization") == f"Basic {pair}" or form.get("client_secret") == self._token
        if not shown or form.get("grant_type") != "client_credentials":
            return json_answer({"error": "invalid_client"}, status=401)
        return json_answer({"access_token": self._token, "token_type": "Bearer", "expires_in": 3600})

    def answered(self, asked: Asked) -> Answered:
        """Return the right answer; each system has its own."""
        return json_answer({"code": "404"}, status=404 if asked.path else 400)

    def _drawn(self) -> SectorFault | None:
        if self._always is not None:
            return self._always
        if self._next:
            return self._next.popleft()
        drawn = self.chance.random()
        for fault, share in self._shares.items():
            drawn -= share
            if drawn < 0:
                return fault
        return None

    def _spoilt(self, answered: Answered, fault: SectorFault | None) -> Answered:
        body, sent, late = answered.body, answered.sent, answered.late_by
        if fault is SectorFault.HALF:
            body = body[: len(body) // 2]
        elif fault is SectorFault.DROP:
            sent = 0
        elif fault is SectorFault.CUT_SHORT:
            sent = len(body) // 2
        elif fault is SectorFault.SLOW:
            late = self._slow_seconds
        return Answered(
            status=answered.status,
            body=body,
            media_type=answered.media_type,
            headers=answered.headers,
            late_by=late,
            sent=sent,
        )


def _refusal(fault: SectorFault | None) -> Answered | None:
    """Return the answer of a fault that does not look at the question."""
    return None if fault is None else _REFUSALS.get(fault)


_REFUSALS: Final[Mapping[SectorFault, Answered]] = {
    SectorFault.RATE_LIMITED: Answered(status=429, headers={"Retry-After": "0"}),
    SectorFault.DENIED: json_answer({"code": "403"}, status=403),
    SectorFault.SERVER_ERROR: Answered(status=503),
    SectorFault.ERROR_INSIDE: json_answer({"code": "99", "message": "busy"}),
    SectorFault.RUBBISH: Answered(body=b"<html><body>maintenance</body></html>", media_type="text/html"),
    SectorFault.DEEP: Answered(body=b"[" * 100_000, media_type="application/json"),
    SectorFault.WRONG_SHAPE: json_answer({"code": "00", "data": "?", "items": {}}),
}


def parameters(asked: Asked) -> dict[str, str]:
    """Return what is asked with: in the address, or as members of a JSON body."""
    try:
        body = json.loads(asked.body or b"{}")
    except ValueError:
        body = {}
    members = body if isinstance(body, dict) else {}
    return dict(asked.query) | {str(name): str(value) for name, value in members.items()}


@contextmanager
def serve_source(source: SimulatedSource, *, port: int = 0) -> Iterator[str]:
    """Run a simulated system on loopback until the block ends; yields its address.

    Raises:
        OSError: the port is taken.
    """
    with serving(source.answer, port=port) as url:
        yield url
