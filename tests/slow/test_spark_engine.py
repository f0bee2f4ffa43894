"""The Spark engine finds, weighs and decides what the local engine does, however the work is cut into tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from matching.bad_file import BadFile
from matching.commands.console import workspace_for
from matching.engines import local
from matching.engines.report import Report, Seconds
from matching.weights import Model
from tests.slow.commands import benchmark

if TYPE_CHECKING:  # Spark is there for the slow tests only, but this file is read by all
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]

YEAR = 2026
RECORDS = 800


def seconds() -> Seconds:
    """Return a stopwatch that stands still."""
    return Seconds(lambda: 0.0)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """A session on two cores of this machine; the engine takes the one that is active."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "700",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some thousand invented children and records with all kinds of damage."""
    folder = tmp_path_factory.mktemp("children")
    done = benchmark("hard_set", folder, "--children", 4000, "--records", RECORDS, "--seed", 11, "--strength", "strong")
    assert done.returncode == 0, done.stderr
    return folder


def on_spark(spark: SparkSession, model: str, left: Path | str, right: Path | str, **others: object) -> Report:
    """Run the engine in the session of these tests."""
    from matching.engines import spark as engine

    return engine.link(Model.load(model), left, right, year=YEAR, seconds=seconds(), **others)


def here(model: str, left: Path, right: Path, **others: object) -> Report:
    """Run the local engine."""
    return local.link(workspace_for(model, year=YEAR), left, right, seconds=seconds(), **others)


def told(report: Report) -> dict[str, object]:
    """Return what a report says but for time and memory."""
    document = report.document()
    del document["seconds"], document["peak_memory_bytes"]
    document["blocks_left_out"] = sorted(map(str, document["blocks_left_out"]))
    document["absence"] = {name: pytest.approx(value, abs=2e-3) for name, value in document["absence"].items()}
    return document


def assert_same(one: pa.Table, other: pa.Table) -> None:
    """Check that two results have the same rows, and probabilities within a millionth."""
    assert one.num_rows > RECORDS
    exact = [name for name in one.column_names if name != "probability"]
    for name in exact:
        assert one[name].cast(pa.string()).equals(other[name].cast(pa.string())), name
    difference = np.abs(one["probability"].to_numpy() - other["probability"].to_numpy())
    assert difference.max() <= 1e-6


