"""Ethnic groups: what people write, as a code of the official list. Nothing is ever guessed from a name."""

from __future__ import annotations

import re
from functools import cache

from matching import reference
from matching.names import fold

_PREFIX = re.compile(r"(?:(?:dan toc|nguoi) )+(?=.)")
_ALSO_WRITTEN = {  # folded, without spaces; the official names come from the list itself
    "05": ("khome", "khmerkrom", "khomekrom"),
    "06": ("han",),
    "08": ("hmong", "meo"),
    "10": ("jrai", "jarai"),
    "11": ("rade",),
    "12": ("bahnar",),
    "13": ("caolan", "sanchi"),
    "15": ("koho", "kho"),
    "16": ("xedang", "sedang"),
    "19": ("raglay",),
    "22": ("stieng",),
    "23": ("khmu",),
    "24": ("bru", "vankieu"),
    "25": ("katu",),
    "27": ("paco",),
    "29": ("gie", "trieng"),
    "30": ("cor", "kor"),
    "55": ("nuocngoai",),
}


@cache
def _codes() -> dict[str, str]:
    codes = {also: code for code, written in _ALSO_WRITTEN.items() for also in written}
    return codes | {fold(row["name"]).replace(" ", ""): row["code"] for row in reference.rows("ethnic_groups")}


@cache
def _names() -> dict[str, str]:
    return {row["code"]: row["name"] for row in reference.rows("ethnic_groups")}


def read_ethnicity(written: str | None) -> str | None:
    """Return the two-digit code of the ethnic group that `written` names or codes; None when it names none."""
    if written is None:
        return None
    text = written.strip()
    if re.fullmatch(r"[0-9]{1,2}", text):
        return text.zfill(2) if text.zfill(2) in _names() else None
    folded = fold(text)
    for words in (folded, _PREFIX.sub("", folded)):
        if (code := _codes().get(words.replace(" ", ""))) is not None:
            return code
    return None


def ethnic_name(code: str) -> str | None:
    """Return the official name of the ethnic group `code`; None for a code that the list does not have."""
    return _names().get(code)
