"""Files that cannot be read, and rows that cannot: one clear line or one named rule each, and never a value."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from openpyxl import load_workbook

from registry.demo.invention import FILES
from tests.registry.commands.command_line import Home, lines_of
from tests.registry.commands.test_demo import written

PLANTED: Final = "Bịa Thị Đặt"  # a name that no message may repeat
NUMBER: Final = "066315999999"
SYSTEMS = {system.value: name for system, name in FILES.items()}
TABLES = ("education", "social_aid", "civil_status")


def spoilt(drop: Path, tmp_path: Path, system: str, how: Callable[[bytes], bytes]) -> Path:
    """Return a changed copy of a system's file."""
    file = tmp_path / SYSTEMS[system]
    file.write_bytes(how((drop / SYSTEMS[system]).read_bytes()))
    return file


def stored(home: Home) -> int:
    """Return how many rows of records are stored."""
    return sum(written(home).values())


def renamed(content: bytes) -> bytes:
    """Rename a needed column of a table, of whichever kind it is."""
    if content.startswith(b"PK"):
        return sheet_changed(content, header={"Họ chữ đệm tên": PLANTED})
    return content.replace("Họ và tên".encode(), PLANTED.encode(), 1).replace(b"HO_TEN;", b"TEN_GOI;", 1)


def without_a_column(content: bytes) -> bytes:
    """Leave the column of the key away, header and values."""
    if content.startswith(b"PK"):
        return sheet_changed(content, header={"Số giấy khai sinh": None})
    separator = b";" if content.startswith(b"MA_DT") else b","
    return b"\r\n".join(line.partition(separator)[2] for line in content.split(b"\r\n"))


def sheet_changed(content: bytes, *, header: Mapping[str, str | None]) -> bytes:
    """Rename columns of the workbook."""
    book = load_workbook(io.BytesIO(content))
    for row in book["Khai sinh"].iter_rows(min_row=1, max_row=6):
        for cell in row:
            if str(cell.value) in header:
                cell.value = header[str(cell.value)]
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def empty(_content: bytes) -> bytes:
    """Leave nothing."""
    return b""


