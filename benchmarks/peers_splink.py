"""Run Splink on clean columns; runs in an environment of its own, which peers.py makes.

    python peers_splink.py link RECORDS POPULATION --out PAIRS.parquet --model MODEL.json
    python peers_splink.py pairs RECORDS POPULATION --pairs PAIRS.parquet --model MODEL.json
    python peers_splink.py online RECORDS POPULATION --model MODEL.json

The files are those that peers_columns.py writes. `link` trains and predicts; `pairs` scores the pairs of a file
(left_id, right_id) with a trained model; `online` scores one record against 200 people, call after call. Each prints
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import time
from pathlib import Path
from typing import Final

import duckdb
from peers_splink_model import SURE, SURE_RECALL, TRAINING, settings
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_U_PAIRS: Final = 1e7
_SEED: Final = 1
_LEAST: Final = 0.0001  # pairs below this probability are not written
_CANDIDATES: Final = 200
_CALLS: Final = 30
LEFT, RIGHT = "a_records", "b_population"  # in the order of their names: the records are the left side


def linker_of(
    left: Path, right: Path, model: SettingsCreator | str, *, threads: int
) -> tuple[Linker, duckdb.DuckDBPyConnection]:
    """Return a linker over the two files, and its connection."""
    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}")
    api = DuckDBAPI(connection=connection)
    tables = [
        api.register(connection.read_parquet(str(path)), dataset_display_name=name)
        for path, name in ((left, LEFT), (right, RIGHT))
    ]
    return Linker(tables, model), connection


def train(linker: Linker) -> None:
    """Estimate everything without labels."""
    rules = [block_on(*key) for key in SURE]
    linker.training.estimate_probability_two_random_records_match(rules, recall=SURE_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=_U_PAIRS, seed=_SEED)
    for key in TRAINING:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*key))


def report(**figures: float) -> None:
    """Print the figures with what this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({**figures, "cpu_seconds": cpu, "peak_memory_bytes": used.ru_maxrss * 1024}))


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return len(connection.table(table))


def link(options: argparse.Namespace) -> None:
    """Train, predict, and write the pairs."""
    began = time.perf_counter()
    linker, connection = linker_of(options.left, options.right, settings(), threads=options.threads)
    train(linker)
    trained = time.perf_counter()
    predicted = connection.table(linker.inference.predict().physical_name)
    scored = time.perf_counter()
    kept = predicted.filter(f"match_probability >= {_LEAST}")
    columns = "unique_id_l as left_id, unique_id_r as right_id, match_probability as probability, match_weight"
    kept.project(columns).write_parquet(str(options.out))
    linker.misc.save_model_to_json(str(options.model), overwrite=True)
    report(
        pairs=len(predicted),
        train_seconds=trained - began,
        predict_seconds=scored - trained,
        write_seconds=time.perf_counter() - scored,
    )


def pairs(options: argparse.Namespace) -> None:
    """Score the pairs of a file; only the prediction itself is timed."""
    linker, connection = linker_of(options.left, options.right, str(options.model), threads=options.threads)
    given = connection.read_parquet(str(options.pairs)).project(
        f"'0' as match_key, '{LEFT}-__-' || left_id as join_key_l, '{RIGHT}-__-' || right_id as join_key_r"
    )
    given.create("given_pairs")
    api = linker._db_api
    linker.table_management.register_blocked_pairs_for_predict(api.register("given_pairs"))
    for column in ("given", "middle", "surname", "commune", "mother_name", "father_name"):
        linker.table_management.compute_tf_table(column)
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    predicted = connection.table(linker.inference.predict().physical_name)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    report(
        pairs=len(predicted),
        seconds=seconds,
        predict_cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def _rows(connection: duckdb.DuckDBPyConnection, path: Path, source: str, count: int) -> list[dict[str, object]]:
    table = connection.read_parquet(str(path)).filter("mother_name is not null").limit(count)
    names = table.columns
    return [{**dict(zip(names, row, strict=True)), "source_dataset": source} for row in table.fetchall()]


def online(options: argparse.Namespace) -> None:
    """Score one record against many people again and again, term frequencies at hand."""
    linker, connection = linker_of(options.left, options.right, str(options.model), threads=options.threads)
    for column in ("given", "middle", "surname", "commune", "mother_name", "father_name"):
        linker.table_management.compute_tf_table(column)
    records = _rows(connection, options.left, LEFT, _CALLS)
    people = _rows(connection, options.right, RIGHT, _CANDIDATES)
    taken = []
    for record in records:
        began = time.perf_counter()
        scored = linker.inference.score_pairs([record], people)
        found = len(connection.table(scored.physical_name))
        taken.append(time.perf_counter() - began)
        if found != len(people):
            raise SystemExit("online: not every candidate was scored")
    taken.sort()
    report(calls=len(taken), candidates=len(people), p50_seconds=taken[len(taken) // 2], p99_seconds=taken[-1])


def main() -> None:
    """Read the options and run the command."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = {"link": link, "pairs": pairs, "online": online}
    parser.add_argument("command", choices=tuple(commands))
    parser.add_argument("left", type=Path)
    parser.add_argument("right", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    commands[options.command](options)


if __name__ == "__main__":
    main()
