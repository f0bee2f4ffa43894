"""The stored forms, written a second time from their description: reading the database needs no more than this."""

import hmac
import json
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LETTERS = str.maketrans("đðɖƀøłı", "dddboli") | {ord("ß"): "ss", ord("æ"): "ae", ord("œ"): "oe"}
ONSETS = {"ngh": "ng", "gh": "g", "qu": "kw", "tr": "ch", "gi": "d", "g": "d", "c": "k"}
ONSETS |= {"r": "d", "v": "d", "x": "s", "l": "n"}
KEPT = {"identifier": 16, "source-key": 16, "access-log": 16, "block": 8, "child": 4, "parent": 4, "noise": 4}  # bytes


def pieces(*parts: bytes) -> bytes:
    return struct.pack(">I", len(parts)) + b"".join(struct.pack(">I", len(part)) + part for part in parts)


def associated(table: str, group: str, row: str, generation: int) -> bytes:
    return pieces(b"child-registry", table.encode(), group.encode(), UUID(row).bytes, struct.pack(">H", generation))


def token(key: bytes, nonce: bytes, plaintext: bytes, place: tuple[str, str, str, int]) -> bytes:
    padded = struct.pack(">I", len(plaintext)) + plaintext + bytes(-(4 + len(plaintext)) % 32)
    return b"\x01\x01" + struct.pack(">H", place[3]) + nonce + AESGCM(key).encrypt(nonce, padded, associated(*place))


def plaintext_of(key: bytes, sealed: bytes, place: tuple[str, str, str, int]) -> bytes:
    padded = AESGCM(key).decrypt(sealed[4:16], sealed[16:], associated(*place))
    return padded[4 : 4 + struct.unpack(">I", padded[:4])[0]]


def wrapped_key(wrapping: bytes, nonce: bytes, key: bytes, owner: tuple[str, int, str, int]) -> bytes:
    bound = [owner[0].encode(), struct.pack(">I", owner[1]), UUID(owner[2]).bytes, struct.pack(">H", owner[3])]
    return nonce + AESGCM(wrapping).encrypt(nonce, key, pieces(b"child-registry/data-key/1", *bound))


def written(value: str | list[str] | dict[str, Any] | bytes) -> bytes:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    whole = value.encode() if isinstance(value, str) else value
    return whole if isinstance(whole, bytes) else pieces(*map(str.encode, whole))


def keyed(domain_key: bytes, labels: list[str], value: str | list[str] | dict[str, Any] | bytes) -> bytes:
    block = pieces(b"child-registry/derived/1", *map(str.encode, labels)) + b"\x01"
    key = hmac.new(domain_key, block, "sha256").digest()
    return hmac.new(key, written(value), "sha256").digest()[: KEPT.get(labels[0])]


def fold(name: str) -> str:
    seen = "".join(char for char in name if unicodedata.category(char) != "Cf")
    joined = re.sub("(?<=\\b[hk])['’‘ʼʻ`´′ʹ＇] +|['’‘ʼʻ`´′ʹ＇]", "", unicodedata.normalize("NFC", seen.lower()))
    plain = unicodedata.normalize("NFD", joined).translate(LETTERS)
    kept = (char for char in plain if "a" <= char <= "z" or unicodedata.category(char)[0] not in "LM")
    return " ".join(re.findall("[a-z]+", "".join(kept)))


def sound(syllable: str) -> str:
    single = re.sub(r"(.)\1+", r"\1", syllable)
    onset = re.sub("^(ngh|gh|qu|tr|gi(?=[aeiouy])|g(?=i)|c(?!h)|[rvxl])", lambda found: ONSETS[found[0]], single)
    coda = re.sub("(?<=.)(ng|nh|ch|c)$", lambda found: "n" if found[0] in ("ng", "nh") else "t", onset)
    return re.sub(r"(.)\1+", r"\1", coda.replace("y", "i"))


def search_texts(child: str, parents: list[str], year: int | None, date: str | None) -> Iterator[tuple[str, str]]:
    def pair(one: str, other: str) -> str:
        return f"pair {min(one, other)} {max(one, other)} {born}"

    born, parts = year or "?", fold(child).split()[:8]
    sounds = [sound(part) for part in parts]
    short = [[sound(part[:at] + part[at + 1 :]) for at in range(len(part)) if len(part) > 1] for part in parts]
    order = sorted(combinations(range(len(parts)), 2), key=lambda at: (at[1] != len(parts) - 1, at[0] != 0, at))
    texts = [f"whole {' '.join(sounds)} {born}"][: len(parts)]
    texts += [f"date {date} {end}" for end in sounds[-1:] + sounds[:1] if date]
    yield from (("child", text) for text in texts + [pair(sounds[one], sounds[other]) for one, other in order])
    for own in ([sound(part) for part in fold(parent).split()[:8]] for parent in parents):
        yield from (("parent", pair(own[at], own[-1])) for at in (0, len(own) - 2)[: max(0, len(own) - 1)])
        yield from (("parent", f"of {own[-1]} {sound(given)} {born}") for given in fold(child).split()[-1:] if own)
    if len(parts) == 1:
        yield from (("child", f"whole {form} {born}") for form in short[0])
    elif parts:
        other = (sounds[-2], short[-1]) if len(parts) > 2 else (sounds[1], short[0])
        yield from (("child", pair(end, form)) for end, forms in ((sounds[0], short[-1]), other) for form in forms)


def child_tokens(domain_key: bytes, province: str, texts: Iterable[tuple[str, str]]) -> list[int]:
    own = dict.fromkeys(keyed(domain_key, [whose, province], text) for whose, text in texts)
    tokens, seed, number = set(list(own)[:28]), pieces(*list(own)[:28]), 0
    while len(tokens) < 28:
        tokens.add(keyed(domain_key, ["noise", province], seed + struct.pack(">I", number)))
        number += 1
    return sorted(struct.unpack(">28i", b"".join(tokens)))
