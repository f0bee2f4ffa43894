"""Tables of children's records as packed rows, column by column: the same rows as `pack` makes of each identity.

What few values tell apart (sex, dates, communes) is read once for each value; names and numbers are read by compiled
loops, and by the readers of single values where they are not written plainly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching import child_columns
from matching.compiling import compiled
from matching.identity import Identity, Scheme
from matching.known import PARENT_IS_OLDER
from matching.numbers import CHILD_UNTIL
from matching.packed import (
    BIRTH,
    CHILD,
    CHILD_JOINED,
    COUNT_SHIFT,
    FACTS,
    FATHER,
    FATHER_COUNT_SHIFT,
    FATHER_JOINED,
    FATHER_NUMBER,
    MARKS_SHIFT,
    MOST_FORMER,
    MOST_PARTS,
    MOTHER,
    MOTHER_COUNT_SHIFT,
    MOTHER_JOINED,
    MOTHER_NUMBER,
    NOT_OWN_NUMBER_SHIFT,
    NUMBER,
    OLD_CARD,
    PARENT_YEARS,
    PLACE,
    WORDS,
    Packed,
    Rows,
    pack,
)
from matching.text_columns import one_array, texts_of
from matching.tokens import Role, Tokens
from matching.unread_values import UnreadTally, UnreadValues
from matching.value_memory import MOTHER_NAME, WORDS_OF, ValueMemory, commune_key
from matching.vocabulary import Vocabulary

_Integers = npt.NDArray[np.int32]
_Places = npt.NDArray[np.int64]

_ROLES: Final = {
    "full_name": Role(CHILD, CHILD_JOINED, COUNT_SHIFT, MARKS_SHIFT),
    "mother_name": Role(MOTHER, MOTHER_JOINED, MOTHER_COUNT_SHIFT, MARKS_SHIFT + 1),
    "father_name": Role(FATHER, FATHER_JOINED, FATHER_COUNT_SHIFT, MARKS_SHIFT + 2),
}
_FACTS_COLUMNS: Final = ("sex", "birth_date", "ethnicity", "mother_birth_year", "father_birth_year")
_NUMBER_COLUMNS: Final = ("personal_number", "mother_number", "father_number")
_COUNT_MASK: Final = 15
_YEAR_MASK: Final = 0xFFFF
_MOTHERS_FACTS: Final = _COUNT_MASK << MOTHER_COUNT_SHIFT | 1 << (MARKS_SHIFT + 1)
_SCHEMES: Final = (None, *Scheme)
_LENGTH: Final = 12  # digits of a number
_ZERO: Final = 48


@compiled
def _digits(letters: npt.NDArray[np.uint8], start: int) -> int:
    """Return six digits as a number; -1 when one of them is none."""
    number = 0
    for at in range(start, start + 6):
        digit = int(letters[at]) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        number = 10 * number + digit
    return number


@compiled
def _read_numbers(letters: npt.NDArray[np.uint8], starts: _Places, words: Rows, slow: npt.NDArray[np.bool_]) -> None:
    """Read the numbers that are twelve digits into two words each, and note those that are written otherwise."""
    for place in range(len(words)):
        start, length = starts[place], starts[place + 1] - starts[place]
        if length == _LENGTH:
            first, last = _digits(letters, start), _digits(letters, start + 6)
            if first >= 0 and last >= 0:
                words[place, 0] = first
                words[place, 1] = last
                continue
        slow[place] = length > 0


@compiled
def _stated_year(first_digits: int) -> int:
    """Return the year of birth in a number of twelve digits, 0 where there is none; see `numbers.year_of`."""
    if first_digits < 0 or first_digits >= OLD_CARD:
        return 0
    return 1900 + first_digits // 100 % 10 // 2 * 100 + first_digits % 100


@compiled
def _is_not_own(row: _Integers, year: int) -> bool:
    """Tell whether the row itself shows the number to be a parent's; see `known.is_a_parents_number`."""
    first, last = row[NUMBER], row[NUMBER + 1]
    if first < 0:
        return False
    if first == row[MOTHER_NUMBER] and last == row[MOTHER_NUMBER + 1]:
        return True
    if first == row[FATHER_NUMBER] and last == row[FATHER_NUMBER + 1]:
        return True
    if row[BIRTH] == 0:
        return bool(year - _stated_year(first) > CHILD_UNTIL)
    return bool((row[BIRTH] >> 9) - _stated_year(first) >= PARENT_IS_OLDER)


