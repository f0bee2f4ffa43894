"""The figures of one engine on one set, all engines measured by one yardstick."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.evaluation import NOBODY, Evaluation, Share, evaluate
from matching.ranking import best_of_each, rank
from matching.truth_files import read_judged

LINK, REVIEW = 0.99, 0.05  # stated probabilities; the engine of this project states its own decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one engine reached on one set, and what it took."""

    engine: str
    accuracy: Evaluation
    pairs: int  # compared
    records: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    report: dict[str, Any]

    @property
    def pairs_per_record(self) -> float:
        """Pairs compared for each record."""
        return self.pairs / self.records


def as_decided(pairs: Path, out: Path) -> None:
    """Write the scored pairs of an engine without decisions as if it had linked at its stated probability."""
    table = pq.read_table(pairs)
    record = np.unique(np.asarray(table["left_id"].to_numpy(zero_copy_only=False), dtype=str), return_inverse=True)[1]
    probability = np.asarray(table["probability"].cast(pa.float64()))
    best = np.zeros(len(table), dtype=bool)
    best[best_of_each(record.astype(np.int64), _score(table))] = True
    said = np.where(probability >= LINK, "link", np.where(probability >= REVIEW, "review", "none"))
    decision = pa.array(np.where(best, said, "none"), pa.string())
    pq.write_table(table.append_column("decision", decision), out)


def _score(table: pa.Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What to rank by: the weight, where there is one, because a probability near 1 runs out of digits."""
    name = "match_weight" if "match_weight" in table.column_names else "probability"
    return np.asarray(pc.cast(table[name], pa.float64()))


def judge(out: Path, folder: Path, *, families: bool = True) -> Evaluation:
    """Measure what an engine wrote about the set in a folder; links to relatives are told apart if asked for."""
    judged = read_judged(out, folder / "truth.csv", folder / "people.csv" if families else None)
    said, truth = judged.outcome, judged.truth
    result = evaluate(said, truth)
    table = pq.read_table(out)
    if "match_weight" not in table.column_names:
        return result
    somebody = said.person != NOBODY
    right = (said.person == truth.person[said.record])[somebody]
    score, found = _score(table)[somebody], int((truth.person != NOBODY).sum())
    best = best_of_each(said.record[somebody], score)
    return replace(result, pairs=rank(score, right, found), best=rank(score[best], right[best], found))


def share(value: Share) -> str:
    """Return a share with its 95 % interval."""
    if value.value is None or value.low is None or value.high is None:
        return "-"
    return f"{value.value:.5f} [{value.low:.5f} {value.high:.5f}]"


def _rows(figures: Figures) -> list[tuple[str, str, str]]:
    """Return name, goal and value of every figure."""
    result = figures.accuracy
    whole = result.whole
    rows = [
        ("recall at precision .999, all pairs", ">= .99", f"{result.pairs.at_999.recall:.4f}"),
        ("recall at precision .9999, all pairs", ">= .97", f"{result.pairs.at_9999.recall:.4f}"),
        ("the same, best candidate only: .999", "", f"{result.best.at_999.recall:.4f}"),
        ("the same, best candidate only: .9999", "", f"{result.best.at_9999.recall:.4f}"),
        ("best F1 of pairs", "", f"{result.pairs.best_f1:.4f}"),
    ]
    for each in result.stated:
        goal = ">= .9990" if each.posterior == LINK else ""
        rows.append((f"precision at stated >= {each.posterior}", goal, share(each.precision)))
        rows.append(("  recall, reviews per 10,000", "", f"{each.recall.value or 0:.4f}, {each.reviews_per_10k:.0f}"))
    rows += [
        ("calibration error (ECE); log loss", "<= .005", f"{result.calibration_error:.4f}; {result.log_loss:.4f}"),
        ("links as decided: precision", ">= .9990", share(whole.precision)),
        ("  recall", "", share(whole.recall)),
        ("twin or sibling linked, per 10,000", "<= 1", f"{whole.wrong_family_per_10k:.2f}"),
        ("reviews per 10,000", "<= 150", f"{whole.reviews_per_10k:.0f}"),
        ("  share of reviews with the right child", "", share(whole.review_yield)),
        ("true pairs among the candidates written", ">= .997", f"{result.pairs.found:.4f}"),
        ("pairs per record", "<= 25", f"{figures.pairs_per_record:.1f}"),
        ("wall seconds", "", f"{figures.wall_seconds:.1f}"),
        ("CPU seconds", "", f"{figures.cpu_seconds:.1f}"),
        ("peak memory, MB", "<= 1,500", f"{figures.peak_bytes / 1e6:,.0f}"),
    ]
    return rows


def table(several: list[Figures]) -> str:
    """Return the figures of some engines beside each other."""
    columns = [_rows(each) for each in several]
    head = f"{'figure':44} {'goal':>9}" + "".join(f" {each.engine:>30}" for each in several)
    lines = [head, "-" * len(head)]
    for rows in zip(*columns, strict=True):
        name, goal, _ = rows[0]
        lines.append(f"{name:44} {goal:>9}" + "".join(f" {value:>30}" for _, _, value in rows))
    return "\n".join(lines)


def groups_table(several: list[Figures]) -> str:
    """Return precision and recall of the links by sub-group."""
    lines = [
        f"{'sub-group':14} {'records':>8} {'engine':10} {'precision':>28} {'recall':>28} {'wrong':>6} {'rev/10k':>8}"
    ]
    for name in several[0].accuracy.groups:
        for each in several:
            tally = each.accuracy.groups[name]
            lines.append(
                f"{name:14} {tally.records:8} {each.engine[:10]:10} {share(tally.precision):>28}"
                f" {share(tally.recall):>28} {tally.wrong:6} {tally.reviews_per_10k:8.0f}"
            )
    return "\n".join(lines)


def summary(several: list[Figures]) -> str:
    """Return one line a run: the figures that the goals name."""
    head = f"{'engine':30} {'R@.999':>7} {'R@.9999':>8} {'P stated .99':>12} {'ECE':>7}"
    head += f" {'family/10k':>10} {'review/10k':>10}"
    lines = [head]
    for each in several:
        result = each.accuracy
        stated = next(one.precision.value for one in result.stated if one.posterior == LINK)
        lines.append(
            f"{each.engine:30} {result.pairs.at_999.recall:7.4f} {result.pairs.at_9999.recall:8.4f} {stated or 0:12.5f}"
            f" {result.calibration_error:7.4f} {result.whole.wrong_family_per_10k:10.2f}"
            f" {result.whole.reviews_per_10k:10.0f}"
        )
    return "\n".join(lines)
