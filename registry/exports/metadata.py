"""The metadata that go beside a sheet: what its columns mean, how it was made and how to check that it is whole.

Source: W3C, "Metadata Vocabulary for Tabular Data", Recommendation of 17 December 2015.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from registry.exports.published import Language, PublishedTable
from registry.exports.sheet import COMMENT, COUNT_COLUMN, LABEL_SUFFIX, LINE_END, STATUS_COLUMN, columns_of, notes_of

_VOCABULARY: Final = "http://www.w3.org/ns/csvw"
_COUNT: Final = {"vi": "Số trẻ em", "en": "Children"}
_STATUS: Final = {"vi": "Trạng thái", "en": "Status"}


def metadata_of(table: PublishedTable, *, sheet: bytes, url: str, language: Language) -> bytes:
    """Return the CSVW metadata of a sheet as UTF-8 JSON.

    Args:
        table: the published table.
        sheet: the bytes that `csv_of` gave for it.
        url: where the sheet lies as seen from the metadata, such as its file name.
        language: the language the sheet was written in.

    """
    document = {
        "@context": [_VOCABULARY, {"@language": language}],
        "url": url,
        "dc:title": {"vi": table.title.vi, "en": table.title.en},
        "dc:language": language,
        "dc:date": table.frame_date.isoformat(),
        "dialect": {"commentPrefix": COMMENT, "header": True, "encoding": "utf-8", "lineTerminators": [LINE_END]},
        "notes": [{"key": key, "text": text} for key, text in notes_of(table, language=language)],
        "tableSchema": {
            "columns": [_column(table, name) for name in columns_of(table)],
            "primaryKey": [axis.name for axis in table.axes],
        },
        "dc:identifier": f"sha256:{sha256(sheet).hexdigest()}",
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _column(table: PublishedTable, name: str) -> dict[str, Any]:
    """Return the description of one column."""
    if name == COUNT_COLUMN:
        return {"name": name, "titles": _COUNT, "datatype": {"base": "integer", "minimum": 0}}
    axis = next((axis for axis in table.axes if name in (axis.name, axis.name + LABEL_SUFFIX)), None)
    titles = {"vi": axis.label.vi, "en": axis.label.en} if axis else _STATUS
    return {"name": name, "titles": titles, "datatype": "string", "required": name == STATUS_COLUMN or axis is not None}
