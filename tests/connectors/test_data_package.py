"""Data packages: their descriptor, the rules of their schema, and archives that mean harm."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import FileRefused
from connectors.formats import archive, data_package
from connectors.formats.archive import is_safe_path, open_archive
from connectors.formats.data_package import TableSchema, read_descriptor, read_schema
from connectors.formats.data_package_fields import SchemaRules
from connectors.records import Rejected, SourceRecord
from connectors.sectors.published import SCHEMA
from tests.connectors.draining import drained, page, refusals
from tests.connectors.packages import CHILD, TABLE, child, csv_text, descriptor, drop, packed, workbook

SPECS = Path(__file__).parents[1] / "specs"


def rules(**field: Any) -> SchemaRules:
    """Return the rules of a schema of one field, `x`."""
    return SchemaRules(TableSchema.model_validate({"fields": [{"name": "x", **field}]}), "schema")


def broken(text: str | None, **field: Any) -> str | None:
    """Return the rule that a value of the one field breaks."""
    found = rules(**field).broken_by({"x": text})
    return found[0] if found else None


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "a", "=1+1", "0"], []),
        ("any", ["x"], []),
        ("integer", ["0", "-12", "+3", " 7 "], ["1.0", "1e3", "٣", "", "0x1", "1_0"]),
        ("number", ["0", "-1.5", "2e3", ".5", "7."], ["1,5", "nan", "inf", "", "1_0", "--1"]),
        ("boolean", ["true", "False", "1", "0"], ["yes", "TrUe", ""]),
        ("date", ["2019-05-03", "2020-02-29"], ["03/05/2019", "2019-02-29", "20190503", "2019-5-3"]),
        ("datetime", ["2019-05-03T01:02:03Z", "2019-05-03T01:02:03+07:00"], ["2019-05-03T01:02:03", "2019-05-03"]),
        ("year", ["2019"], ["19", "20199", "-2019"]),
        ("yearmonth", ["2019-05"], ["2019-13", "2019-5", "2019"]),
    ],
)
def test_each_type_takes_what_is_of_it_and_nothing_else(kind: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if broken(text, type=kind) is not None] == []
    assert [text for text in bad if broken(text, type=kind) is None] == []


STRICTER = {  # than the reference: a value that others could read differently is not read
    "number": {"NaN", "INF"},
    "date": {"2019-5-3"},
    "yearmonth": {"2019-5"},
    "datetime": {"2019-05-03T01:02:03"},  # without a zone
}


def test_cells_are_judged_as_the_reference_implementation_judges_them() -> None:
    """Source: verdicts of frictionless 5.21 (PyPI) on the same fields and cells."""
    judged = json.loads((SPECS / "table-schema-cells.json").read_text(encoding="utf-8"))
    assert sum(len(one["accepted"]) + len(one["refused"]) for one in judged) > 1000
    for one in judged:
        field = one["field"]
        held = SchemaRules(TableSchema.model_validate({"fields": [field]}), "schema")
        accepted = {text for text in one["accepted"] if held.broken_by({"x": held.known(text)}) is None}
        assert set(one["accepted"]) - accepted <= STRICTER.get(field["type"], set()), field
        assert [text for text in one["refused"] if held.broken_by({"x": held.known(text)}) is None] == [], field


@pytest.mark.parametrize(
    ("constraints", "kind", "text", "rule"),
    [
        ({"required": True}, "string", None, "field_missing"),
        ({"enum": ["a", "b"]}, "string", "c", "not_in_list"),
        ({"enum": [1, "2"]}, "integer", "02", None),
        ({"pattern": "[0-9]{12}"}, "string", "00131900001", "pattern_broken"),
        ({"pattern": "a|ab"}, "string", "ab", None),
        ({"minLength": 2}, "string", "a", "too_short"),
        ({"maxLength": 2}, "string", "abc", "too_long"),
        ({"minimum": 0}, "integer", "-1", "too_small"),
        ({"maximum": "2026-01-01"}, "date", "2026-01-02", "too_large"),
        ({"minimum": "2019-05"}, "yearmonth", "2019-04", "too_small"),
        ({"maximum": 2.5}, "number", "2.6", "too_large"),
        ({"maximum": 2.5}, "number", "2.5", None),
    ],
)
def test_each_constraint_is_told_by_its_rule(
    constraints: dict[str, Any], kind: str, text: str | None, rule: str | None
) -> None:
    assert broken(text, type=kind, constraints=constraints) == rule


def test_a_pattern_of_a_stranger_takes_no_more_time_than_the_text_is_long() -> None:
    assert broken("a" * 20_000 + "!", constraints={"pattern": "(a+)+"}) == "pattern_broken"


@pytest.mark.parametrize(
    "field",
    [
        {"constraints": {"pattern": "("}},
        {"constraints": {"pattern": "(?=a)"}},
        {"type": "integer", "constraints": {"enum": ["a"]}},
        {"type": "date", "constraints": {"minimum": "gestern"}},
        {"constraints": {"minimum": "a"}},
    ],
)
def test_a_constraint_that_cannot_be_kept_refuses_the_schema(field: dict[str, Any]) -> None:
    with pytest.raises(FileRefused, match=r"schema_broken: schema: fields\.0: "):
        rules(**field)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 0},
        {"sequence": "x"},
        {"mode": "all"},
        {"mode": None},
        {"sequence": None},
        {"resources": []},
        {"name": "Not a name"},
        {"asOf": "yesterday"},
    ],
)
def test_a_descriptor_that_breaks_a_rule_is_refused_by_its_member(change: dict[str, Any]) -> None:
    (member,) = change
    with pytest.raises(FileRefused, match=rf"descriptor_broken: a\.zip: datapackage\.json: {member}"):
        read_descriptor(io.BytesIO(json.dumps(descriptor(b"", 1) | change).encode()), "a.zip")


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../secret.csv"},
        {"path": "/etc/passwd"},
        {"path": "https://example.com/x.csv"},
        {"path": ["a.csv", "b.csv"]},
        {"encoding": "cp1258"},
        {"hash": "md5:900150983cd24fb0d6963f7d28e17f72"},
        {"hash": "sha256:zz"},
        {"format": "parquet"},
        {"dialect": {"delimiter": "x"}},
        {"dialect": {"header": False}},
        {"schema": {"fields": []}},
        {"schema": {"fields": [{"name": "a"}, {"name": "a"}]}},
        {"schema": {"fields": [{"name": "a", "type": "geojson"}]}},
        {"schema": {"fields": [{"name": "a", "type": "date", "format": "%d/%m/%Y"}]}},
    ],
)
def test_a_resource_that_breaks_a_rule_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FileRefused, match="descriptor_broken"):
        read_descriptor(io.BytesIO(json.dumps(descriptor(b"", 1, **change)).encode()), "a.zip")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 10_000, b"\xff\xfe{}", b'{"a": NaN}'])
def test_what_is_no_descriptor_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused, match="descriptor_broken"):
        read_descriptor(io.BytesIO(content), "a.zip")
    with pytest.raises(FileRefused, match="schema_broken"):
        read_schema(content, "schema.json")


def test_a_descriptor_without_end_is_refused() -> None:
    with pytest.raises(FileRefused, match="descriptor_too_long"):
        read_descriptor(io.BytesIO(b" " * (data_package.MAX_DESCRIPTOR_BYTES + 1)), "a.zip")


@given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_bytes_that_are_no_descriptor_are_a_typed_refusal(content: bytes) -> None:
    with pytest.raises(FileRefused, match="descriptor_"):
        read_descriptor(io.BytesIO(content), "a.zip")


def test_the_published_schema_keeps_to_its_own_rules() -> None:
    schema = SchemaRules(read_schema(SCHEMA.read_bytes(), SCHEMA.name), SCHEMA.name)
    assert schema.broken_by(CHILD) is None
    assert schema.broken_by(CHILD | {"personal_number": "12"}) == ("pattern_broken", "personal_number")
    assert schema.broken_by(CHILD | {"record_id": None}) == ("field_missing", "record_id")
    assert set(CHILD) <= set(schema.columns)


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in entries:
            written.writestr(name, content)
    return path


def linked(name: str) -> zipfile.ZipInfo:
    """Return an entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ([("../up.csv", b"x")], "archive_unsafe"),
        ([("/root.csv", b"x")], "archive_unsafe"),
        ([("a/../b.csv", b"x")], "archive_unsafe"),
        ([("C:\\a.csv", b"x")], "archive_unsafe"),
        ([("a\nb.csv", b"x")], "archive_unsafe"),
        ([(linked("link.csv"), b"/etc/passwd")], "archive_unsafe"),
        ([("inner.zip", b"PK")], "archive_nested"),
        ([("inner.csv.gz", b"x")], "archive_nested"),
        ([("A.csv", b"x"), ("a.CSV", b"y")], "archive_doubled"),
        ([(f"{number}.csv", b"") for number in range(archive.MAX_ENTRIES + 1)], "archive_too_large"),
        ([("bomb.csv", b"0" * 30_000_000)], "archive_too_large"),
    ],
)
def test_an_archive_that_means_harm_is_refused(
    tmp_path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]], rule: str
) -> None:
    path = zipped(tmp_path / "bad.zip", *entries)
    with pytest.raises(FileRefused) as told, open_archive(path):
        pass
    assert told.value.rule == rule


