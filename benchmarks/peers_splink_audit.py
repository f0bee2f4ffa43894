"""Weigh the same pairs by the same parameters here and in Splink, and say how far the weights are apart.

    python benchmarks/peers_splink_audit.py LEFT RIGHT [--model febrl] [--environments DIR]

The model must declare its columns; its settings are those of `matching.splink.to_splink`, without classes. Both sides
get the columns as the model reads them, with the frequencies of RIGHT. Splink runs in an environment of its own, which
peers.py makes, and is called by this program again with `score`. Ends with 1 if a weight is further off than the bound.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BOUND: Final = 1e-6  # bits, of every pair
SOURCES: Final = ("a_records", "b_population")  # in the order of their names: the records are the left side
_PAIRS: Final = "pairs.parquet"
_SCORED: Final = "scored.parquet"
_SETTINGS: Final = "settings.json"


def score(folder: Path) -> None:
    """Let Splink score the pairs that stand in the folder; runs in its environment."""
    import duckdb
    from splink import DuckDBAPI, Linker

    connection = duckdb.connect()
    api = DuckDBAPI(connection=connection)
    tables = [
        api.register(connection.read_parquet(str(folder / f"{name}.parquet")), dataset_display_name=name)
        for name in SOURCES
    ]
    linker = Linker(tables, str(folder / _SETTINGS))
    left, right = SOURCES
    given = connection.read_parquet(str(folder / _PAIRS)).project(
        f"'0' as match_key, '{left}-__-' || left_id as join_key_l, '{right}-__-' || right_id as join_key_r"
    )
    given.create("given_pairs")
    linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register("given_pairs"))
    predicted = connection.table(linker.inference.predict().physical_name)
    predicted.project("unique_id_l as left_id, unique_id_r as right_id, match_weight").write_parquet(
        str(folder / _SCORED)
    )
    print(json.dumps({"pairs": len(predicted)}))


def prepare(left: Path, right: Path, model_name: str, folder: Path) -> int:
    """Write what Splink is to score, with the weights of this package; return how many levels it cannot say."""
    from matching.columns.workspace import ColumnWorkspace
    from matching.engines.reading import tables_of
    from matching.splink import to_splink
    from matching.weights import Model
    from matching.workspace import Side

    model = Model.load(model_name)
    if model.declared is None:
        raise SystemExit(f"{model_name}: the model does not declare its columns")
    model = replace(model, declared=replace(model.declared, look_alikes=()))
    workspace = ColumnWorkspace(model)
    ids: dict[Side, list[str]] = {}
    for side, path in zip(Side, (left, right), strict=True):
        ids[side] = []
        for table in tables_of(path, model.schema):
            workspace.add(side, table)
            ids[side] += table.column(model.schema.id_column).to_pylist()
    workspace.finish()
    people = len(ids[Side.RIGHT])
    record, person, bits = _weights(workspace, records=len(ids[Side.LEFT]), people=people)
    columns = {
        "left_id": pa.array(ids[Side.LEFT]).take(pa.array(record)),
        "right_id": pa.array(ids[Side.RIGHT]).take(pa.array(person)),
        "bits": pa.array(bits),
    }
    pq.write_table(pa.table(columns), folder / _PAIRS)
    _write_sides(workspace, ids, folder)
    exported = to_splink(model, people=people)
    settings = exported.settings | {"unique_id_column_name": "unique_id", "retain_matching_columns": False}
    (folder / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    return sum(remark.startswith("Level") for remark in exported.not_expressed)


def _weights(workspace: Any, *, records: int, people: int) -> list[Any]:  # noqa: ANN401 - see `prepare`
    """Return record, person and bits of every pair that shares a block of the first stage."""
    import numpy as np

    from matching.candidates import blocks_of

    all_records = np.arange(records, dtype=np.int32)
    index = blocks_of(workspace, all_records, stages=workspace.model.stages[:1], people=people)
    weights = []
    for step in index.steps(1_000_000):
        found = index.candidates(step.start, step.stop)
        record = np.repeat(all_records[step.start : step.stop], np.diff(found.starts)).astype(np.int32)
        weighed = workspace.weigh(found.starts, record, found.person)
        weights.append((record, found.person, weighed.log_odds / np.log(2)))
    return [np.concatenate(each) for each in zip(*weights, strict=True)]


def _write_sides(workspace: Any, ids: dict[Any, list[str]], folder: Path) -> None:  # noqa: ANN401 - see `prepare`
    """Write both sides as they are compared, each value with its share of the population beside it."""
    sides = {side: workspace.read(side) for side in ids}
    population = list(sides.values())[-1]
    for (side, table), name in zip(sides.items(), SOURCES, strict=True):
        written = table.append_column("unique_id", pa.array(ids[side]))
        for column in table.column_names:
            known = population.column(column).drop_null()
            counted = pc.value_counts(known.combine_chunks())
            places = pc.index_in(table.column(column), value_set=counted.field("values"))
            counts = pc.fill_null(counted.field("counts").take(places), 1)
            shares = pc.divide(pc.cast(counts, pa.float64()), float(max(len(known), 1)))
            written = written.append_column(f"tf_{column}", shares)
        pq.write_table(written, folder / f"{name}.parquet")


def compare(folder: Path) -> dict[str, float]:
    """Return how far the weights of the two are apart, in bits."""
    ours, theirs = pq.read_table(folder / _PAIRS), pq.read_table(folder / _SCORED)
    both = ours.join(theirs, keys=["left_id", "right_id"], join_type="inner")
    apart = pc.abs(pc.subtract(both.column("bits"), both.column("match_weight")))
    return {
        "pairs": len(ours),
        "scored_by_both": len(both),
        "furthest_bits": pc.max(apart).as_py() or 0.0,
        "further_than_bound": pc.sum(pc.greater(apart, BOUND)).as_py() or 0,
    }


def main() -> int:
    """Prepare, score and compare; or score, when Splink's environment runs this."""
    if sys.argv[1:2] == ["score"]:
        score(Path(sys.argv[2]))
        return 0
    from peers import default_folder, environment, run_peer

    parser = argparse.ArgumentParser(description="Weigh the same pairs here and in Splink.")
    parser.add_argument("left", type=Path)
    parser.add_argument("right", type=Path)
    parser.add_argument("--model", default="febrl")
    parser.add_argument("--environments", type=Path, default=default_folder())
    options = parser.parse_args()
    environment("splink", options.environments)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        unsaid = prepare(options.left, options.right, options.model, folder)
        run_peer("splink", options.environments, "peers_splink_audit.py", "score", folder)
        figures = compare(folder) | {"levels_that_splink_cannot_say": unsaid, "bound_bits": BOUND}
    print(json.dumps(figures, indent=1))
    same = figures["scored_by_both"] == figures["pairs"] and not figures["further_than_bound"]
    return 0 if same or unsaid else 1


if __name__ == "__main__":
    raise SystemExit(main())
