"""A keeper of the root key for tests: as slow, as broken and as talkative as a test wants it."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.model.errors import KeyUnavailable, ProviderUnavailable, WrongKeys
from registry.protect.keys.key_provider import KEY_BYTES, NONCE_BYTES, ProviderInfo, Wrapped

PLACE = "fake key"


@dataclass(frozen=True)
class Fault:
    """What the next call does instead of its work."""

    error: Exception | None = None  # raised
    answer: bytes | None = None  # given for the key, or for its sealed form


DOWN = Fault(error=ProviderUnavailable("the keeper of the root key cannot be reached", place=PLACE))
GONE = Fault(error=KeyUnavailable("the key was deleted", place=PLACE))


@dataclass
class FakeProvider:
    """Keeps its root in memory. `faults` are used up one a call; `down` lasts; `calls` tells what was asked."""

    name: str = "fake"
    latency: float = 0.0  # seconds
    down: bool = False
    faults: deque[Fault | None] = field(default_factory=deque)  # None: this call is served
    calls: list[str] = field(default_factory=list)
    pause: Callable[[float], None] = time.sleep
    root: bytes = field(default_factory=lambda: os.urandom(KEY_BYTES), repr=False)

    def wrap(self, key: bytes, aad: bytes) -> Wrapped:
        nonce = os.urandom(NONCE_BYTES)
        rubbish = self._served("wrap")
        return Wrapped(self.name, nonce + AESGCM(self.root).encrypt(nonce, key, aad) if rubbish is None else rubbish)

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        rubbish = self._served("unwrap")
        if rubbish is not None:
            return rubbish
        if wrapped.root != self.name:
            raise WrongKeys("the keyring is sealed by another keeper", place=PLACE)
        try:
            return AESGCM(self.root).decrypt(wrapped.token[:NONCE_BYTES], wrapped.token[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            raise WrongKeys("the root key does not open a key of this keyring", place=PLACE) from None

    def health(self) -> ProviderInfo:
        self._served("health")
        return ProviderInfo(name=self.name, version="1", is_demo=True, can_rewrap=False)

    def _served(self, call: str) -> bytes | None:
        self.calls.append(call)
        if self.latency:
            self.pause(self.latency)
        fault = self.faults.popleft() if self.faults else None
        if self.down:
            fault = DOWN
        if fault is not None and fault.error is not None:
            raise fault.error
        return fault.answer if fault is not None else None