def in_another_encoding(content: bytes) -> bytes:
    """Write the text as UTF-16, as a spreadsheet's 'Unicode text' does; of a workbook, half is left."""
    if content.startswith(b"PK"):
        return content[: len(content) // 2]
    return content.decode("utf-8", errors="replace").encode("utf-16")


def of_another_kind(content: bytes) -> bytes:
    """Deliver a picture under the file's name."""
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


REFUSALS = [
    *[(system, how) for system in SYSTEMS for how in (empty, of_another_kind)],
    *[(system, how) for system in TABLES for how in (renamed, without_a_column, in_another_encoding)],
    *[(system, in_another_encoding) for system in ("health", "protection")],
]


@pytest.mark.parametrize(("system", "how"), REFUSALS, ids=[f"{system} {how.__name__}" for system, how in REFUSALS])
def test_a_file_that_cannot_be_read_is_refused_whole(
    untouched: Home, drop: Path, tmp_path: Path, system: str, how: Callable[[bytes], bytes]
) -> None:
    file = spoilt(drop, tmp_path, system, how)
    for mode in ((), ("--dry-run",)):
        refusal = untouched.run("ingest", system, file, *mode).refusal()
        assert "the file is refused" in refusal
        assert PLANTED not in refusal
    assert stored(untouched) == 0


def test_a_missing_column_is_named(untouched: Home, drop: Path, tmp_path: Path) -> None:
    file = spoilt(drop, tmp_path, "education", renamed)
    assert "column_missing" in (refusal := untouched.run("ingest", "education", file).refusal())
    assert "Họ và tên" in refusal


@pytest.mark.parametrize("system", [*SYSTEMS, "population"])
def test_a_file_that_is_not_there_is_named(untouched: Home, tmp_path: Path, system: str) -> None:
    missing = tmp_path / "nowhere.csv"
    assert missing.name in untouched.run("ingest", system, missing).refusal()
    assert tmp_path.name in untouched.run("ingest", system, tmp_path).refusal(), "a folder is no file"


def test_a_bad_file_of_a_drop_is_named_before_anything_is_stored(
    untouched: Home, drop: Path, changed_drop: Callable[..., Path]
) -> None:
    content = (drop / "social-aid.csv").read_bytes().replace(b"HO_TEN;", b"TEN;", 1)
    refusal = untouched.run("demo", "--drop", changed_drop("social-aid.csv", content), "--no-serve").refusal()
    assert "social-aid.csv" in refusal
    assert "HO_TEN" in refusal
    assert stored(untouched) == 0


def test_a_drop_that_was_mended_is_taken(new_home: Home, drop: Path, changed_drop: Callable[..., Path]) -> None:
    folder = changed_drop("education.csv", b"")
    new_home.run("demo", "--drop", folder, "--no-serve").refusal()
    (folder / "education.csv").write_bytes((drop / "education.csv").read_bytes())
    assert new_home.answer("demo", "--drop", folder, "--no-serve")["links"]["link"] > 0


@pytest.mark.parametrize("place", ["IIIIIIIIIIII5", "XFD1048576", "A99999999999", "5", ""])
def test_a_workbook_with_a_cell_far_outside_is_refused(untouched: Home, drop: Path, tmp_path: Path, place: str) -> None:
    file = tmp_path / "civil-status.xlsx"
    with zipfile.ZipFile(drop / "civil-status.xlsx") as whole, zipfile.ZipFile(file, "w") as changed:
        for name in whole.namelist():
            changed.writestr(name, whole.read(name).replace(b'r="B5"', f'r="{place}"'.encode()))
    assert "civil-status.xlsx" in untouched.run("ingest", "civil_status", file).refusal()


# -- rows ----------------------------------------------------------------------------------------------------------


def pupil(drop: Path, **columns: str) -> bytes:
    """Return an education file of one plain row with some columns changed."""
    template = next(row for row in lines_of(drop / "education.csv") if row["Giới tính"] == "Nữ")
    plain = {
        "Mã học sinh": "1234567890",
        "Họ và tên": PLANTED,
        "Ngày sinh": "03/05/2014",
        "Số định danh cá nhân": NUMBER,
    }
    changed = {**template, **plain, **columns}
    quoted = ['"' + changed[name].replace('"', '""') + '"' for name in template]
    return ("\ufeff" + ",".join(template) + "\r\n" + ",".join(quoted) + "\r\n").encode()


BROKEN_ROWS: Mapping[str, tuple[dict[str, str], str]] = {
    "a formula": ({"Họ và tên": f'=HYPERLINK("{PLANTED}")'}, "formula_text"),
    "a formula with a sign": ({"Họ tên mẹ": f"@{PLANTED}"}, "formula_text"),
    "a birth to come": ({"Ngày sinh": "03/05/2031"}, "future_date"),
    "a day that is none": ({"Ngày sinh": "31/02/2014"}, "impossible_date"),
    "a month that is none": ({"Ngày sinh": "03/13/2014"}, "impossible_date"),
    "a sex that is none": ({"Giới tính": PLANTED}, "unknown_sex"),
}


@pytest.mark.parametrize(("columns", "rule"), BROKEN_ROWS.values(), ids=BROKEN_ROWS.keys())
def test_a_row_that_breaks_a_rule_is_kept_apart_with_the_rules_name(
    new_home: Home, drop: Path, tmp_path: Path, columns: dict[str, str], rule: str
) -> None:
    file, verdicts = tmp_path / "education.csv", tmp_path / "verdicts.csv"
    file.write_bytes(pupil(drop, **columns))
    said = new_home.run("ingest", "education", file, "--verdicts", verdicts)
    assert said.code == 0
    row = lines_of(verdicts)[0]
    assert (row["row"], row["outcome"], row["rule"]) == ("2", "quarantined", rule), "the second line"
    assert row["field"]
    told = said.out + said.err + verdicts.read_text(encoding="utf-8")
    assert not [value for value in (PLANTED, NUMBER, "31/02", "2031") if value in told]
    counts = written(new_home)
    assert (counts["child"], counts["quarantine"]) == (0, 1)
    new_home.answer("ingest", "education", file)
    assert written(new_home)["quarantine"] == 1, "the same bytes again are the same row"


@pytest.mark.parametrize("extra", [",x", ",x,y"])
def test_a_row_too_long_or_too_short_is_kept_apart(new_home: Home, drop: Path, tmp_path: Path, extra: str) -> None:
    whole = pupil(drop).decode().removesuffix("\r\n")
    file = tmp_path / "education.csv"
    file.write_bytes(f"{whole}{extra}\r\n".encode())
    assert new_home.answer("ingest", "education", file)["rules"] == {"row_too_long": 1}
    file.write_bytes(f"{whole.rpartition(',')[0]}\r\n".encode())
    assert new_home.answer("ingest", "education", file)["rules"] == {"row_too_short": 1}


def found(home: Home, drop: Path, tmp_path: Path, **columns: str) -> dict[str, Any]:
    """Take one pupil in and return the account."""
    file = tmp_path / "education.csv"
    file.write_bytes(pupil(drop, **columns))
    account: dict[str, Any] = home.answer("ingest", "education", file)
    return account


def test_decomposed_letters_and_signs_without_width_are_understood(new_home: Home, drop: Path, tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", PLANTED)
    assert decomposed != PLANTED
    assert found(new_home, drop, tmp_path, **{"Họ và tên": decomposed})["accepted"] == 1
    hidden = PLANTED[:3] + "\u200b" + PLANTED[3:] + "\ufeff"
    assert found(new_home, drop, tmp_path, **{"Họ và tên": hidden, "Mã học sinh": "1234567891"})["accepted"] == 1


def test_a_key_twice_in_one_file_is_one_record(new_home: Home, drop: Path, tmp_path: Path) -> None:
    once = pupil(drop, **{"Cập nhật lúc": "2026-09-01T08:00:00+07:00"})
    later = pupil(drop, **{"Cập nhật lúc": "2026-10-01T08:00:00+07:00", "Lớp": "9Z"}).split(b"\r\n")[1]
    row = once.split(b"\r\n")[1]
    file = tmp_path / "education.csv"
    file.write_bytes(once + later + b"\r\n" + row + b"\r\n" + later + b"\r\n")
    account = new_home.answer("ingest", "education", file)
    assert (account["accepted"], account["superseded"], account["unchanged"]) == (1, 2, 1)
    counts = written(new_home)
    assert (counts["child"], counts["source_version"]) == (1, 2)


def test_a_case_that_is_no_object_and_a_cut_line_are_kept_apart(new_home: Home, drop: Path, tmp_path: Path) -> None:
    first = (drop / "protection-cases.jsonl").read_text(encoding="utf-8").splitlines()[0]
    case = json.loads(first) | {"case_id": "BVTE-2026-1"}
    lines = [json.dumps(case, ensure_ascii=False)[:-30], json.dumps([PLANTED]), "null", '"' + PLANTED + '"']
    file = tmp_path / "protection-cases.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    account = new_home.answer("ingest", "protection", file)
    assert account["quarantined"] == account["rows"] == 4