def in_parts(table: pa.Table, folder: Path, parts: int) -> Path:
    """Write a table as a folder of Parquet files."""
    folder.mkdir()
    size = -(-len(table) // parts)
    for part in range(parts):
        pq.write_table(table.slice(part * size, size), folder / f"part-{part}.parquet")
    return folder


def test_one_task_decides_as_the_local_engine(spark: SparkSession, children: Path, tmp_path: Path) -> None:
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    left, right = children / "records.parquet", children / "population.parquet"
    expected = here("child_vn", left, right, out=tmp_path / "local.parquet")
    found = on_spark(spark, "child_vn", left, right, out=tmp_path / "spark.parquet")
    assert_same(pq.read_table(tmp_path / "local.parquet"), pq.read_table(tmp_path / "spark.parquet"))
    assert told(found) == told(expected)


def test_seven_tasks_constraints_and_small_caps_change_nothing(
    spark: SparkSession, children: Path, tmp_path: Path
) -> None:
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    records, population = (pq.read_table(children / f"{name}.parquet") for name in ("records", "population"))
    left, right = tmp_path / "records.csv", in_parts(population, tmp_path / "population", 7)
    pv.write_csv(records, left)
    ids, people = (table["record_id"].to_pylist() for table in (records, population))
    said = tmp_path / "said.csv"
    here("child_vn", left, right, out=tmp_path / "first.csv")
    links = pq_links(tmp_path / "first.csv")
    lines = [f"{ids[5]},{people[-1]},same", f"{ids[9]},{people[4]},same", f"{links[3][0]},{links[3][1]},different"]
    said.write_text("\n".join(["left_id,right_id,said", *lines, "unknown,nobody,different\n"]))
    narrow = tmp_path / "narrow.toml"
    shipped = (Path(local.__file__).parents[1] / "models" / "child_vn.toml").read_text()
    narrow.write_text(shipped.replace("cap = 200", "cap = 1"))
    expected = here(str(narrow), left, right, out=tmp_path / "local.parquet", constraints=said)
    out = tmp_path / "spark"
    found = on_spark(spark, str(narrow), left, f"file://{right}", out=out, constraints=said)
    assert expected.left_out
    assert expected.too_common
    assert expected.constraints == {"same": 2, "different": 1, "not in the files": 1}
    assert (out / "_SUCCESS").exists()
    assert_same(in_order(pq.read_table(tmp_path / "local.parquet")), in_order(pq.read_table(out)))
    assert told(found) == told(expected)


def pq_links(path: Path) -> list[tuple[str, str]]:
    """Return the pairs that a result in CSV links."""
    table = pv.read_csv(path)
    table = table.filter(pc.equal(table["decision"], "link"))
    return list(zip(table["left_id"].to_pylist(), table["right_id"].to_pylist(), strict=True))


def in_order(table: pa.Table) -> pa.Table:
    """Return a result by record, person and 'nobody' last; words as plain text."""
    plain = pa.table(
        {name: column if name == "probability" else column.cast(pa.string()) for name, column in named(table)}
    )
    return plain.sort_by([("left_id", "ascending"), ("right_id", "ascending")])


def named(table: pa.Table) -> list[tuple[str, pa.ChunkedArray]]:
    """Return the columns of a table with their names."""
    return list(zip(table.column_names, table.columns, strict=True))


def people_of(table: pa.Table) -> pa.Table:
    """Return children as people of another kind of file."""
    names = [(name or "").split(" ") for name in table["full_name"].to_pylist()]
    return pa.table(
        {
            "id": table["record_id"],
            "first_name": pa.array([parts[-1] or None for parts in names], pa.string()),
            "middle_name": pa.array([" ".join(parts[1:-1]) or None for parts in names], pa.string()),
            "last_name": pa.array([parts[0] or None for parts in names], pa.string()),
            "dob": table["birth_date"].cast(pa.string()),
            "sex": table["sex"].cast(pa.string()),
            "city": table["commune_code"].cast(pa.string()),
        }
    )


def test_a_model_of_any_columns_gives_the_same_on_both(spark: SparkSession, children: Path, tmp_path: Path) -> None:
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    left, right = tmp_path / "left.parquet", tmp_path / "right.csv"
    pq.write_table(people_of(pq.read_table(children / "records.parquet")), left)
    pv.write_csv(people_of(pq.read_table(children / "population.parquet")), right)
    expected = here("person", left, right, out=tmp_path / "local.csv")
    found = on_spark(spark, "person", left, f"file://{right}", out=tmp_path / "spark.csv")
    assert_same(pv.read_csv(tmp_path / "local.csv"), pv.read_csv(tmp_path / "spark.csv"))
    assert told(found) == told(expected)


BAD = {
    "a missing column": ("full_name,sex\na,1\n", "column record_id is missing"),
    "no rows": ("record_id,full_name\n", "the file has no rows"),
    "one id twice": ("record_id,full_name\nr1,a\nr2,b\nr1,c\n", "column record_id has the same value in rows 1 and 3"),
    "no id": ("record_id,full_name\nr1,a\n,b\n", "column record_id is empty in row 2"),
    "a ragged line": ("record_id,full_name\nr1,a\nr2,b,c\n", "line 3 has more or fewer values"),
}


@pytest.mark.parametrize("case", BAD)
def test_files_are_refused_in_the_words_of_the_local_engine(
    spark: SparkSession, case: str, children: Path, tmp_path: Path
) -> None:
    text, words = BAD[case]
    left, good, out = tmp_path / "bad.csv", children / "records.parquet", tmp_path / "out.csv"
    left.write_text(text)
    with pytest.raises(BadFile) as expected:
        here("child_vn", left, good, out=out)
    assert words in str(expected.value)
    with pytest.raises(BadFile) as found:
        on_spark(spark, "child_vn", left, good, out=out)
    assert str(found.value) == str(expected.value)
    assert not out.exists()


def test_a_population_is_refused_where_spark_alone_can_read_it(
    spark: SparkSession, children: Path, tmp_path: Path
) -> None:
    good, out = children / "records.parquet", tmp_path / "out.csv"
    twice = pq.read_table(children / "population.parquet").slice(0, 30)
    in_parts(pa.concat_tables([twice, twice.slice(7, 1)]), tmp_path / "twice", 3)
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("record_id,full_name\nr1,a\nr2,b,c\n")
    places = {
        f"file://{tmp_path}/twice": "column record_id has the same value in rows 8 and 31",
        f"file://{ragged}": "a line has more or fewer values than the header has columns",
        f"file://{tmp_path}/nowhere.parquet": "the file does not exist",
        f"file://{children}/truth.csv": "column record_id is missing",
    }
    for place, words in places.items():
        with pytest.raises(BadFile, match=words):
            on_spark(spark, "child_vn", good, place, out=out)
    with pytest.raises(BadFile, match="something stands there already"):
        on_spark(spark, "child_vn", good, good, out=tmp_path)
    assert not out.exists()


def test_the_command_starts_and_ends_a_session_of_its_own(children: Path, tmp_path: Path) -> None:
    pq.write_table(pq.read_table(children / "records.parquet").slice(0, 20), tmp_path / "records.parquet")
    files = [tmp_path / "records.parquet", children / "population.parquet", "--out", tmp_path / "out.csv"]
    command = [sys.executable, "-m", "matching", "link", *map(str, files), "--engine", "spark", "--year", str(YEAR)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "20 records, 4000 in the population" in done.stderr
    assert set(pv.read_csv(tmp_path / "out.csv")["decision"].to_pylist()) <= {"link", "review", "none"}
