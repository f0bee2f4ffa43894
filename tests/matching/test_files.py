"""Files are read as text, refused with a clear message, and written whole or not at all."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from matching.files import BadFile, ResultFile, check_unique, read_batches, read_pairs, read_whole

COLUMNS = ("record_id", "full_name", "sex")
REQUIRED = ("record_id",)
NAME = "Lê Văn Tí"  # made up; must never stand in a message


def _csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "left.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _parquet(folder: Path, name: str = "left.parquet", **columns: object) -> Path:
    path = folder / name
    parquet.write_table(pa.table(columns), path)
    return path


def _read(path: Path) -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = pa.concat_tables(
        read_batches(path, columns=COLUMNS, required=REQUIRED)
    ).to_pylist()
    return rows


def _fault(path: Path) -> str:
    with pytest.raises(BadFile) as fault:
        _read(path)
    assert NAME not in str(fault.value)
    assert str(path) in str(fault.value)
    assert fault.value.__cause__ is None
    assert fault.value.__suppress_context__ or fault.value.__context__ is None
    return str(fault.value)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_is_read_as_text_and_what_is_empty_is_null(tmp_path: Path, mark: str) -> None:
    path = _csv(tmp_path, f'{mark}record_id,sex,full_name\n001,1,{NAME}\n2,,"a, ""b""\nc"\n')
    assert _read(path) == [
        {"record_id": "001", "full_name": NAME, "sex": "1"},
        {"record_id": "2", "full_name": 'a, "b"\nc', "sex": None},
    ]


def test_a_missing_column_that_may_be_missing_is_null(tmp_path: Path) -> None:
    assert _read(_csv(tmp_path, "record_id\r\n1\r\n")) == [{"record_id": "1", "full_name": None, "sex": None}]
    assert _read(_parquet(tmp_path, record_id=["1"])) == [{"record_id": "1", "full_name": None, "sex": None}]


def test_columns_that_are_not_read_are_reported_once(tmp_path: Path) -> None:
    path = _csv(tmp_path, "record_id,school,school,note\n1,a,b,c\n2,a,b,c\n")
    said: list[str] = []
    tables = list(read_batches(path, columns=COLUMNS, required=REQUIRED, rows=1, report=said.append))
    assert [table.column_names for table in tables] == [list(COLUMNS)] * 2
    assert said == [f"{path}: columns that are not read: school, school, note"]


def test_batches_have_as_many_rows_as_are_asked_for(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    for place in range(3):
        _parquet(parts, f"part-{place}.parquet", record_id=[f"{place}{row}" for row in range(5)])
    (parts / "_SUCCESS").touch()
    tables = list(read_batches(parts, columns=COLUMNS, required=REQUIRED, rows=4))
    assert [len(table) for table in tables] == [4, 4, 4, 3]
    assert pa.concat_tables(tables)["record_id"].to_pylist() == [f"{p}{r}" for p in range(3) for r in range(5)]


def test_whole_numbers_days_and_coded_texts_of_parquet_become_text(tmp_path: Path) -> None:
    day = date(2014, 5, 3)
    for values in (
        [day],
        pa.array([day], pa.date32()).cast(pa.timestamp("us")),
        pa.array([day], pa.date64()),
        pa.array(["2014-05-03"], pa.string_view()),
    ):
        path = _parquet(
            tmp_path,
            record_id=[17],
            full_name=values,
            sex=pa.array(
                [
                    "",
                ]
            ).dictionary_encode(),
        )
        assert _read(path) == [{"record_id": "17", "full_name": "2014-05-03", "sex": None}]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pa.array([1.0]), "column full_name is of the type double"),
        (pa.array([True]), "column full_name is of the type bool"),
        (pa.array([["a"]]), "column full_name is of the type list"),
        (pa.array([1], pa.timestamp("us", "UTC")), "column full_name is of the type timestamp"),
        (pa.array([1], pa.timestamp("us")), "column full_name has a value that is no text in UTF-8 and no whole day"),
        (pa.array([b"\xe9"]).view(pa.string()), "column full_name has a value that is no text in UTF-8"),
    ],
)
def test_other_types_of_parquet_are_refused(tmp_path: Path, values: pa.Array, words: str) -> None:
    assert words in _fault(_parquet(tmp_path, record_id=["1"], full_name=values))


def test_a_missing_column_is_named_and_nothing_of_a_file_without_header_is_shown(tmp_path: Path) -> None:
    assert _fault(_csv(tmp_path, f"{NAME},1\n{NAME},2\n")).endswith("column record_id is missing")
    assert "separated by commas" in _fault(_csv(tmp_path, f"record_id;full_name\n1;{NAME}\n"))
    assert "column record_id is missing" in _fault(_parquet(tmp_path, full_name=[NAME]))


def test_a_column_that_stands_twice_is_named(tmp_path: Path) -> None:
    assert "column sex stands there twice" in _fault(_csv(tmp_path, f"record_id,sex,sex\n1,{NAME},2\n"))


@pytest.mark.parametrize("row", [f"3,{NAME},1,2", f"3,{NAME}"])
def test_a_ragged_row_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = _csv(tmp_path, f'record_id,full_name,sex\n1,"two\nlines",1\n\n{row}\n4,b,2\n')
    assert f"{path}: line 5 has more or fewer values" in _fault(path)


def test_text_that_is_not_utf_8_is_refused_with_its_column(tmp_path: Path) -> None:
    latin = f"record_id,full_name\n1,a\n2,{NAME}\n".encode("cp1258", errors="ignore")
    assert "column full_name, line 3: the text is not UTF-8" in _fault(_csv(tmp_path, latin))
    assert "no header of a CSV file in UTF-8" in _fault(_csv(tmp_path, f"record_id\n{NAME}\n".encode("utf-16")))


@pytest.mark.parametrize("header", ["record_id,full_name", "record_id,note"])
def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_rows_behind(tmp_path: Path, header: str) -> None:
    assert "a quotation mark is never closed" in _fault(_csv(tmp_path, f'{header}\n1,"{NAME}\n2,b\n3,c\n'))


def test_a_value_that_is_no_value_is_refused(tmp_path: Path) -> None:
    swallowed = "2,b\n" * 3000
    assert "full_name has a value of more than" in _fault(
        _csv(tmp_path, f'record_id,full_name\n1,"{NAME}\n{swallowed}"\n3,c\n')
    )


def test_rows_that_an_open_quotation_mark_swallows_do_not_fill_the_memory(tmp_path: Path) -> None:
    endless = "2,b\n" * (5 << 20)
    assert "a quotation mark is never closed" in _fault(_csv(tmp_path, f'record_id,full_name\n1,"{NAME}\n{endless}'))


def test_the_last_value_may_have_several_lines(tmp_path: Path) -> None:
    assert _read(_csv(tmp_path, 'record_id,full_name\n1,"a\nb"\n\n'))[0]["full_name"] == "a\nb"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("record_id\n", "has no rows"),
        ("record_id", "has no rows"),
    ],
)
def test_an_empty_side_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in _fault(_csv(tmp_path, text))


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    assert "has no rows" in _fault(_parquet(tmp_path, record_id=pa.array([], pa.string())))


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "right.parquet"
    damaged.write_bytes(NAME.encode() * 50)
    assert "no Parquet file" in _fault(damaged)
    half = _parquet(tmp_path, record_id=[f"{row:09}" for row in range(50_000)])
    content = bytearray(half.read_bytes())
    content[1000:60_000] = bytes(59_000)
    half.write_bytes(content)
    assert "the file is damaged" in _fault(half)
    assert "does not exist" in _fault(tmp_path / "absent.csv")
    assert "does not exist" in _fault(tmp_path / "absent.parquet")
    assert "must end in .csv or .parquet" in _fault(tmp_path / "left.xlsx")
    assert "cannot be read" in _fault(damaged / "left.csv")
    (tmp_path / "folder").mkdir()
    assert "no file that ends in .parquet" in _fault(tmp_path / "folder")
    (tmp_path / "folder.csv").mkdir()
    assert "no file that ends in .parquet" in _fault(tmp_path / "folder.csv")


def test_a_whole_file_may_have_no_rows(tmp_path: Path) -> None:
    table = read_whole(_csv(tmp_path, "record_id\n"), columns=COLUMNS, required=REQUIRED)
    assert (table.num_rows, table.column_names) == (0, list(COLUMNS))


def test_pairs_have_two_ids_and_what_is_said_of_them(tmp_path: Path) -> None:
    columns = ("left_id", "right_id", "constraint")
    path = _csv(tmp_path, "left_id,constraint,right_id\n1,same,2\n3,,4\n")
    assert read_pairs(path, columns[:2]).to_pylist() == [
        {"left_id": "1", "right_id": "2"},
        {"left_id": "3", "right_id": "4"},
    ]
    with pytest.raises(BadFile, match="column constraint is empty in row 2"):
        read_pairs(path, columns)


def _check(parts: Iterable[Sequence[str | None]]) -> None:
    check_unique([pa.array(part, pa.string()) for part in parts], path=Path("left.csv"))


def test_an_id_that_stands_twice_is_named_by_its_rows() -> None:
    with pytest.raises(BadFile, match=r"^left\.csv: column record_id has the same value in rows 2 and 5$"):
        _check([["a", "b", "c"], ["d", "b", "a"]])


@pytest.mark.parametrize("empty", [None, ""])
def test_an_id_that_is_missing_is_named_by_its_row(empty: str | None) -> None:
    with pytest.raises(BadFile, match=r"column record_id is empty in row 3"):
        _check([["a"], ["b", empty]])


def test_a_million_identical_ids_are_refused_at_once() -> None:
    with pytest.raises(BadFile, match="rows 1 and 2"):
        check_unique(pa.chunked_array([["same"] * 500_000] * 2), path=Path("left.csv"))


def check_without_compilation() -> None:
    """Run the loop as plain Python, in which whole numbers warn where compiled ones wrap around."""
    with np.errstate(over="ignore"):
        test_an_id_that_stands_twice_is_named_by_its_rows()
        _check([["a", "b"], ["c"]])


def test_ids_are_compared_the_same_when_the_loop_is_not_compiled() -> None:
    command = "from tests.matching.test_files import check_without_compilation as check; check()"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", command], check=True, cwd=Path(__file__).parents[2], env=environment)


@given(st.lists(st.lists(st.sampled_from([f"R{place}" for place in range(40)]), max_size=6), max_size=4))
def test_ids_are_unique_exactly_if_no_two_are_equal(parts: list[list[str]]) -> None:
    ids = [one for part in parts for one in part]
    if len(set(ids)) == len(ids):
        _check(parts)
    else:
        with pytest.raises(BadFile):
            _check(parts)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_result_is_written_for_its_owner_alone_in_place_of_what_stood_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("old")
    level = pa.array(["same", None], pa.string()).dictionary_encode()
    with ResultFile(path) as out:
        for _ in range(2):
            out.write(pa.table({"left_id": ["1", 'a"b,c'], "probability": [0.5, 1 / 3], "level": level}))
        assert path.read_text() == "old"
    rows = {"left_id": ["1", 'a"b,c'] * 2, "level": ["same", None] * 2}
    assert read_whole(path, columns=("left_id", "level"), required=()).to_pydict() == rows
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_after_an_error_nothing_is_left_and_what_stood_there_stands(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("old")

    def fail() -> None:
        with ResultFile(path) as out:
            out.write(pa.table({"left_id": ["1"]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_result_without_rows_has_its_columns(tmp_path: Path, name: str) -> None:
    with ResultFile(tmp_path / name, schema=pa.schema([("left_id", pa.string())])):
        pass
    assert read_whole(tmp_path / name, columns=("left_id",), required=("left_id",)).num_rows == 0


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, words in (
        ("folder.csv", "a folder stands there"),
        ("out.xlsx", "must end in .csv or .parquet"),
        ("absent/out.csv", "the folder does not exist"),
        (f"{'o' * 250}.csv", "the file cannot be written"),
    ):
        with pytest.raises(BadFile, match=words), ResultFile(tmp_path / name):
            pass


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_disk_that_takes_nothing_more_is_said(tmp_path: Path, name: str) -> None:
    def fill() -> None:
        with ResultFile(tmp_path / name) as out:
            out.write(pa.table({"left_id": [str(row) for row in range(100_000)]}))

    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        with pytest.raises(BadFile, match="the file cannot be written"):
            fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert not list(tmp_path.iterdir())
