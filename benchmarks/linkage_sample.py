"""Measure a links file against the truth of a drop: precision, recall, review load, calibration.

    python benchmarks/linkage_sample.py --links links.csv --truth truth.csv [--people population_truth.csv] [--json]

The truth is read here and nowhere else; nothing that links may see it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from matching.decision import Decision
from matching.evaluation import Evaluation, LinkRow, Share, Tally, TruthRow, evaluate

_LEAST_RECORDS = 5  # kinds of damage seen in fewer records are left out of the table


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or [])]
        if missing:
            sys.exit(f"{path.name}: column {missing[0]} is missing")
        yield from reader


def read_links(path: Path) -> Iterator[LinkRow]:
    """Read a links file as the main job writes it."""
    for row in _rows(path, ("system", "source_key", "personal_number", "decision", "score")):
        yield LinkRow(
            system=row["system"],
            key=row["source_key"],
            number=row["personal_number"] or None,
            decision=Decision(row["decision"]),
            score=float(row["score"] or 0),
        )


def read_truth(path: Path) -> Iterator[TruthRow]:
    """Read a truth file."""
    for row in _rows(path, ("system", "source_key", "person_uid", "personal_number", "in_population", "corruption")):
        yield TruthRow(
            system=row["system"],
            key=row["source_key"],
            number=row["personal_number"] if row["in_population"] == "1" else None,
            damage=tuple(name for name in row["corruption"].split(";") if name),
            household=row["person_uid"].split("-")[0],
        )


def read_households(path: Path) -> dict[str, str]:
    """Read which household each number of the population belongs to."""
    return {
        row["personal_number"]: row["person_uid"].split("-")[0]
        for row in _rows(path, ("person_uid", "personal_number"))
    }


def _percent(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return f"{'-':>22}"
    return f"{share.value:8.4f} [{share.low:.4f} {share.high:.4f}]"


def _line(name: str, tally: Tally) -> str:
    return (
        f"{name:28} {tally.records:7} {tally.in_population:7} {_percent(tally.precision)} {_percent(tally.recall)}"
        f" {tally.f1 or 0:7.4f} {tally.wrong:5} {tally.wrong_family:6} {tally.reviews_per_10k:8.1f}"
    )


def table(result: Evaluation) -> str:
    """Return the figures as a table for people."""
    head = (
        f"{'':28} {'records':>7} {'in pop.':>7} {'precision [95 %]':>24} {'recall [95 %]':>24}"
        f" {'F1':>7} {'wrong':>5} {'family':>6} {'rev/10k':>8}"
    )
    lines = [head, _line("all", result.whole)]
    lines += [_line(name, tally) for name, tally in result.by_system.items()]
    lines += ["", "by damage"]
    by_size = sorted(result.by_damage.items(), key=lambda item: (-item[1].records, item[0]))
    lines += [_line(name or "(none)", tally) for name, tally in by_size if tally.records >= _LEAST_RECORDS]
    lines += ["", f"calibration error {result.calibration_error:.4f}; candidates by stated probability"]
    lines += [
        f"{each.low:6.3f} - {each.high:5.3f} {each.candidates:7}  stated {each.stated:.4f}  true {each.true:.4f}"
        for each in result.bins
    ]
    if result.unknown_keys:
        lines.append(f"{result.unknown_keys} records of the links are not in the truth")
    return "\n".join(lines)


def main() -> None:
    """Read the files and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--people", type=Path, help="person_uid and personal_number, to tell relatives from strangers")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    homes = read_households(options.people) if options.people else None
    result = evaluate(read_links(options.links), read_truth(options.truth), household_of=homes)
    if not options.json:
        print(table(result))
        return
    document = asdict(result)
    document["precision"], document["recall"] = asdict(result.whole.precision), asdict(result.whole.recall)
    document["f1"], document["reviews_per_10k"] = result.whole.f1, result.whole.reviews_per_10k
    print(json.dumps(document, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
