"""The stored forms written a second time, from their description alone: imports nothing of the registry.

Whoever reads the database without our code needs no more than this.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
import uuid
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def pieces(*parts: bytes) -> bytes:
    return struct.pack(">I", len(parts)) + b"".join(struct.pack(">I", len(part)) + part for part in parts)


def associated(table: str, group: str, row: str, generation: int) -> bytes:
    return pieces(
        b"child-registry", table.encode(), group.encode(), uuid.UUID(row).bytes, struct.pack(">H", generation)
    )


def encrypt(key: bytes, nonce: bytes, plaintext: bytes, bound: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES256(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(bound)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def decrypt(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES256(key), modes.GCM(nonce, sealed[-16:])).decryptor()
    decryptor.authenticate_additional_data(bound)
    return decryptor.update(sealed[:-16]) + decryptor.finalize()


def token(key: bytes, nonce: bytes, plaintext: bytes, place: tuple[str, str, str, int]) -> bytes:
    padded = struct.pack(">I", len(plaintext)) + plaintext
    padded += b"\0" * ((32 - len(padded) % 32) % 32)
    return b"\x01\x01" + struct.pack(">H", place[3]) + nonce + encrypt(key, nonce, padded, associated(*place))


def plaintext_of(key: bytes, sealed: bytes, place: tuple[str, str, str, int]) -> bytes:
    padded = decrypt(key, sealed[4:16], sealed[16:], associated(*place))
    return padded[4 : 4 + struct.unpack(">I", padded[:4])[0]]


def wrapped_key(wrapping: bytes, nonce: bytes, key: bytes, owner: tuple[str, int, str, int]) -> bytes:
    domain, epoch, owner_id, generation = owner
    bound = pieces(
        b"child-registry/data-key/1",
        domain.encode(),
        struct.pack(">I", epoch),
        uuid.UUID(owner_id).bytes,
        struct.pack(">H", generation),
    )
    return nonce + encrypt(wrapping, nonce, key, bound)


def derived(domain_key: bytes, *labels: str) -> bytes:
    block = pieces(b"child-registry/derived/1", *(label.encode() for label in labels)) + b"\x01"
    return hmac.new(domain_key, block, hashlib.sha256).digest()


def keyed(domain_key: bytes, labels: list[str], message: bytes) -> bytes:
    return hmac.new(derived(domain_key, *labels), message, hashlib.sha256).digest()


def identifier(domain_key: bytes, kind: str, value: str) -> bytes:
    return keyed(domain_key, ["identifier", kind], value.encode())[:16]


def source_key(domain_key: bytes, *names: str) -> bytes:
    return keyed(domain_key, ["source-key"], pieces(*(name.encode() for name in names)))[:16]


def content_digest(domain_key: bytes, document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return keyed(domain_key, ["content"], text.encode())


def block_token(domain_key: bytes, kind: str, text: str) -> int:
    return int(struct.unpack(">q", keyed(domain_key, ["block", kind], text.encode())[:8])[0])


def search_token(domain_key: bytes, whose: str, province: str, text: str) -> int:
    return int(struct.unpack(">i", keyed(domain_key, [whose, province], text.encode())[:4])[0])


def log_name(domain_key: bytes, child: str) -> bytes:
    return keyed(domain_key, ["access-log"], uuid.UUID(child).bytes)[:16]
