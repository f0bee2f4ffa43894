"""`python -m matching dedupe`: find the rows of one file that describe one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matching.commands import console
from matching.engines import dedupe

InFile = Annotated[Path, typer.Argument(metavar="FILE", help="The records, in CSV or Parquet.")]
OutFile = Annotated[Path, typer.Option("--out", metavar="OUT", help="The pairs, .csv or .parquet.")]
ClustersFile = Annotated[
    Path | None,
    typer.Option("--clusters", help="Also write record_id and cluster: the first record of the same person."),
]


def command(
    file: InFile,
    *,
    out: OutFile,
    model: console.ModelName = "child_vn",
    clusters: ClustersFile = None,
    year: console.Year = None,
    as_json: console.AsJson = False,
) -> None:
    """Find the rows of FILE that describe one person.

    OUT has a row for every pair of probability .01 or more, each pair once, in the order of the file.
    """
    if clusters is not None and clusters.resolve() == out.resolve():
        msg = f"{out}: --out and --clusters name the same file"
        raise console.Refusal(msg)
    workspace = console.workspace_for(model, year=year)
    report = dedupe.dedupe(workspace, file, out=out, clusters=clusters, seconds=console.seconds())
    console.tell(report, as_json=as_json)
