"""`python -m matching link`: find for each record the person of a population whom it describes."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from matching.commands import console
from matching.engines import local
from matching.engines.report import Report, Seconds
from matching.weights import Model


class Engine(StrEnum):
    """Where a linkage runs."""

    LOCAL = "local"
    SPARK = "spark"


LeftFile = Annotated[Path, typer.Argument(metavar="LEFT", help="The records, in CSV or Parquet.")]
RightFile = Annotated[Path, typer.Argument(metavar="RIGHT", help="The population: CSV, Parquet or a folder of it.")]
OutFile = Annotated[Path, typer.Option("--out", metavar="OUT", help="The result, .csv or .parquet.")]
EngineName = Annotated[Engine, typer.Option("--engine", help="This machine, or a Spark cluster.")]
ConstraintsFile = Annotated[
    Path | None,
    typer.Option("--constraints", help="left_id, right_id and a column that says same or different."),
]


def command(
    left: LeftFile,
    right: RightFile,
    *,
    out: OutFile,
    model: console.ModelName = "child_vn",
    engine: EngineName = Engine.LOCAL,
    constraints: ConstraintsFile = None,
    year: console.Year = None,
    as_json: console.AsJson = False,
) -> None:
    """Link the records of LEFT with the population RIGHT.

    OUT has a row for every candidate of probability .01 or more and one for nobody. A record says link or review in
    one row at most, that of its best candidate; all its other rows say none.
    """
    seconds = console.seconds()
    if engine is Engine.SPARK:
        report = _on_spark(model, left, right, out=out, constraints=constraints, year=year, seconds=seconds)
    else:
        workspace = console.workspace_for(model, year=year)
        report = local.link(workspace, left, right, out=out, constraints=constraints, seconds=seconds)
    console.tell(report, as_json=as_json)


def _on_spark(
    model: str,
    left: Path,
    right: Path,
    *,
    out: Path,
    constraints: Path | None,
    year: int | None,
    seconds: Seconds,
) -> Report:
    """Run on Spark; the engine is looked for only now, because few installations have it."""
    try:
        engine = importlib.import_module("matching.engines.spark")
    except ModuleNotFoundError as missing:
        msg = f"--engine spark needs the package {missing.name}: install child-registry with its extra 'spark'"
        raise console.Refusal(msg) from None
    found: Report = engine.link(
        Model.load(model),
        left,
        right,
        out=out,
        constraints=constraints,
        year=year or console.this_year(),
        seconds=seconds,
    )
    return found
