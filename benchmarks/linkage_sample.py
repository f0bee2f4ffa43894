"""Measure a links file against the truth of a drop: precision, recall, review load, calibration.

    python benchmarks/linkage_sample.py --links links.csv --truth truth.csv [--people population_truth.csv] [--json]

The truth is read here and nowhere else; nothing that links may see it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matching.commands.evaluate import document, table
from matching.decision import Decision
from matching.evaluation import DECISIONS, NOBODY, Evaluation, Outcome, Truth, evaluate

_LEAST_RECORDS = 5  # kinds of damage seen in fewer records are left out of the table
Row = dict[str, str]


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or [])]
        if missing:
            sys.exit(f"{path.name}: column {missing[0]} is missing")
        yield from reader


def _codes(values: Sequence[str], codes: dict[str, int]) -> npt.NDArray[np.int64]:
    return np.array([codes.setdefault(value, len(codes)) if value else NOBODY for value in values], dtype=np.int64)


def _groups(rows: Sequence[Row]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which records are of which system, and which have which damage."""
    members: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        kinds = [name for name in row["corruption"].split(";") if name] or ["(none)"]
        for name in (f"system {row['system']}", *(f"damage {kind}" for kind in kinds)):
            members.setdefault(name, []).append(place)
    groups: dict[str, npt.NDArray[np.bool_]] = {}
    for name, places in members.items():
        if len(places) >= _LEAST_RECORDS:
            groups[name] = np.zeros(len(rows), dtype=np.bool_)
            groups[name][places] = True
    return groups


def measured(links: Path, truth: Path, people: Path | None = None) -> tuple[Evaluation, int]:
    """Measure a links file as the main job writes it; also return how many of its rows the truth does not name."""
    rows = list(_rows(truth, ("system", "source_key", "person_uid", "personal_number", "in_population", "corruption")))
    said = list(_rows(links, ("system", "source_key", "personal_number", "decision", "score")))
    place_of = {(row["system"], row["source_key"]): place for place, row in enumerate(rows)}
    known = [row for row in said if (row["system"], row["source_key"]) in place_of]
    numbers: dict[str, int] = {}
    homes: dict[str, int] = {}
    true = _codes([row["personal_number"] if row["in_population"] == "1" else "" for row in rows], numbers)
    outcome = Outcome(
        np.array([place_of[row["system"], row["source_key"]] for row in known], dtype=np.int64),
        _codes([row["personal_number"] for row in known], numbers),
        np.array([float(row["score"] or 0) for row in known]),
        np.array([DECISIONS.index(Decision(row["decision"])) for row in known], dtype=np.int64),
    )
    of_person = None
    if people is not None:
        home = {row["personal_number"]: row["person_uid"] for row in _rows(people, ("person_uid", "personal_number"))}
        of_person = _codes([home.get(number, "").split("-")[0] for number in numbers], homes)
    own = _codes([row["person_uid"].split("-")[0] for row in rows], homes)
    return evaluate(outcome, Truth(true, own, of_person, _groups(rows))), len(said) - len(known)


def main() -> None:
    """Read the files and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--people", type=Path, help="person_uid and personal_number, to tell relatives from strangers")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result, unknown = measured(options.links, options.truth, options.people)
    if options.json:
        print(json.dumps(document(result), ensure_ascii=False, indent=1))
        return
    print(table(result))
    if unknown:
        print(f"{unknown} rows of the links are of records that the truth does not name")


if __name__ == "__main__":
    main()
