"""Whether two ways of writing a name or a birth date say the same, as far as both say it."""

from __future__ import annotations

import re
import unicodedata

_ISO = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def same_name(one: str | None, other: str | None) -> bool:
    """Tell whether two names have the same letters, whatever their case, marks and spacing; an empty one never."""
    folded = _folded(one or "")
    return bool(folded) and folded == _folded(other or "")


def _folded(name: str) -> str:
    # Đ has no decomposition, so it is mapped by hand.
    decomposed = unicodedata.normalize("NFD", name.casefold().replace("đ", "d").replace("ð", "d"))
    return "".join(letter for letter in decomposed if letter.isalnum())


def same_birth_date(one: str | None, other: str | None) -> bool:
    """Tell whether two ISO dates agree to the finest part that both have; an unknown one agrees with none."""
    if not (_ISO.fullmatch(one or "") and _ISO.fullmatch(other or "")):
        return False
    return all(ours == theirs for ours, theirs in zip((one or "").split("-"), (other or "").split("-"), strict=False))
