"""Show every figure of the linkage engine, with Splink beside it in the same run and on the same files.

    python benchmarks/linkage.py [--quick] [--seeds 1,2,3,4,5] [--strengths usual] [--only SECTION] [--work DIR]

Sections: accuracy (with times and memory), speed (scored pairs a second on the same pairs), online (one record against
200 candidates), febrl (FEBRL 1-4), scale (a population of 25 million, this engine alone). Each engine runs as a program
of its own; Splink in an environment that is made for it. Sets and environments are kept and used again. Thresholds are
stated posteriors; the truth is read only to measure.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Final

from hard_set_habits import Strength
from peers import default_folder
from peers_figures import Figures, groups_table, summary, table
from peers_sections import SECTIONS, Bench, run_own, run_splink

_FULL: Final = (1_000_000, 100_000)
_QUICK: Final = (100_000, 10_000)
_SCALE: Final = (25_000_000, 1_000_000)
_QUICK_SCALE: Final = (2_500_000, 100_000)


def accuracy(bench: Bench) -> None:
    """Link every set with every engine and print what they reached."""
    everything: list[Figures] = []
    for strength in bench.strengths:
        for seed in bench.seeds:
            folder = bench.set_of(seed, strength)
            several = [run_own(folder, name=f"child-registry {strength} {seed}")]
            if bench.peers:
                several.append(run_splink(folder, bench.environments, name=f"Splink 5.0.0 {strength} {seed}"))
            print(f"\n== {bench.size[0]:,} children x {bench.size[1]:,} records, seed {seed}, {strength}\n")
            print(table(several))
            print("\n" + groups_table(several), flush=True)
            everything += several
    if len(everything) > 2:
        print("\n== all sets\n\n" + summary(sorted(everything, key=lambda each: each.engine)))


def _pair(text: str) -> tuple[int, int]:
    children, _, records = text.partition("x")
    return int(children), int(records)


def _bench(options: argparse.Namespace) -> Bench:
    scale = _QUICK_SCALE if options.quick else _SCALE
    return Bench(
        size=options.size or (_QUICK if options.quick else _FULL),
        seeds=tuple(int(seed) for seed in options.seeds.split(",")),
        strengths=tuple(Strength(strength) for strength in options.strengths.split(",")),
        work=options.work,
        environments=options.environments,
        peers=not options.own_only,
        scale=options.scale or scale,
    )


def main() -> None:
    """Read the options and run the sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sections = {"accuracy": accuracy, **SECTIONS}
    parser.add_argument("--quick", action="store_true", help="100,000 x 10,000 instead of 1,000,000 x 100,000")
    parser.add_argument("--size", type=_pair, help="CHILDRENxRECORDS")
    parser.add_argument("--scale", type=_pair, help="CHILDRENxRECORDS of the section scale")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--strengths", default="usual", help="of mild, usual, strong; with commas")
    parser.add_argument("--only", choices=tuple(sections), action="append", help="may be given again")
    parser.add_argument("--own-only", action="store_true", help="leave the peers out")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "child-registry-sets")
    parser.add_argument("--environments", type=Path, default=default_folder())
    options = parser.parse_args()
    bench = _bench(options)
    bench.work.mkdir(parents=True, exist_ok=True)
    bench.warm_up()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; programs run warm: compiled code is already cached")
    for name in options.only or [name for name in sections if name != "scale"]:
        print(f"\n#### {name}", flush=True)
        sections[name](bench)


if __name__ == "__main__":
    main()
