"""Opens one sealed column of thousands of identities, each under the key of its own, as fast as the cipher goes.

What `Keyring.open_data_key` and `unseal` do one by one is done here with all that the rows share prepared once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.model.errors import Tampered
from registry.protect.cipher import AES_256_GCM, FORMAT, Place
from registry.protect.keys.key_binding import owner_binding
from registry.protect.keys.key_provider import NONCE_BYTES
from registry.protect.keys.keyring import Domain, Keyring

_UUID_BYTES: Final = 16
_TAIL_BYTES: Final = 4 + 2  # the generation behind its length: the last part of both lists
_HEADER_BYTES: Final = 4
_LENGTH_BYTES: Final = 4
_BODY: Final = _HEADER_BYTES + NONCE_BYTES
_NOBODY: Final = UUID(int=0)
_OTHER_KEY: Final = Tampered("a data key is not the one of its owner", place=Domain.IDENTITY_WRAP.value)

SealedCell = tuple[bytes, int, int, bytes, bytes]  # id, generation, epoch, wrapped key, sealed value
OpenCell = tuple[bytes, bytes]  # id, plaintext


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be opened, and why the other rows could not, by their ids."""

    cells: list[OpenCell] = field(repr=False)
    damaged: list[tuple[bytes, Tampered]]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all rows of one generation and epoch share."""

    wrapping: AESGCM = field(repr=False)
    key_head: bytes
    head: bytes
    tail: bytes
    token_start: bytes


class ColumnOpening:
    """Opens one column of one table under the keys of identities."""

    def __init__(self, keyring: Keyring, table: str, group: str) -> None:
        self._keyring = keyring
        self._place = (table, group)
        where = f"{table}.{group}"
        self._moved = Tampered("a sealed value does not belong here or was changed", place=where)
        self._shared: dict[tuple[int, int], _Shared] = {}

    def open(self, rows: Iterable[SealedCell], *, keep: Callable[[bytes], bool] = bool) -> Opened:
        """Open every row; one that was changed or stands elsewhere than it was sealed for is left out and named.

        Args:
            keep: whether a plaintext is wanted; what is not is forgotten at once.

        Raises: KeyUnavailable: a wrapping key is gone, or is not of this keyring.
        """
        opened = Opened([], [])
        for (generation, epoch), alike in groupby(rows, key=itemgetter(1, 2)):
            shared = self._shared.get((generation, epoch)) or self._prepare(generation, epoch)
            self._open_alike(alike, shared, opened, keep=keep)
        return opened

    def _open_alike(
        self, rows: Iterable[SealedCell], shared: _Shared, opened: Opened, *, keep: Callable[[bytes], bool]
    ) -> None:
        """Open rows of one generation and epoch. Every name here is a local one: that is a third of the time."""
        unwrap, cells, damaged = shared.wrapping.decrypt, opened.cells, opened.damaged
        key_head, head, tail, start = shared.key_head, shared.head, shared.tail, shared.token_start
        for owner, _, _, wrapped, token in rows:
            try:
                key = unwrap(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_head + owner + tail)
            except (InvalidTag, ValueError):
                damaged.append((owner, _OTHER_KEY))
                continue
            try:
                padded = AESGCM(key).decrypt(token[_HEADER_BYTES:_BODY], token[_BODY:], head + owner + tail)
            except (InvalidTag, ValueError):
                padded = b""
            if not padded or not token.startswith(start):
                damaged.append((owner, self._moved))
                continue
            plain = padded[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(padded[:_LENGTH_BYTES], "big")]
            if keep(plain):
                cells.append((owner, plain))

    def _prepare(self, generation: int, epoch: int) -> _Shared:
        place = Place(*self._place, _NOBODY, generation).associated()
        owner = owner_binding(Domain.IDENTITY_WRAP, epoch, owner=_NOBODY, generation=generation)
        shared = _Shared(
            wrapping=AESGCM(self._keyring.raw(Domain.IDENTITY_WRAP, epoch)),
            key_head=owner[: -_UUID_BYTES - _TAIL_BYTES],
            head=place[: -_UUID_BYTES - _TAIL_BYTES],
            tail=place[-_TAIL_BYTES:],
            token_start=bytes((FORMAT, AES_256_GCM)) + generation.to_bytes(2, "big"),
        )
        self._shared[generation, epoch] = shared
        return shared
