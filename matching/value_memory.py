"""What the written values of each column give a packed row: each distinct value is read once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Final, TypeVar

import numpy as np

from matching import child_columns
from matching.child_columns import Reading
from matching.identity import Identity, Parent, Scheme, Unit
from matching.packed import (
    BIRTH,
    CHILD,
    CHILD_JOINED,
    FACTS,
    FATHER,
    FATHER_JOINED,
    FATHER_NUMBER,
    MOST_PARTS,
    MOTHER,
    MOTHER_JOINED,
    MOTHER_NUMBER,
    NUMBER,
    PARENT_YEARS,
    PLACE,
    Rows,
    pack,
)
from matching.vocabulary import Vocabulary

T = TypeVar("T")
_ReadAs = Callable[[str | None], tuple[Identity, str | None]]

MOST_REMEMBERED: Final = 50_000  # values of a column: more than there are communes or days of birth


def _words_of_name(parts: int, joined: int) -> tuple[int, ...]:
    return (*range(parts, parts + MOST_PARTS), joined, joined + 1)


CHILD_NAME: Final = _words_of_name(CHILD, CHILD_JOINED)
MOTHER_NAME: Final = _words_of_name(MOTHER, MOTHER_JOINED)
FATHER_NAME: Final = _words_of_name(FATHER, FATHER_JOINED)

# Which words of a packed row a column gives. A child's name may give the mother's.
WORDS_OF: Final[Mapping[str, tuple[int, ...]]] = {
    "full_name": (FACTS, *CHILD_NAME, *MOTHER_NAME),
    "mother_name": (FACTS, *MOTHER_NAME),
    "father_name": (FACTS, *FATHER_NAME),
    "personal_number": (NUMBER, NUMBER + 1),
    "mother_number": (MOTHER_NUMBER, MOTHER_NUMBER + 1),
    "father_number": (FATHER_NUMBER, FATHER_NUMBER + 1),
    "sex": (FACTS,),
    "birth_date": (BIRTH, FACTS),
    "commune_code": (PLACE,),
    "ethnicity": (FACTS,),
    "mother_birth_year": (PARENT_YEARS,),
    "father_birth_year": (PARENT_YEARS,),
}


def _alone(read: Callable[[str | None], Reading[T]], identity: Callable[[T], Identity]) -> _ReadAs:
    """Return a reader that gives somebody of whom one fact is known."""

    def read_as(written: str | None) -> tuple[Identity, str | None]:
        reading = read(written)
        return Identity() if reading.fact is None else identity(reading.fact), reading.rule

    return read_as


def commune_key(code: str | None, scheme: Scheme | None) -> str:
    """Return a code and its list as one text."""
    return f"{scheme or ''} {code or ''}"


def _read_commune(key: str | None) -> Reading[Unit]:
    scheme, _, code = (key or " ").partition(" ")
    return child_columns.read_commune(code, Scheme(scheme) if scheme else None)


def _readers(year: int) -> Mapping[str, _ReadAs]:
    return {
        "full_name": _alone(child_columns.read_name, lambda name: Identity(name=name)),
        "mother_name": _alone(child_columns.read_name, lambda name: Identity(mother=Parent(name=name))),
        "father_name": _alone(child_columns.read_name, lambda name: Identity(father=Parent(name=name))),
        "personal_number": _alone(child_columns.read_number, lambda number: Identity(number=number)),
        "mother_number": _alone(child_columns.read_paper, lambda paper: Identity(mother=Parent(number=paper))),
        "father_number": _alone(child_columns.read_paper, lambda paper: Identity(father=Parent(number=paper))),
        "sex": _alone(child_columns.read_sex, lambda sex: Identity(sex=sex)),
        "birth_date": _alone(partial(child_columns.read_birth, year=year), lambda birth: Identity(birth=birth)),
        "commune_code": _alone(_read_commune, lambda unit: Identity(unit=unit)),
        "ethnicity": _alone(child_columns.read_ethnic_group, lambda code: Identity(ethnicity=code)),
        "mother_birth_year": _alone(child_columns.read_year, lambda born: Identity(mother=Parent(birth_year=born))),
        "father_birth_year": _alone(child_columns.read_year, lambda born: Identity(father=Parent(birth_year=born))),
    }


class ValueMemory:
    """The values of every column that were read so far; several threads may ask it."""

    def __init__(self, vocabulary: Vocabulary, lock: Lock, *, year: int, most: int = MOST_REMEMBERED) -> None:
        """Begin with nothing remembered.

        Args:
            lock: held by whoever adds to `vocabulary`.
            year: at which ages are reckoned.
            most: values of a column to remember; a column with more begins anew.
        """
        self._most = most
        self._vocabulary = vocabulary
        self._lock = lock
        self._readers = _readers(year)
        self._seen: dict[str, dict[str | None, tuple[list[int], str | None]]] = {column: {} for column in WORDS_OF}

    def words_of(self, column: str, values: Sequence[str | None]) -> tuple[Rows, list[str | None]]:
        """Return the words that each of some distinct values gives, and the rule that it breaks if it gives none.

        Returns: words in the order of WORDS_OF[column]; those of nobody where a value gives none.
        """
        with self._lock:
            seen = self._seen[column]
            new = [value for value in values if value not in seen]
            if new:
                seen.update(zip(new, self._read(column, new), strict=True))
            found = [seen[value] for value in values]
            if len(seen) > self._most:
                seen.clear()
        words = np.array([each[0] for each in found], dtype=np.int32).reshape(len(found), len(WORDS_OF[column]))
        return words, [each[1] for each in found]

    def _read(self, column: str, values: Sequence[str | None]) -> list[tuple[list[int], str | None]]:
        read = [self._readers[column](value) for value in values]
        rows = pack([identity for identity, _ in read], self._vocabulary).rows[:, WORDS_OF[column]]
        return [(words, rule) for words, (_, rule) in zip(rows.tolist(), read, strict=True)]
