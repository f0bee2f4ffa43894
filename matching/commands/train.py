"""`python -m matching train`: learn a model's numbers from two files that nobody has labelled."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from matching.candidates import blocks_of, passes
from matching.commands import console
from matching.engines.reading import read_sides, tables_of
from matching.files import BadFile
from matching.model_files import write_model
from matching.training import Pairs, Round, estimate, estimate_u, random_pairs
from matching.weights import Model
from matching.workspace import Side, Workspace

_SEED: Final = 20_260_930  # of the random pairs: the same files give the same model

LeftFile = Annotated[Path, typer.Argument(metavar="LEFT", help="The records, in CSV or Parquet.")]
RightFile = Annotated[Path, typer.Argument(metavar="RIGHT", help="The population: CSV, Parquet or a folder of it.")]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE.toml", help="The model that is written.")]
Records = Annotated[int, typer.Option(min=1, help="At most so many records, evenly spaced, are learnt from.")]
RandomPairs = Annotated[int, typer.Option(min=0, help="Pairs drawn at random to measure u; 0 leaves u alone.")]
Trust = Annotated[float, typer.Option(min=0.0, help="Pairs that the starting m of a context counts for.")]
Rounds = Annotated[int, typer.Option(min=1, help="At most so many rounds.")]


def command(
    left: LeftFile,
    right: RightFile,
    *,
    out: OutFile,
    model: console.ModelName = "child_vn",
    records: Records = 200_000,
    pairs: RandomPairs = 1_000_000,
    trust: Trust = 50.0,
    rounds: Rounds = 30,
    year: console.Year = None,
    as_json: console.AsJson = False,
) -> None:
    """Learn m, u and the share of records in the population, without labels, and write a model."""
    if out.suffix != ".toml":
        msg = f"{out}: a model is a file that ends in .toml"
        raise console.Refusal(msg)
    workspace = console.workspace_for(model, year=year)
    people = _read(workspace, left, right)
    chosen = _evenly(people[Side.LEFT], records)
    if pairs:
        drawn = random_pairs(people[Side.LEFT], people[Side.RIGHT], pairs=pairs, seed=_SEED)
        estimate_u(workspace, drawn, people=people[Side.RIGHT])
    candidates = _pairs(workspace, chosen, people[Side.RIGHT])
    if not len(candidates.person):
        msg = f"{left} and {right}: no record shares a block with anybody; nothing can be learnt"
        raise BadFile(msg)
    learnt = list(_told(estimate(workspace, candidates, prior_pairs=trust, rounds=rounds), as_json=as_json))
    last = learnt[-1]
    write_model(_signed(last, learnt_from=len(chosen), pairs=len(candidates.person)), out)
    converged = last.change < 0.001
    if as_json:
        typer.echo(json.dumps(_document(learnt, len(chosen), len(candidates.person), converged=converged), indent=1))
    else:
        typer.echo(f"{'converged' if converged else 'stopped before it converged'}; wrote {out}", err=True)


def _read(workspace: Workspace, left: Path, right: Path) -> dict[Side, int]:
    schema = workspace.model.schema
    sizes = {}
    for side, path in ((Side.LEFT, left), (Side.RIGHT, right)):
        sizes[side] = len(read_sides(workspace, (side,), tables_of(path, schema), path=path))
    workspace.finish()
    return sizes


def _evenly(records: int, most: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.unique(np.linspace(0, records - 1, min(records, most)).astype(np.int32))


def _pairs(workspace: Workspace, records: np.ndarray[Any, np.dtype[np.int32]], people: int) -> Pairs:
    """Return the pairs of the first pass: strong keys, which siblings share least."""
    index = blocks_of(workspace, records, stages=passes(workspace.model.stages)[0], people=people)
    found = index.candidates(0, len(records))
    return Pairs(found.starts, records[found.record_of_pairs()], found.person)


def _told(rounds: Any, *, as_json: bool) -> Any:  # noqa: ANN401 - an iterator of rounds, passed through
    if not as_json:
        typer.echo(
            f"{'round':>5} {'log-likelihood':>16} {'largest change of m':>20} {'expected matches':>17}", err=True
        )
    for each in rounds:
        if not as_json:
            figures = f"{each.log_likelihood:16.1f} {each.change:20.6f} {each.matches:17.1f}"
            typer.echo(f"{each.number:5} {figures}", err=True)
        yield each


def _signed(last: Round, *, learnt_from: int, pairs: int) -> Model:
    """Say in the model where its numbers come from."""
    said = (
        f"m and the share in the population: {last.number} rounds of expectation and maximisation over {pairs}"
        f" unlabelled pairs of {learnt_from} records, from version {last.model.version}; u of levels without a counted"
        " share: random pairs. "
    )
    return replace(last.model, version=f"{last.model.version}+trained", provenance=said + last.model.provenance)


def _document(learnt: list[Round], records: int, pairs: int, *, converged: bool) -> dict[str, Any]:
    rounds = [
        {"round": r.number, "log_likelihood": r.log_likelihood, "change": r.change, "matches": r.matches}
        for r in learnt
    ]
    last = learnt[-1].model.in_population
    return {"records": records, "pairs": pairs, "converged": converged, "in_population": last, "rounds": rounds}
