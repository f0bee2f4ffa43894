"""What somebody may have meant who typed a name: the known syllables near to each typed one, for a search by tokens."""

from __future__ import annotations

from typing import Final

from registry.actions.finding.near_syllables import is_known, near, share_of
from registry.actions.finding.typed_names import Reading
from registry.protect.query_tokens import Form, Parts, Place

FORMS_OF_UNKNOWN: Final = 8  # guesses at a syllable that is in no list
FORMS_OF_KNOWN: Final = 4  # and at one that is


def meant(readings: tuple[Reading, ...]) -> tuple[Parts, ...]:
    """Return every reading of a typed name with the syllables that may be meant."""
    return tuple(tuple(_place(syllable.forms) for syllable in reading) for reading in readings)


def _place(forms: tuple[str, ...]) -> Place:
    first = forms[0]
    typed = [Form(form, share_of(form)) for form in forms]
    most = FORMS_OF_KNOWN if is_known(first) else FORMS_OF_UNKNOWN
    guessed = [Form(one.syllable, one.share, one.slips) for one in near(first)[:most]]
    return (*typed, *guessed)
