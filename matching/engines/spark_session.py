"""The Spark session of a linkage: what spark-submit, SPARK_CONF_DIR and the environment say, and careful defaults."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from matching.bad_file import BadFile

MASTER: Final = "CHILD_REGISTRY_SPARK_MASTER"
ROWS_AT_ONCE: Final = 50_000

_PYTHON: Final = "PYSPARK_PYTHON"
_LOOPBACK: Final = "127.0.0.1"
_LEVEL: Final = "ERROR"

Batches = Iterator[pa.RecordBatch]
Task = Callable[[Batches], Batches]


class SparkDoesNotStart(BadFile):
    """There is no Spark to run on: no Java, or no cluster at the address."""


class BrokenTask(RuntimeError):
    """A task failed in a way nobody has thought of; the message names the kind of fault and the place alone."""


@contextmanager
def session(environment: MutableMapping[str, str]) -> Iterator[SparkSession]:
    """Yield the session that is active, or one that is stopped at the end.

    Args: environment: of this process; Spark reads from it which Python its tasks run in, so that is set if unset.
    Raises: SparkDoesNotStart: see there.
    """
    spark = SparkSession.getActiveSession()
    if spark is not None:
        _settle(spark)
        yield spark
        return
    spark = _started(environment)
    try:
        _settle(spark)
        yield spark
    finally:
        spark.stop()


def _started(environment: MutableMapping[str, str]) -> SparkSession:
    try:
        SparkContext._ensure_initialized()
        conf = SparkConf()  # with what spark-submit and the files of SPARK_CONF_DIR say
        environment.setdefault(_PYTHON, conf.get("spark.pyspark.python", sys.executable) or sys.executable)
        return SparkSession.builder.config(conf=_filled(conf, environment.get(MASTER))).getOrCreate()
    except PySparkRuntimeError:
        msg = "Spark does not start; it needs Java 17 or later, found by JAVA_HOME or on the path"
        raise SparkDoesNotStart(msg) from None


def _filled(conf: SparkConf, master: str | None) -> SparkConf:
    """Return the configuration with our defaults where nothing is said."""
    if master:
        conf.setMaster(master)
    conf.setIfMissing("spark.master", "local[*]")
    conf.set("spark.ui.showConsoleProgress", "false")
    defaults = {"spark.ui.enabled": "false", "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS_AT_ONCE)}
    if (conf.get("spark.master") or "").startswith("local"):
        defaults |= {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}
        defaults |= {"spark.sql.shuffle.partitions": "8"}
    for name, value in defaults.items():
        conf.setIfMissing(name, value)
    if conf.get("spark.app.name") == "pyspark-shell":
        conf.setAppName("child-registry link")
    return conf


def _settle(spark: SparkSession) -> None:
    """Have a file cut into the same parts whenever it is read, even while executors come and go; say little."""
    spark.sparkContext.setLogLevel(_LEVEL)
    parts = spark.conf.get("spark.sql.files.minPartitionNum", None) or str(spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.files.minPartitionNum", parts)


def silent(task: Task) -> Task:
    """Return a task whose faults say no more than their kind and place: Spark writes them into its logs."""
    return partial(_run, task)


def _run(task: Task, batches: Batches) -> Batches:
    try:
        yield from task(batches)
    except Exception as fault:  # noqa: BLE001  the last door of a task: the message may hold a person's value
        frame = traceback.extract_tb(fault.__traceback__)[-1]
        msg = f"{type(fault).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
        raise BrokenTask(msg) from None
