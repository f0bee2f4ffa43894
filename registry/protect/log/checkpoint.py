"""A signed head of the access log's tree, in the form that outside witnesses read.

Source: C2SP tlog-checkpoint and signed-note (Ed25519, algorithm byte 1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.protect.keys.keyring import Domain, Keyring
from registry.protect.log.merkle import HASH_BYTES

_ED25519 = b"\x01"
_KEY_HASH_BYTES = 4
_SIGNATURE_BYTES = 64
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\N{EM DASH} "
_PREVIOUS = "previous "
LONGEST_NOTE: Final = 64 * 1024


class BadCheckpoint(ValueError):
    """A checkpoint is malformed, or no known key has signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is signed: which log, how many leaves, which root, and lines that others may add."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the body of the note."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions))

    @property
    def previous(self) -> int | None:
        """The size of the head that was signed before this one, so that none is taken away; None: it does not say."""
        for line in self.extensions:
            if line.startswith(_PREVIOUS) and _SIZE.fullmatch(line.removeprefix(_PREVIOUS)):
                return int(line.removeprefix(_PREVIOUS))
        return None

    @classmethod
    def following(cls, previous: int, *, origin: str, size: int, root: bytes) -> Checkpoint:
        """Return a head that names the size of the one before it; 0: it is the first."""
        return cls(origin=origin, size=size, root=root, extensions=(f"{_PREVIOUS}{previous}",))


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs under."""

    name: str
    public: bytes  # 32 bytes

    @property
    def key_hash(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_HASH_BYTES]

    def vkey(self) -> str:
        """Return the key as a line of text, to be given to a witness."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def from_vkey(cls, line: str) -> Verifier:
        """Read the line of `vkey`.

        Raises: BadCheckpoint: malformed, or its hash does not fit its key.
        """
        name, _, rest = line.strip().partition("+")
        key_hash, _, key = rest.partition("+")
        decoded = _decoded(key)
        if not _NAME.fullmatch(name) or decoded[:1] != _ED25519 or len(decoded) != 33:
            raise BadCheckpoint("not a verifier key of a signed note")
        verifier = cls(name, decoded[1:])
        if verifier.key_hash.hex() != key_hash:
            raise BadCheckpoint("the verifier key does not fit its hash")
        return verifier

    def accepts(self, body: str, signature: bytes) -> bool:
        """Say whether this key signed the body."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, body.encode())
        except InvalidSignature:
            return False
        return True


class Signer:
    """Signs checkpoints with a version of the log's own key. Its repr shows the public side only."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError("a signer's name has neither spaces nor '+'")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = Verifier(name, public)

    @classmethod
    def of_keyring(cls, keyring: Keyring, name: str, *, version: int | None = None) -> Signer:
        """Return the signer of an installation's log."""
        return cls(name, keyring.derived(Domain.LOG_SIGN, b"checkpoint", version=version))

    def __repr__(self) -> str:
        return f"Signer({self.verifier.vkey()})"

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the signed note."""
        return f"{checkpoint.text()}\n{self.signature_line(checkpoint.text())}"

    def signature_line(self, body: str) -> str:
        """Return the line that signs a body; a witness adds its own below."""
        signature = self.verifier.key_hash + self._private.sign(body.encode())
        return f"{_DASH}{self.verifier.name} {base64.b64encode(signature).decode()}\n"


def read_checkpoint(note: str, *known: Verifier) -> Checkpoint:
    """Return what a note says, if every known key has signed it; lines of unknown keys are passed over.

    Raises: BadCheckpoint: malformed, or a known key's signature is missing or wrong.
    """
    if not known:
        raise BadCheckpoint("not a signed note")
    body, signatures = parts_of(note)
    for verifier in known:
        own = [value for name, key_hash, value in signatures if (name, key_hash) == (verifier.name, verifier.key_hash)]
        if not own or not all(verifier.accepts(body, value) for value in own):
            raise BadCheckpoint("a signature is missing or wrong")
    return _body(body)


def signed_by(note: str, known: Sequence[Verifier]) -> tuple[Checkpoint, int]:
    """Return what a note says, and which of the known keys has signed it.

    Raises: BadCheckpoint: malformed, signed with none of the keys, or the signature is wrong.
    """
    _, lines = parts_of(note)
    names = {(name, key_hash) for name, key_hash, _ in lines}
    for place, verifier in enumerate(known):
        if (verifier.name, verifier.key_hash) in names:
            return read_checkpoint(note, verifier), place
    raise BadCheckpoint("it is signed with a key that is not the log's")


def parts_of(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return the body of a signed note and its signatures: name, hash of the key, signature.

    Raises: BadCheckpoint: malformed.
    """
    body, _, lines = note.rpartition("\n\n")
    if not body or not lines.endswith("\n") or len(note) > LONGEST_NOTE:
        raise BadCheckpoint("not a signed note")
    return body + "\n", [_signature(line) for line in lines[:-1].split("\n")]


def unsigned_checkpoint(note: str) -> Checkpoint:
    """Return what a note says, whoever signed it: to find out whose keys it must be read with.

    Raises: BadCheckpoint: malformed.
    """
    body, _ = parts_of(note)
    return _body(body)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    value = _decoded(encoded)
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(value) < _KEY_HASH_BYTES + _SIGNATURE_BYTES:
        raise BadCheckpoint("a signature line is malformed")
    return name, value[:_KEY_HASH_BYTES], value[_KEY_HASH_BYTES:]


def _body(body: str) -> Checkpoint:
    lines = body[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise BadCheckpoint("the checkpoint is malformed")
    root = _decoded(lines[2])
    if len(root) != HASH_BYTES:
        raise BadCheckpoint("the checkpoint's root is malformed")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root, extensions=tuple(lines[3:]))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadCheckpoint("not base64") from None
