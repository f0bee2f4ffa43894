"""`python -m matching explain`: why a record was linked or not, field by field, in words."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from matching.candidates import blocks_of
from matching.commands import console
from matching.decision import Decision
from matching.engines.reading import read_sides, tables_of
from matching.explanation import Explanation, explain_record
from matching.files import BadFile
from matching.workspace import Side, Workspace

LeftFile = Annotated[Path, typer.Argument(metavar="LEFT", help="The records, in CSV or Parquet.")]
RightFile = Annotated[Path, typer.Argument(metavar="RIGHT", help="The population: CSV, Parquet or a folder of it.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The id of the record to explain.")]
Person = Annotated[str | None, typer.Option(help="Explain this person of RIGHT too, even if no block was shared.")]

_WORDS = {
    Decision.LINK: "linked: probable enough, and nothing asks for a person",
    Decision.REVIEW: "for a person to review",
    Decision.NONE: "not linked: nobody is probable enough",
}


def command(
    left: LeftFile,
    right: RightFile,
    key: Key,
    *,
    model: console.ModelName = "child_vn",
    person: Person = None,
    year: console.Year = None,
    as_json: console.AsJson = False,
) -> None:
    """Explain what is decided about one record: each candidate's evidence, step by step."""
    workspace = console.workspace_for(model, year=year)
    schema = workspace.model.schema
    ids = {}
    for side, path in ((Side.LEFT, left), (Side.RIGHT, right)):
        ids[side] = read_sides(workspace, (side,), tables_of(path, schema), path=path)
    workspace.finish()
    record = _place(ids[Side.LEFT], key, left, schema.id_column)
    people = _candidates(workspace, record, len(ids[Side.RIGHT]))
    if person is not None:
        people = np.union1d(people, [_place(ids[Side.RIGHT], person, right, schema.id_column)])
    found = explain_record(workspace, record, people.astype(np.int32))
    names = [ids[Side.RIGHT][int(each.person)].as_py() for each in found.candidates]
    typer.echo(json.dumps(_document(found, names), indent=1, ensure_ascii=False) if as_json else _text(found, names))


def _place(ids: pa.Array, wanted: str, path: Path, column: str) -> int:
    place: int = ids.index(pa.scalar(wanted, ids.type)).as_py()
    if place < 0:
        msg = f"{path}: no {column} is the one asked for"
        raise BadFile(msg)
    return place


def _candidates(workspace: Workspace, record: int, people: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return all who share a block with the record, of any stage."""
    records = np.array([record], dtype=np.int32)
    index = blocks_of(workspace, records, stages=workspace.model.stages, people=people)
    return index.candidates(0, 1).person


def _document(found: Explanation, names: list[str]) -> dict[str, Any]:
    return {
        "decision": found.decision.value,
        "nobody": found.nobody,
        "prior_bits": found.prior_bits,
        "candidates": [
            {
                "right_id": name,
                "probability": each.probability,
                "bits": each.bits,
                "held": each.held,
                "evidence": [asdict(one) for one in each.evidence],
            }
            for name, each in zip(names, found.candidates, strict=True)
        ],
    }


def _text(found: Explanation, names: list[str]) -> str:
    lines = [_WORDS[found.decision], f"nobody: {found.nobody:.4f}"]
    for name, each in zip(names, found.candidates, strict=True):
        lines += ["", f"{name}: probability {each.probability:.4f}{', held for a person' if each.held else ''}"]
        total = found.prior_bits
        lines.append(f"  {'before any evidence':16} {'':22} {'':9} {total:8.1f}")
        for one in each.evidence:
            total += one.bits
            lines.append(f"  {one.field:16} {one.level:22} {one.bits:+9.1f} {total:8.1f}  {one.reason}")
    return "\n".join(lines)