@compiled
def _read_between(rows: Rows, year: int) -> None:
    """Add what follows from numbers: a parent's year of birth where nobody wrote it, and whose number a child bears."""
    for place in range(len(rows)):
        row = rows[place]
        if row[PARENT_YEARS] & _YEAR_MASK == 0:
            row[PARENT_YEARS] |= _stated_year(row[MOTHER_NUMBER])
        if row[PARENT_YEARS] >> 16 == 0:
            row[PARENT_YEARS] |= _stated_year(row[FATHER_NUMBER]) << 16
        if _is_not_own(row, year):
            row[FACTS] |= 1 << NOT_OWN_NUMBER_SHIFT


def _codes(array: pa.Array) -> tuple[_Places, list[str | None]]:
    """Return which of the distinct values each row has, and the values; the last one stands for 'not known'."""
    encoded = array.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    indices = encoded.indices.fill_null(len(values)) if encoded.null_count else encoded.indices
    return np.asarray(indices).astype(np.int64), [*values, None]


@dataclass(frozen=True, slots=True, eq=False)
class _Learnt:
    """What packing has learnt so far of the values of a linkage."""

    tokens: Tokens
    memory: ValueMemory
    nobody: _Integers  # the row of somebody of whom nothing is known
    year: int


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """One table on its way into packed rows."""

    columns: Mapping[str, pa.Array]
    rows: Rows
    numbers: _Places  # of the rows in their file, from 0
    learnt: _Learnt
    tally: UnreadTally

    def given(self, column: str, places: _Places | None = None) -> Rows:
        """Return the words that a column gives to all rows, or to those at `places`, in the order of WORDS_OF."""
        array = self.columns[column] if places is None else self.columns[column].take(pa.array(places))
        codes, values = _codes(array)
        words, rules = self.learnt.memory.words_of(column, values)
        self.tally.note(column, rules, codes, self.numbers if places is None else self.numbers[places])
        return words[codes]

    def pack(self) -> None:
        """Fill the rows."""
        for column in _FACTS_COLUMNS:
            self._facts(column)
        self._communes()
        self._names()
        for column in _NUMBER_COLUMNS:
            self._numbers(column)
        _read_between(self.rows, self.learnt.year)

    def _facts(self, column: str) -> None:
        if column in self.columns:
            words = self.given(column)
            for place, word in enumerate(WORDS_OF[column]):
                self.rows[:, word] |= words[:, place]

    def _communes(self) -> None:
        if "commune_code" not in self.columns:
            return
        codes, values = _codes(self.columns["commune_code"])
        lists = self._lists()
        pairs = codes * len(_SCHEMES) + lists
        present = np.flatnonzero(np.bincount(pairs, minlength=len(values) * len(_SCHEMES)))
        code_and_list = [divmod(pair, len(_SCHEMES)) for pair in present.tolist()]
        keys = [commune_key(values[code], _SCHEMES[scheme]) for code, scheme in code_and_list]
        words, rules = self.learnt.memory.words_of("commune_code", keys)
        place_of = np.zeros(len(values) * len(_SCHEMES), dtype=np.int64)
        place_of[present] = np.arange(len(present))
        places = place_of[pairs]
        self.tally.note("commune_code", rules, places, self.numbers)
        self.rows[:, PLACE] = words[places, 0]

    def _lists(self) -> _Places:
        """Return which list the code of each row is from, as a place in _SCHEMES."""
        if "commune_scheme" not in self.columns:
            return np.zeros(len(self.rows), dtype=np.int64)
        codes, values = _codes(self.columns["commune_scheme"])
        readings = [child_columns.read_scheme(value) for value in values]
        self.tally.note("commune_scheme", [reading.rule for reading in readings], codes, self.numbers)
        return np.array([_SCHEMES.index(reading.fact) for reading in readings])[codes]

    def _names(self) -> None:
        mothers: tuple[_Places, Rows] | None = None
        for column, role in _ROLES.items():
            if column not in self.columns:
                continue
            slow = self.learnt.tokens.read(texts_of(self.columns[column]), self.rows, role)
            words = self.given(column, slow)
            own = words[:, 0] & ~_MOTHERS_FACTS if column == "full_name" else words[:, 0]
            self.rows[slow, FACTS] |= own
            self.rows[slow[:, None], WORDS_OF[column][1 : MOST_PARTS + 3]] = words[:, 1 : MOST_PARTS + 3]
            if column == "full_name":
                mothers = slow, words
        if mothers is not None:
            self._mothers_in_names(*mothers)

    def _mothers_in_names(self, places: _Places, words: Rows) -> None:
        """Give the mothers that children are called after to those whose mother is not named otherwise."""
        nameless = self.rows[places, FACTS] >> MOTHER_COUNT_SHIFT & _COUNT_MASK == 0
        places, words = places[nameless], words[nameless]
        self.rows[places, FACTS] |= words[:, 0] & _MOTHERS_FACTS
        self.rows[places[:, None], MOTHER_NAME] = words[:, -len(MOTHER_NAME) :]

    def _numbers(self, column: str) -> None:
        if column not in self.columns:
            return
        first = WORDS_OF[column][0]
        texts = texts_of(self.columns[column])
        slow = np.zeros(len(self.rows), dtype=np.bool_)
        _read_numbers(texts.letters, texts.starts, self.rows[:, first : first + 2], slow)
        places = np.flatnonzero(slow)
        self.rows[places, first : first + 2] = self.given(column, places)


