"""Spoils files the way transport, spreadsheets and malice do."""

from __future__ import annotations

import io
import random
import zipfile
import zlib

ODD = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b'"',
    b'""',
    b";",
    b",",
    b"\t",
    b"\x1a",
    b"\x1b[2J",
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"{",
    b"}",
    b"[" * 3000,
    b"null",
    b"NaN",
    b"Infinity",
    b"1e999",
    b"9" * 5000,
    b"-1",
    b"true",
    b'"deleted": true, ',
    b"=cmd|' /C calc'!A0",
    b"&lol;",
    b"<!DOCTYPE x [<!ENTITY lol SYSTEM 'file:///etc/passwd'>]>",
    b"%s%n",
    "\u202e\u200b\u0301\ufeff".encode(),
    "\U0001f600".encode(),
    b"31/02/2014",
    b"9999-99-99",
    b"0000-00-00",
    b"0001-01-01T00:00:00+99:99",
)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return `content` with a few faults; a workbook is spoilt inside as often as outside."""
    if content.startswith(b"PK") and chance.random() < 0.7:
        return _inside(content, chance)
    for _ in range(chance.randint(1, 6)):
        content = chance.choice((_flip, _cut, _put, _repeat, _swap))(content, chance)
    return content


def _place(content: bytes, chance: random.Random) -> int:
    return chance.randrange(len(content) + 1)


def _flip(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(min(len(changed), chance.randint(1, 8))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(content: bytes, chance: random.Random) -> bytes:
    start = _place(content, chance)
    return content[:start] + content[start + chance.choice((1, 2, 50, 5000)) :]


def _put(content: bytes, chance: random.Random) -> bytes:
    place = _place(content, chance)
    return content[:place] + chance.choice(ODD) + content[place:]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    place = _place(content, chance)
    piece = content[place : place + chance.choice((1, 20, 400))]
    return content[:place] + piece * chance.randint(1, 20) + content[place:]


def _swap(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    if len(lines) > 2:
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _inside(content: bytes, chance: random.Random) -> bytes:
    """Spoil one member of a workbook and pack it again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as changed:
        names = whole.namelist()
        chosen = chance.choice([*names, *(name for name in names if "sheet" in name)])
        for name in names:
            member = whole.read(name)
            if name == chosen:
                member = mutated(b"\x00" + member, chance)[1:] if chance.random() < 0.9 else zlib.compress(member)
            changed.writestr(name, member)
    return out.getvalue()
