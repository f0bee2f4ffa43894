"""The encodings that Vietnamese files come in: decoding them, and telling which one a column is in.

TCVN3 (the .VnTime fonts) has one byte a letter, but none for a capital with a tone mark; VNI-Windows writes a vowel
and its mark as two bytes. Neither can be told from the bytes alone, so a column is decided by what it says:
the right encoding is the one in which its values begin with surnames. Text typed in such a font and saved as Unicode,
which is what a workbook does with it, holds the same bytes as letters of Latin-1; it is told and read in the same way.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from connectors.contract import NameJudge

ASCII = "ascii"
UTF_8 = "utf-8"
CP1258 = "cp1258"
TCVN3 = "tcvn3"
VNI = "vni"
TCVN3_IN_UTF_8 = "tcvn3 in utf-8"
VNI_IN_UTF_8 = "vni in utf-8"

ENCODINGS = (UTF_8, TCVN3, VNI, CP1258)

_NESTED = {TCVN3_IN_UTF_8: TCVN3, VNI_IN_UTF_8: VNI}

LEAST_SCORE = 0.3  # share of first syllables that must be surnames; in a wrong encoding hardly any is
LEAD = 2.0  # how many times the runner-up the winner must score
MOSTLY = 0.9  # share of values that must be readable: a few damaged ones do not change a column's encoding

_UNDEFINED = "\ufffe"  # what `codecs.charmap_decode` reads as 'no such letter'


def _tcvn3_letters() -> str:
    """Return the 256 letters of TCVN3 by byte.

    Source: TCVN 5712:1993, table VN3, as the ABC fonts carry it.
    """
    letters = {byte: chr(byte) for byte in range(0x80)}
    runs = {
        0xA1: "ĂÂÊÔƠƯĐăâêôơưđ",
        0xB5: "àảãáạ",
        0xBB: "ằẳẵắ",
        0xC6: "ặầẩẫấậè",
        0xCE: "ẻẽéẹềểễếệìỉ",
        0xDC: "ĩíịò",
        0xE1: "ỏõóọồổỗốộờởỡớợù",
        0xF1: "ủũúụừửữứựỳỷỹýỵ",
    }
    for first, run in runs.items():
        letters.update(zip(range(first, first + len(run)), run, strict=True))
    return "".join(letters.get(byte, _UNDEFINED) for byte in range(256))


_TCVN3 = _tcvn3_letters()
# Small letters that TCVN3 has no capital of: all with a tone mark.
_DRAWN_LARGE = frozenset(_TCVN3[0xB5:].replace(_UNDEFINED, ""))


def _vni_letters() -> tuple[dict[str, str], dict[str, str]]:
    """Return VNI's pairs and single letters, read as Latin-1, with the letter each stands for."""
    toned = dict(zip("ùøûõï", "\u0301\u0300\u0309\u0303\u0323", strict=True))  # after a plain vowel
    hatted = dict(zip("âáàåãä", ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"), strict=True))
    breved = dict(zip("êéèúüë", ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"), strict=True))
    horned = {"ô": "ơ", "ö": "ư"}
    pairs: dict[str, str] = {}
    for vowel in "aeiouy":
        pairs.update({vowel + mark: vowel + tone for mark, tone in toned.items()})
    for vowel, letter in horned.items():
        pairs.update({vowel + mark: letter + tone for mark, tone in toned.items()})
    for vowel in "aeo":
        pairs.update({vowel + mark: vowel + "\u0302" + tone for mark, tone in hatted.items()})
    pairs.update({"a" + mark: "a\u0306" + tone for mark, tone in breved.items()})
    single = horned | {"í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ"}
    # Typists mix the cases of a vowel and its mark; the vowel's case is the letter's.
    pairs |= {pair[0].upper() + pair[1]: letter.upper() for pair, letter in pairs.items()}
    single |= {key.upper(): letter.upper() for key, letter in single.items()}
    return {pair: unicodedata.normalize("NFC", letter) for pair, letter in pairs.items()}, single


_VNI_PAIRS, _VNI_SINGLE = _vni_letters()


def decode(value: bytes, encoding: str) -> str | None:
    """Return `value` as text, or None where its bytes are not in `encoding`."""
    if value.isascii():
        return value.decode(ASCII)
    if encoding in _NESTED:
        return _decode_nested(value, _NESTED[encoding])
    reader = {TCVN3: _decode_tcvn3, VNI: _decode_vni, CP1258: _decode_cp1258}.get(encoding)
    return reader(value) if reader else _decoded(value, encoding)


def _decoded(value: bytes, encoding: str) -> str | None:
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        return None


def _decode_cp1258(value: bytes) -> str | None:
    """Decode Windows-1258, which writes a tone as a mark of its own; one that joins no letter is no Vietnamese."""
    text = unicodedata.normalize("NFC", _decoded(value, CP1258) or "")
    return text if text and not any(unicodedata.combining(letter) for letter in text) else None


def _decode_nested(value: bytes, encoding: str) -> str | None:
    try:
        as_typed = value.decode(UTF_8).encode("latin-1")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return None
    return decode(as_typed, encoding)


def _decode_tcvn3(value: bytes) -> str | None:
    try:
        text, _ = codecs.charmap_decode(value, "strict", _TCVN3)
    except UnicodeDecodeError:
        return None
    return _capitals_restored(text)


def _capitals_restored(text: str) -> str:
    """Return `text` in capitals if all its small letters are such as have no capital in TCVN3.

    'NGUYễN THị HOA' was typed in a font that draws the small letters large. A word with two capitals tells it from
    'Vũ Hà' and 'Nữ', which stay.
    """
    small = {letter for letter in text if letter.islower()}
    if not small or not small <= _DRAWN_LARGE:
        return text
    in_capitals = any(sum(letter.isupper() for letter in word) > 1 for word in text.split())
    return text.upper() if in_capitals else text


def _decode_vni(value: bytes) -> str | None:
    written = value.decode("latin-1")
    letters: list[str] = []
    place = 0
    while place < len(written):
        first, mark = written[place], written[place + 1 : place + 2].lower()
        if pair := _VNI_PAIRS.get(first + mark):
            letters.append(pair)
            place += 2
        elif first.isascii() or first in _VNI_SINGLE:
            letters.append(_VNI_SINGLE.get(first, first))
            place += 1
        else:
            return None
    return "".join(letters)


def readable_share(values: Iterable[bytes], encoding: str) -> float:
    """Return the share of `values` that can be read in `encoding`; 1 if there are none."""
    readable = [decode(value, encoding) is not None for value in values]
    return sum(readable) / len(readable) if readable else 1.0


def decide(values: Iterable[bytes], looks_like_a_name: NameJudge) -> str | None:
    """Return the encoding of a column of names; None if it cannot be told.

    Args: values: the whole column, or a sample of 2,000 values and more of a long one.
    """
    telling = [value for value in values if not value.isascii()]
    if not telling:
        return ASCII
    if readable_share(telling, UTF_8) >= MOSTLY:
        # No other encoding gives such bytes by chance; what was typed in an old font shows by its surnames.
        return _best((UTF_8, *_NESTED), telling, looks_like_a_name) or UTF_8
    return _best(ENCODINGS, telling, looks_like_a_name)


def _best(candidates: Iterable[str], values: list[bytes], looks_like_a_name: NameJudge) -> str | None:
    """Return the one of `candidates` in which the values clearly begin with surnames most often; None if none does."""
    scores = {encoding: _surname_score(values, encoding, looks_like_a_name) for encoding in candidates}
    best, runner_up = sorted(scores, key=lambda encoding: scores[encoding], reverse=True)[:2]
    if scores[best] < LEAST_SCORE or scores[best] < LEAD * scores[runner_up]:
        return None
    return best


def _surname_score(values: list[bytes], encoding: str, looks_like_a_name: NameJudge) -> float:
    """Return the share of first syllables that are surnames when read in `encoding`, weighed by what is readable.

    First syllables in plain ASCII read alike in every encoding and tell nothing.
    """
    first_words = [words[0] for value in values if (words := value.split()) and not words[0].isascii()]
    readable = [text for word in first_words if (text := decode(word, encoding)) is not None]
    if not readable:
        return 0.0
    return looks_like_a_name(readable) * len(readable) / len(first_words) * readable_share(values, encoding)


def decide_columns(
    samples: Mapping[str, Sequence[bytes]], name_columns: Iterable[str], looks_like_a_name: NameJudge
) -> dict[str, str | None]:
    """Return the encoding of each column of a table; None where it cannot be told.

    A column of names is decided by its names. The others are as most of those, if they can be read so.

    Args:
        samples: values of each column; those in plain ASCII may be left out.
    """
    of_names = {column: decide(samples[column], looks_like_a_name) for column in name_columns}
    telling = [encoding for encoding in of_names.values() if encoding not in (None, ASCII)]
    main = max(telling, key=telling.count, default=None)
    return {
        column: of_names.get(column) or _follow(sample, main) or decide(sample, looks_like_a_name)
        for column, sample in samples.items()
    }


def _follow(sample: Sequence[bytes], main: str | None) -> str | None:
    """Return the encoding of a column without names, as far as it is that of the others or shows by itself."""
    candidates = (main, UTF_8) if main in _NESTED else (UTF_8, main)
    if all(value.isascii() for value in sample):
        return ASCII
    telling = [value for value in sample if not value.isascii()]
    return next((encoding for encoding in candidates if encoding and readable_share(telling, encoding) >= MOSTLY), None)