def test_an_archive_that_is_encrypted_or_broken_or_none_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a.csv", b"x" * 100))
    whole = bytearray(path.read_bytes())
    place = whole.find(b"PK\x01\x02")
    for change, rule in (((place + 8, 1), "archive_encrypted"), ((place + 16, whole[place + 16] ^ 1), None)):
        spoilt = bytearray(whole)
        spoilt[change[0]] = change[1]
        path.write_bytes(spoilt)
        with pytest.raises(FileRefused) as told, open_archive(path) as opened, opened.reading("a.csv") as entry:
            entry.read()
        assert told.value.rule == (rule or "archive_broken")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileRefused, match="archive_broken"), open_archive(path):
        pass
    path.write_bytes(b"no archive at all")
    with pytest.raises(FileRefused, match="file_kind_wrong"), open_archive(path):
        pass


@pytest.mark.parametrize("path", ["a.csv", "tables/a.csv", "bảng trẻ em.csv"])
def test_a_plain_path_is_safe(path: str) -> None:
    assert is_safe_path(path)


def test_a_table_that_did_not_arrive_as_promised_is_refused(tmp_path: Path) -> None:
    for number, resource in enumerate([{"hash": f"sha256:{'0' * 64}"}, {"bytes": 3}], start=1):
        folder = tmp_path / str(number)
        folder.mkdir()
        packed(folder, 1, [child(1)], **resource)
        with pytest.raises(FileRefused, match="differs"):
            page(drop(folder), TABLE, None, limit=5)


