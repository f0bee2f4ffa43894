"""The metadata beside a sheet."""

from __future__ import annotations

import json
from hashlib import sha256

from registry.exports.metadata import metadata_of
from registry.exports.sheet import columns_of, csv_of
from tests.registry.statistics.invented import a_frame, places, published

TABLE = published(a_frame(a_year={"female": 20, "male": 20}))
SHEET = csv_of(TABLE, language="en", places=places())


def test_the_metadata_describe_every_column_and_how_to_read_the_file() -> None:
    document = json.loads(metadata_of(TABLE, sheet=SHEET, url="table.csv", language="en"))
    assert document["url"] == "table.csv"
    assert [column["name"] for column in document["tableSchema"]["columns"]] == list(columns_of(TABLE))
    assert document["tableSchema"]["primaryKey"] == ["province", "age", "sex"]
    assert document["dialect"]["commentPrefix"] == "#"
    assert document["dc:identifier"] == f"sha256:{sha256(SHEET).hexdigest()}"
    assert all(set(column["titles"]) == {"vi", "en"} for column in document["tableSchema"]["columns"])


def test_the_metadata_carry_the_notes_of_the_sheet() -> None:
    document = json.loads(metadata_of(TABLE, sheet=SHEET, url="table.csv", language="en"))
    for note in document["notes"]:
        assert f"# {note['key']}: {note['text']}" in SHEET.decode()
    assert {"p_table", "frame_date", "method", "code_list.province"} <= {note["key"] for note in document["notes"]}
