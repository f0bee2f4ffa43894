"""Clean columns for engines that have no notion of Vietnamese records: each value read and folded beforehand.

    python benchmarks/peers_columns.py RECORDS_OR_POPULATION.parquet OUT.parquet

Names are folded and split, dates whole or absent, communes those of today's list, numbers shape-checked. The time that
this takes is not counted against a peer.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matching.dates import ImpossibleDate, UnreadableDate, read_birth_date
from matching.identity import Scheme
from matching.names import NotAName, mother_in, read_name
from matching.numbers import read_number
from matching.places import read_unit

_SEXES = {"1": "m", "male": "m", "Nam": "m", "2": "f", "female": "f", "Nữ": "f"}
_BATCH = 200_000
PARENTS = ("mother", "father")
COLUMNS = (
    *("unique_id", "full_name", "surname", "middle", "given", "dob", "birth_year", "sex", "commune", "ethnicity"),
    *("number", "mother_name", "mother_given", "mother_number", "mother_year"),
    *("father_name", "father_given", "father_number", "father_year"),
)


def _each(column: pa.ChunkedArray, read: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Read every distinct value once."""
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    values = pa.array([read(value) for value in coded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([values.take(coded.indices)])


def _name(written: str) -> str | None:
    try:
        name, _ = read_name(written)
    except NotAName:
        return None
    return None if name is None or name.placeholder else name.folded


def _mother_in_name(written: str) -> str | None:
    try:
        name, _ = read_name(written)
    except NotAName:
        return None
    mother = mother_in(name) if name is not None and name.placeholder else None
    return mother.folded if mother is not None else None


def _birth(written: str) -> str | None:
    try:
        birth, _ = read_birth_date(written)
    except (ImpossibleDate, UnreadableDate):
        return None
    return birth.iso() if birth is not None else None


def _commune(written: str) -> str | None:
    """Return the one commune of today's list that a code and its list surely mean."""
    code, _, scheme = written.partition("|")
    unit = read_unit(code, Scheme(scheme))
    return unit.communes[0] if unit is not None and len(unit.communes) == 1 else None


def _number(written: str) -> str | None:
    return read_number(written)[0]


def _surname(folded: str) -> str | None:
    return folded.split()[0] if " " in folded else None


def _middle(folded: str) -> str | None:
    return " ".join(folded.split()[1:-1]) or None


def _given(folded: str) -> str | None:
    return folded.split()[-1]


def _places(table: pa.Table) -> pa.ChunkedArray:
    both = zip(table["commune_code"].to_pylist(), table["commune_scheme"].to_pylist(), strict=True)
    written = pa.array([f"{code}|{scheme}" if code and scheme else None for code, scheme in both], pa.string())
    return _each(pa.chunked_array([written]), _commune)


def _mothers(table: pa.Table) -> pa.ChunkedArray:
    """Return the mother's name, from the child's placeholder name where it stands there only."""
    own = _each(table["mother_name"], _name).to_pylist()
    said = _each(table["full_name"], _mother_in_name).to_pylist()
    return pa.chunked_array([pa.array([a or b for a, b in zip(own, said, strict=True)], pa.string())])


def clean(table: pa.Table) -> pa.Table:
    """Return the clean columns of a table of the child's columns."""
    full = _each(table["full_name"], _name)
    birth = _each(table["birth_date"], _birth)
    columns = {
        "unique_id": table["record_id"],
        "full_name": full,
        "surname": _each(full, _surname),
        "middle": _each(full, _middle),
        "given": _each(full, _given),
        "dob": _each(birth, lambda text: text if len(text) == 10 else None),
        "birth_year": _each(birth, lambda text: text[:4]),
        "sex": _each(table["sex"], _SEXES.get),
        "commune": _places(table),
        "ethnicity": table["ethnicity"],
        "number": _each(table["personal_number"], _number),
    }
    for parent in PARENTS:
        name = _mothers(table) if parent == "mother" else _each(table["father_name"], _name)
        columns |= {
            f"{parent}_name": name,
            f"{parent}_given": _each(name, _given),
            f"{parent}_number": _each(table[f"{parent}_number"], _number),
            f"{parent}_year": table[f"{parent}_birth_year"],
        }
    return pa.table({name: columns[name] for name in COLUMNS})


def clean_file(path: Path, out: Path) -> None:
    """Write the clean columns of a Parquet file, some rows at a time."""
    writer: pq.ParquetWriter | None = None
    for batch in pq.ParquetFile(path).iter_batches(_BATCH):
        table = clean(pa.Table.from_batches([batch]))
        writer = writer or pq.ParquetWriter(out, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def main() -> None:
    """Read the paths and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    clean_file(options.source, options.out)


if __name__ == "__main__":
    main()
