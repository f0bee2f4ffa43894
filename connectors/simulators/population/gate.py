"""Who may ask the simulated population database, how much, and what was asked so far."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import unquote

from connectors.simulators.exchange import Asked
from connectors.simulators.population.book import Clock
from connectors.simulators.population.json_reading import NotJson, read_json

VIET_NAM = timezone(timedelta(hours=7))
STAMP_TOLERANCE = 300.0  # seconds
TOKEN_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may ask; the invented words open a simulator only."""

    user: str = "child-registry"
    secret: str = field(default="simulated", repr=False)
    api_key: str = field(default="simulated", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much an agency may ask; None: as much as it likes."""

    a_second: int | None = None
    a_day: int | None = None  # of a calendar day in Viet Nam


@dataclass(slots=True)
class _Used:
    second: int = 0
    in_second: int = 0
    day: str = ""
    in_day: int = 0


class Gate:
    """Knows the account, counts what each agency asks, closes for outages."""

    def __init__(self, account: Account, quota: Quota, *, clock: Clock) -> None:
        self.account = account
        self.clock = clock
        self._quota = quota
        self._used: dict[str, _Used] = {}
        self._tokens: dict[str, datetime] = {}
        self._counts: Counter[str] = Counter()
        self._out_until: datetime | None = None
        self._lock = threading.Lock()

    def count(self, what: str) -> None:
        """Note that something happened."""
        with self._lock:
            self._counts[what] += 1

    def counts(self) -> dict[str, int]:
        """Return how often what happened."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def close_for(self, seconds: float) -> None:
        """Let nobody be answered for a while."""
        self._out_until = self.clock() + timedelta(seconds=seconds)

    @property
    def out(self) -> bool:
        """Tell whether nobody is answered now."""
        return self._out_until is not None and self.clock() < self._out_until

    def over_quota(self, agency: str) -> float | None:
        """Count a request; return after how many seconds the agency may ask again if it asked too much."""
        now = self.clock()
        day = now.astimezone(VIET_NAM).date().isoformat()
        with self._lock:
            used = self._used.setdefault(agency, _Used())
            if used.day != day:
                used.day, used.in_day = day, 0
            if used.second != int(now.timestamp()):
                used.second, used.in_second = int(now.timestamp()), 0
            if self._quota.a_day is not None and used.in_day >= self._quota.a_day:
                return _until_midnight(now)
            if self._quota.a_second is not None and used.in_second >= self._quota.a_second:
                return 1.0
            used.in_day += 1
            used.in_second += 1
        return None

    # Who asks

    def admits_bus(self, asked: Asked) -> bool:
        """Tell whether the headers of the bus were made by who knows the secret, and just now."""
        scheme, _, encoded = asked.header("Authorization").partition(" ")
        stamp = asked.header("Timestamp")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
            age = abs(self.clock().timestamp() - int(stamp) / 1000)
        except (binascii.Error, UnicodeDecodeError, ValueError, OverflowError):
            return False
        rights = [f"{self.account.user}:{digest}".encode() for digest in self._digests(asked, stamp)]
        knows = any(hmac.compare_digest(given.encode(), right) for right in rights)
        return scheme == "Basic" and knows and age <= STAMP_TOLERANCE and asked.header("ApiKey") == self.account.api_key

    def _digests(self, asked: Asked, stamp: str) -> list[str]:
        """Return the digests that are right: descriptions differ in whether the path or the whole URL goes in."""
        known = f"{self.account.user}{stamp}{self.account.secret}"
        return [hashlib.sha256(f"{over}{known}".encode()).hexdigest() for over in (asked.path, asked.url)]

    def give_token(self, asked: Asked) -> dict[str, object] | None:
        """Return a token for client credentials sent in the form or as Basic; None: they are wrong."""
        form = asked.form()
        user, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = asked.header("Authorization").partition(" ")
        if scheme == "Basic":
            try:
                user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            user, secret = unquote(user), unquote(secret)
        right = (user, secret) == (self.account.user, self.account.secret)
        if not right or form.get("grant_type") != "client_credentials":
            return None
        now = self.clock()
        with self._lock:
            token = hashlib.sha256(f"{len(self._tokens)}{now}{secret}".encode()).hexdigest()
            self._tokens[token] = now + timedelta(seconds=TOKEN_SECONDS)
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    def admits_bearer(self, asked: Asked) -> bool:
        """Tell whether a token given here and still good, or the account's key, comes with the request."""
        scheme, _, token = asked.header("Authorization").partition(" ")
        ends = self._tokens.get(token)
        fresh = ends is not None and self.clock() < ends
        return scheme.lower() == "bearer" and (fresh or token == self.account.api_key)

    def admits_lgsp(self, asked: Asked) -> bool:
        """Tell whether the platform's key object names the account beside a good token."""
        try:
            keys = read_json(base64.b64decode(asked.header("lgspaccesstoken"), validate=True))
        except (binascii.Error, ValueError, NotJson):
            return False
        names = {"AccessKey", "SecretKey", "AppName", "PartnerCode", "PartnerCodeCus"}
        if not isinstance(keys, dict) or set(keys) != names:
            return False
        right = (keys["AccessKey"], keys["SecretKey"]) == (self.account.user, self.account.secret)
        return right and self.admits_bearer(asked)


def retry_date(now: datetime, seconds: float) -> str:
    """Return a Retry-After that names the time instead of the seconds."""
    return format_datetime((now + timedelta(seconds=seconds)).astimezone(UTC), usegmt=True)


def _until_midnight(now: datetime) -> float:
    here = now.astimezone(VIET_NAM)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(1.0, (midnight - here).total_seconds())
