"""`python -m matching evaluate`: every figure of the evaluation protocol, as tables or as one JSON object."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from matching.evaluation import Evaluation, Share, Tally, evaluate
from matching.pairs_evaluation import PairsEvaluation, evaluate_pairs
from matching.ranking import Ranking
from matching.truth_files import read_judged

OutFile = Annotated[Path, typer.Argument(metavar="OUT", help="What `link` or `dedupe` wrote.")]
TruthFile = Annotated[Path, typer.Argument(metavar="TRUTH", help="left_id and right_id; optionally household, group.")]
PeopleFile = Annotated[Path | None, typer.Option(help="right_id and household: tells links to relatives apart.")]
AsPairs = Annotated[bool, typer.Option("--pairs", help="Judge unordered pairs, as of a deduplication.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def command(
    out: OutFile, truth: TruthFile, *, people: PeopleFile = None, pairs: AsPairs = False, as_json: AsJson = False
) -> None:
    """Measure what a linkage said against the truth."""
    if pairs:
        judged = evaluate_pairs(out, truth)
        typer.echo(json.dumps(asdict(judged), indent=1) if as_json else pairs_table(judged))
        return
    judgement = read_judged(out, truth, people)
    result = evaluate(judgement.outcome, judgement.truth)
    if as_json:
        typer.echo(json.dumps({**document(result), "unknown_records": judgement.unknown_records}, indent=1))
        return
    typer.echo(table(result))
    if judgement.unknown_records:
        typer.echo(f"\n{judgement.unknown_records} rows of {out.name} are of records that {truth.name} does not name")


def document(result: Evaluation) -> dict[str, Any]:
    """Return every figure as JSON types."""
    whole = {**asdict(result), "whole": _tally(result.whole)}
    return {**whole, "groups": {name: _tally(tally) for name, tally in result.groups.items()}}


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        **asdict(tally),
        "precision": asdict(tally.precision),
        "recall": asdict(tally.recall),
        "f1": tally.f1,
        "reviews_per_10k": tally.reviews_per_10k,
        "review_yield": asdict(tally.review_yield),
        "wrong_family_per_10k": tally.wrong_family_per_10k,
    }


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return f"{'-':>23}"
    return f"{share.value:7.5f} [{share.low:.4f} {share.high:.4f}]"


def _line(name: str, tally: Tally) -> str:
    return (
        f"{name[:28]:28} {tally.records:8} {tally.in_population:8} {_share(tally.precision)} {_share(tally.recall)}"
        f" {tally.f1 or 0:6.4f} {tally.wrong:5} {tally.wrong_family:6} {tally.reviews_per_10k:8.1f}"
    )


def _ranking(name: str, ranking: Ranking) -> str:
    return (
        f"{name:28} {ranking.pairs:8} {ranking.found:8.4f} {ranking.at_999.recall:9.4f} {ranking.at_9999.recall:9.4f}"
        f" {ranking.best_f1:9.4f} {ranking.at_best_f1[0]:9.4f} {ranking.at_best_f1[1]:9.4f}"
    )


def table(result: Evaluation) -> str:
    """Return the figures as tables for people."""
    head = (
        f"{'decisions':28} {'records':>8} {'in pop.':>8} {'precision [95 %]':>23} {'recall [95 %]':>23}"
        f" {'F1':>6} {'wrong':>5} {'family':>6} {'rev/10k':>8}"
    )
    lines = [head, _line("all", result.whole), *(_line(name, tally) for name, tally in result.groups.items())]
    lines += [
        "",
        f"reviews with the right person among the candidates: {_share(result.whole.review_yield).strip()}",
        f"links to the child's own family in every 10,000 records: {result.whole.wrong_family_per_10k:.2f}",
        "",
        f"{'ranking':28} {'rows':>8} {'found':>8} {'R@.999':>9} {'R@.9999':>9} {'best F1':>9} {'P':>9} {'R':>9}",
        _ranking("every candidate", result.pairs),
        _ranking("best of each record", result.best),
        "",
        f"{'stated posterior, best':28} {'precision [95 %]':>23} {'recall [95 %]':>23} {'rev/10k':>8}",
    ]
    for each in result.stated:
        from_on = f">= {each.posterior}"
        lines.append(f"{from_on:28} {_share(each.precision)} {_share(each.recall)} {each.reviews_per_10k:8.1f}")
    lines += ["", f"calibration error {result.calibration_error:.4f}, log loss {result.log_loss:.4f}"]
    lines += [
        f"{each.low:6.3f} - {each.high:5.3f} {each.candidates:8}  stated {each.stated:.4f}  true {each.true:.4f}"
        for each in result.bins
    ]
    return "\n".join(lines)


def pairs_table(result: PairsEvaluation) -> str:
    """Return the figures of a deduplication as a table for people."""
    return "\n".join(
        (
            f"{'pairs':28} {'true':>8} {'linked':>8} {'precision [95 %]':>23} {'recall [95 %]':>23} {'F1':>6}",
            f"{'all':28} {result.true_pairs:8} {result.linked:8} {_share(result.precision)} {_share(result.recall)}"
            f" {result.f1 or 0:6.4f}",
            "",
            f"{'ranking':28} {'rows':>8} {'found':>8} {'R@.999':>9} {'R@.9999':>9} {'best F1':>9} {'P':>9} {'R':>9}",
            _ranking("every candidate", result.pairs),
        )
    )
