"""What is shown of a value that may be recognised but not read."""

from __future__ import annotations

_ENDS = 3  # characters of a number that stay at either end


def masked_number(number: str) -> str:
    """Return a personal number as "001***456"; a short one is hidden whole."""
    if len(number) < 3 * _ENDS:
        return "***"
    return f"{number[:_ENDS]}***{number[-_ENDS:]}"


def masked_name(written: str) -> str:
    """Return the given name alone: the last word of a name, however many there are before it."""
    words = written.split()
    if not words:
        return ""
    return words[0] if len(words) == 1 else f"… {words[-1]}"


def masked_phone(phone: str) -> str:
    """Return the last three digits of a telephone number."""
    digits = [character for character in phone if character.isdigit()]
    return "***" + "".join(digits[-_ENDS:]) if len(digits) > 2 * _ENDS else "***"