def test_a_package_may_be_a_folder_but_its_tables_lie_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "delivery-1"
    folder.mkdir()
    table = csv_text([child(1)]).encode()
    (folder / f"{TABLE}.csv").write_bytes(table)
    (folder / "datapackage.json").write_text(json.dumps(descriptor(table, 1)), encoding="utf-8")
    assert set(drained(drop(tmp_path), TABLE).living()) == {"HS-001"}
    (tmp_path / "outside.csv").write_bytes(table)
    (folder / f"{TABLE}.csv").unlink()
    (folder / f"{TABLE}.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(FileRefused, match="archive_unsafe"):
        page(drop(tmp_path), TABLE, None, limit=5)


def test_a_workbook_in_a_package_is_read_by_the_same_schema(tmp_path: Path) -> None:
    sheet = workbook([list(CHILD), list(child(1).values()), list(child(2, birth_date="x").values())])
    schema = {"fields": [{"name": "birth_date", "type": "date"}]}
    packed(tmp_path, 1, [], content=sheet, path="children.xlsx", schema=schema)
    landed = drained(drop(tmp_path), TABLE)
    assert set(landed.living()) == {"HS-001"}
    assert refusals(landed) == [(3, "type_wrong", "birth_date")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "column_missing"),
        ("record_id,full_name\nHS-1,Trần Mẫu\n", "column_missing"),
        ("record_id,record_id,updated_at,full_name\n", "column_doubled"),
        ("\xff\xfe", "column_missing"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / f"{TABLE}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileRefused, match=rule):
        page(drop(tmp_path), TABLE, None, limit=5)


def test_rows_that_cannot_be_cut_cost_only_themselves(tmp_path: Path) -> None:
    lines = csv_text([child(number) for number in range(1, 6)]).encode().splitlines(keepends=True)
    lines[2] = b"too,short\r\n"
    lines[3] = lines[3].replace("Mẫu".encode(), b"M\xe3u")
    lines[4] = b'"never closed' + lines[4]
    (tmp_path / f"{TABLE}.csv").write_bytes(b"".join(lines))
    landed = drained(drop(tmp_path), TABLE, limit=2)
    assert refusals(landed) == [
        (3, "row_too_short", None),
        (4, "bytes_not_in_encoding", "full_name"),
        (5, "quote_unclosed", None),
    ]
    assert set(landed.living()) == {"HS-001", "HS-005"}


def test_text_comes_in_one_form_and_columns_are_known_however_they_are_written(tmp_path: Path) -> None:
    row = child(1, full_name="Tra\u0302\u0300n Ma\u0302\u0303u")
    text = csv_text([row]).replace("record_id", " Record_ID ", 1).replace("full_name", "FULL_NAME", 1)
    (tmp_path / f"{TABLE}.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (record,) = drained(drop(tmp_path), TABLE).records
    assert record.payload["full_name"] == "Trần Mẫu"
    assert record.key == "HS-001"


MUTATED = st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=12)), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(form=st.sampled_from(["zip", "csv", "xlsx"]), changes=MUTATED)
def test_whatever_is_changed_in_a_delivery_rows_or_a_typed_refusal_come(
    tmp_path_factory: pytest.TempPathFactory, form: str, changes: list[tuple[int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("drop")
    rows = [child(1), child(2)]
    content = bytearray(
        packed(folder, 1, rows).read_bytes()
        if form == "zip"
        else csv_text(rows).encode()
        if form == "csv"
        else workbook([list(rows[0]), *(list(row.values()) for row in rows)])
    )
    for place, change in changes:
        at = place % len(content)
        content[at : at + len(change)] = change
    name = "clinics-0001.zip" if form == "zip" else f"{TABLE}.{form}"
    (folder / name).write_bytes(content)
    connector = drop(folder)
    with suppress(FileRefused):
        for record in drained(connector, TABLE).records:
            assert isinstance(connector.map(record), SourceRecord | Rejected)
