"""The words of the pages in both languages. English texts are the keys; the Vietnamese ones lie in `locale/vi.po`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO, StringIO
from typing import Final, Literal, TypeGuard

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")


def is_language(text: str) -> TypeGuard[Language]:
    """Say whether the pages exist in this language."""
    return text in LANGUAGES


@cache
def translations(language: Language) -> NullTranslations:
    """Return the translations into a language, compiled in memory once."""
    if language == "en":
        return NullTranslations()
    text = files("registry.web").joinpath("locale", f"{language}.po").read_text(encoding="utf-8")
    compiled = BytesIO()
    write_mo(compiled, read_po(StringIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)


def msgid(text: str) -> str:
    """Mark an English text for translation where it is shown, and return it as it is."""
    return text
