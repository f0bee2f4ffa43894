"""What a witness adds to a head of a log: "I have seen no other history of this log", with the time.

Source: C2SP tlog-cosignature (cosignature/v1, Ed25519, algorithm byte 4) and signed-note.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.protect.log.checkpoint import BadCheckpoint, parts_of

_COSIGNATURE: Final = b"\x04"
_DASH: Final = "\N{EM DASH} "
_NAME: Final = re.compile(r"[^\s+]+")
_LINE: Final = re.compile(r"\N{EM DASH} ([^\s+]+) ([A-Za-z0-9+/=]+)")
_LATEST: Final = 253402300799  # seconds: the last one that a calendar of four digits has


@dataclass(frozen=True, slots=True)
class WitnessVerifier:
    """The public key of a witness and the name it signs under."""

    name: str
    public: bytes  # 32 bytes

    @property
    def key_hash(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    def vkey(self) -> str:
        """Return the key as a line of text, to be given to whoever checks the log."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(_COSIGNATURE + self.public).decode()}"

    @classmethod
    def from_vkey(cls, line: str) -> WitnessVerifier:
        """Read the line of `vkey`.

        Raises: BadCheckpoint: malformed, of another kind, or its hash does not fit its key.
        """
        name, _, rest = line.strip().partition("+")
        key_hash, _, key = rest.partition("+")
        try:
            decoded = base64.b64decode(key, validate=True)
        except ValueError:
            decoded = b""
        if not _NAME.fullmatch(name) or decoded[:1] != _COSIGNATURE or len(decoded) != 33:
            raise BadCheckpoint("not a verifier key of a witness")
        verifier = cls(name, decoded[1:])
        if verifier.key_hash.hex() != key_hash:
            raise BadCheckpoint("the verifier key does not fit its hash")
        return verifier

    def signed_at(self, note: str) -> datetime | None:
        """Return when this witness cosigned a note; None: it did not.

        Raises: BadCheckpoint: malformed, or a signature under its name is wrong.
        """
        body, signatures = parts_of(note)
        own = [value for name, key_hash, value in signatures if (name, key_hash) == (self.name, self.key_hash)]
        times = [self._time_of(body, value) for value in own]
        return max(times) if times else None

    def _time_of(self, body: str, value: bytes) -> datetime:
        stamp = int.from_bytes(value[:8], "big")
        if len(value) != 72 or not 0 < stamp <= _LATEST:
            raise BadCheckpoint("a cosignature is malformed")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value[8:], _message(body, stamp))
        except InvalidSignature:
            raise BadCheckpoint("a cosignature is wrong") from None
        return datetime.fromtimestamp(stamp, UTC)


class Cosigner:
    """Signs heads of a log as a witness. Its repr shows the public side only."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError("a witness's name has neither spaces nor '+'")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = WitnessVerifier(name, public)

    def __repr__(self) -> str:
        return f"Cosigner({self.verifier.vkey()})"

    def line(self, body: str, *, at: datetime) -> str:
        """Return the line that cosigns the body of a note."""
        stamp = int(at.timestamp())
        signed = self.verifier.key_hash + stamp.to_bytes(8, "big") + self._private.sign(_message(body, stamp))
        return f"{_DASH}{self.verifier.name} {base64.b64encode(signed).decode()}\n"


def line_of(answer: str, note: str, witnesses: Sequence[WitnessVerifier]) -> tuple[WitnessVerifier, str, datetime]:
    """Return which witness has cosigned a note in its answer, the line, and when.

    Raises: BadCheckpoint: no line of the answer is a good cosignature of one of the witnesses.
    """
    body, _ = parts_of(note)
    for line in answer.split("\n"):
        if not _LINE.fullmatch(line):
            continue
        for witness in witnesses:
            at = witness.signed_at(f"{body}\n{line}\n")
            if at is not None:
                return witness, f"{line}\n", at
    raise BadCheckpoint("the answer holds no cosignature of a known witness")


def _message(body: str, stamp: int) -> bytes:
    return f"cosignature/v1\ntime {stamp}\n{body}".encode()