class TablePacker:
    """Packs the tables of one file; several threads may pack tables of it at once."""

    def __init__(self, vocabulary: Vocabulary, *, year: int) -> None:
        """Begin a file.

        Args:
            vocabulary: shared by both sides of a linkage; nobody else adds to it while a table is packed.
            year: at which ages are reckoned.
        """
        lock = Lock()
        self._learnt = _Learnt(
            tokens=Tokens(vocabulary.syllables, lock),
            memory=ValueMemory(vocabulary, lock, year=year),
            nobody=pack([Identity()], vocabulary).rows[0],
            year=year,
        )
        self._tally = UnreadTally()
        self._rows_seen = 0

    def for_another_file(self) -> TablePacker:
        """Return a packer of another file: it shares what was learnt so far, and counts rows and faults anew."""
        other = copy(self)
        other._tally = UnreadTally()
        other._rows_seen = 0
        return other

    @property
    def unread(self) -> tuple[UnreadValues, ...]:
        """What could not be read so far, by column and rule."""
        return self._tally.values()

    def pack(self, table: pa.Table, *, first_row: int | None = None) -> Packed:
        """Return the rows of a table as packed rows.

        Args:
            table: any of the columns of a child, as strings; what it lacks is not known.
            first_row: place in the file of the table's first row, from 0; None: behind the table before. Threads
                that pack at once must say it.
        """
        first = self._rows_seen if first_row is None else first_row
        self._rows_seen = first + len(table)
        rows: Rows = np.empty((len(table), WORDS), dtype=np.int32)
        rows[:] = self._learnt.nobody
        columns = {name: one_array(table[name]) for name in table.column_names if name in child_columns.COLUMNS}
        numbers = np.arange(first, first + len(table))
        _Batch(columns, rows, numbers, self._learnt, self._tally).pack()
        return Packed(rows, np.zeros((0, MOST_FORMER), dtype=np.int64))


def pack_tables(
    packer: TablePacker, tables: Iterable[pa.Table], *, threads: int = 2
) -> Iterator[tuple[pa.Table, Packed]]:
    """Yield every table of one file with its packed rows, in order; the next ones are read and packed meanwhile."""
    first = 0
    waiting: deque[tuple[pa.Table, Future[Packed]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for table in tables:
            waiting.append((table, pool.submit(packer.pack, table, first_row=first)))
            first += len(table)
            if len(waiting) > threads:
                done, packed = waiting.popleft()
                yield done, packed.result()
        while waiting:
            done, packed = waiting.popleft()
            yield done, packed.result()
