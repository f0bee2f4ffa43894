"""Tables are packed to the very rows that one identity after the other is packed to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.child_columns import COLUMNS, identity_of
from matching.packed import WORDS, pack
from matching.table_packing import TablePacker, pack_tables
from matching.value_memory import ValueMemory
from matching.vocabulary import Vocabulary
from tests.matching.written_records import ODD_VALUES, rows, table_of, whole_name

YEAR = 2026
_ROOT = Path(__file__).parents[2]


def check_same_rows(records: list[dict[str, str | None]]) -> None:
    """Check that a table gives the rows, and the count of what is not read, of its records one by one."""
    vocabulary = Vocabulary()
    packer = TablePacker(vocabulary, year=YEAR)
    packed = packer.pack(table_of(records))
    read = [identity_of(record, year=YEAR) for record in records]
    expected = pack([identity for identity, _ in read], vocabulary)
    np.testing.assert_array_equal(packed.rows, expected.rows)
    assert packed.former.shape == expected.former.shape
    counted = Counter((unread.column, unread.rule) for _, all_unread in read for unread in all_unread)
    assert {(values.column, values.rule): values.count for values in packer.unread} == counted


_texts = st.one_of(st.text(max_size=20), st.text(alphabet="aAăđ '-0\u0301?", max_size=12))
_names = st.one_of(_texts, st.randoms(use_true_random=False).map(whole_name))
_written = {
    column: st.one_of(st.none(), st.sampled_from(odd), _names if column.endswith("name") else _texts)
    for column, odd in ODD_VALUES.items()
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.fixed_dictionaries({"record_id": st.just("R1"), **_written}), max_size=4))
def test_any_table_gives_the_rows_of_its_records_one_by_one(records: list[dict[str, str | None]]) -> None:
    check_same_rows(records)


def test_a_table_as_systems_write_it_gives_the_rows_of_its_records_one_by_one() -> None:
    check_same_rows(rows(3_000, seed=1))


def _every_odd_value() -> list[dict[str, str | None]]:
    return [{column: value} for column, values in ODD_VALUES.items() for value in values]


def test_every_odd_value_gives_the_row_of_its_record() -> None:
    check_same_rows(_every_odd_value())


def check_without_compilation() -> None:
    """Run the loops as plain Python, in which whole numbers warn where compiled ones wrap around."""
    with np.errstate(over="ignore"):
        check_same_rows([*rows(40, seed=2), *_every_odd_value()])
        long_words = [f"{'A' * place}n Lê" for place in range(20)]
        check_same_rows([{"full_name": name} for name in long_words])


def test_the_loops_give_the_same_when_they_are_not_compiled() -> None:
    command = "from tests.matching.test_table_packing import check_without_compilation as check; check()"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", command], check=True, cwd=_ROOT, env=environment)


def test_a_mother_in_a_newborns_name_counts_only_where_no_mother_is_named() -> None:
    named = {"full_name": "Con bà Lê Thị An", "mother_name": "Trần Thị Bình"}
    check_same_rows([named, {**named, "mother_name": None}, {**named, "mother_name": "Con bà Vũ Thị Chi"}])


def test_columns_that_are_missing_are_not_known() -> None:
    vocabulary = Vocabulary()
    packed = TablePacker(vocabulary, year=YEAR).pack(pa.table({"record_id": ["R1", "R2"], "other": [1, 2]}))
    np.testing.assert_array_equal(packed.rows, pack([identity_of({}, year=YEAR)[0]] * 2, vocabulary).rows)


def test_a_column_without_a_single_value_is_not_known() -> None:
    table = pa.table({column: pa.nulls(3, pa.string()) for column in COLUMNS})
    assert TablePacker(Vocabulary(), year=YEAR).pack(table).rows.shape == (3, WORDS)


def test_a_table_without_rows_gives_no_rows() -> None:
    assert len(TablePacker(Vocabulary(), year=YEAR).pack(table_of([]))) == 0


def test_pieces_of_columns_and_other_types_of_text_give_the_same_rows() -> None:
    table = table_of(rows(60, seed=3))
    wide = pa.schema([(name, pa.large_string()) for name in table.column_names])
    coded = pa.schema([(name, pa.dictionary(pa.int32(), pa.string())) for name in table.column_names])
    packer = TablePacker(Vocabulary(), year=YEAR)
    expected = packer.pack(table)
    for other in (pa.concat_tables([table.slice(0, 7), table.slice(7)]), table.cast(wide), table.cast(coded)):
        np.testing.assert_array_equal(packer.pack(other).rows, expected.rows)
    np.testing.assert_array_equal(packer.pack(table.slice(9, 20)).rows, expected.rows[9:29])


def test_bytes_under_a_null_are_nobodys_name() -> None:
    letters, offsets = pa.py_buffer("AnBình".encode()), pa.py_buffer(np.array([0, 2, 7], dtype=np.int32).tobytes())
    names = pa.StringArray.from_buffers(2, offsets, letters, null_bitmap=pa.py_buffer(b"\x01"))
    packed = TablePacker(Vocabulary(), year=YEAR).pack(pa.table({"full_name": names}))
    expected = TablePacker(Vocabulary(), year=YEAR).pack(pa.table({"full_name": ["An", None]}))
    np.testing.assert_array_equal(packed.rows, expected.rows)


def test_threads_pack_a_file_to_the_same_rows_in_the_same_order() -> None:
    table = table_of(rows(1_200, seed=4))
    vocabulary = Vocabulary()
    packer = TablePacker(vocabulary, year=YEAR)
    pieces = [table.slice(start, 100) for start in range(0, len(table), 100)]
    pairs = list(pack_tables(packer, pieces, threads=3))
    alone = TablePacker(vocabulary, year=YEAR)
    expected = alone.pack(table)
    np.testing.assert_array_equal(np.concatenate([packed.rows for _, packed in pairs]), expected.rows)
    assert [piece for piece, _ in pairs] == pieces
    assert packer.unread == alone.unread


def test_what_is_not_read_is_told_by_column_rule_and_row_without_the_value() -> None:
    packer = TablePacker(Vocabulary(), year=YEAR)
    packer.pack(pa.table({"birth_date": ["2014-05-03", "2014-02-30"]}))
    packer.pack(pa.table({"birth_date": ["2014-02-31"] * 9}))
    (values,) = packer.unread
    assert (values.column, values.rule, values.count) == ("birth_date", "impossible_date", 10)
    assert values.first_rows == (2, 3, 4, 5, 6)
    assert "2014" not in values.sentence
    assert "birth_date" in values.sentence


def test_another_file_is_counted_anew() -> None:
    packer = TablePacker(Vocabulary(), year=YEAR)
    packer.pack(pa.table({"sex": ["x"]}))
    other = packer.for_another_file()
    other.pack(pa.table({"sex": ["1", "x"]}))
    assert [values.first_rows for values in (*packer.unread, *other.unread)] == [(1,), (2,)]


def test_a_column_of_which_every_value_differs_is_not_remembered() -> None:
    memory = ValueMemory(Vocabulary(), Lock(), year=YEAR, most=9)
    words, rules = memory.words_of("sex", [f"{place:x}g" for place in range(10)])
    assert (words.shape, set(rules)) == ((10, 1), {"unknown_sex"})
    assert not memory._seen["sex"]
