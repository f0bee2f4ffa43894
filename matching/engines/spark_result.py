"""Where the result of a linkage on Spark goes: a file of the driver, or a folder of Parquet parts that Spark writes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from matching.bad_file import BadFile
from matching.engines.spark_sides import address_of

_SUFFIXES: Final = (".csv", ".parquet")


def folder_of(out: Path | str) -> str | None:
    """Return the address of the folder that `out` means; None: it means one file at a path of the driver.

    A folder is meant by an address with a scheme, by a folder that is there, and by a name that ends like no file.
    """
    address = address_of(out)
    if address is not None:
        return address
    path = Path(out)
    if path.is_dir() or str(out).endswith("/") or not path.suffix:
        return f"file://{path.absolute()}"
    return None


def check_is_free(spark: SparkSession, folder: str, *, named: str) -> None:
    """Check before the work begins that nothing stands in the folder.

    Raises: BadFile: something stands there, or Spark knows no way to write there.
    """
    context = spark.sparkContext
    try:
        path = context._jvm.org.apache.hadoop.fs.Path(folder)
        files = path.getFileSystem(context._jsc.hadoopConfiguration())
        taken = files.exists(path) and (files.getFileStatus(path).isFile() or len(files.listStatus(path)) > 0)
    except Py4JError:
        msg = f"{named}: Spark cannot write there"
        raise BadFile(msg) from None
    if taken:
        msg = f"{named}: something stands there already; an empty folder, or none, is needed"
        raise BadFile(msg)


def write_folder(spark: SparkSession, tables: Iterable[pa.Table], folder: str, *, named: str) -> None:
    """Write a result as Parquet parts; the marker _SUCCESS comes last, and without it nothing counts.

    Raises: BadFile: the place does not take them.
    """
    whole = pa.concat_tables(tables)
    try:
        spark.createDataFrame(whole).write.mode("append").option("compression", "zstd").parquet(folder)
    except PySparkException:
        msg = f"{named}: the result cannot be written"
        raise BadFile(msg) from None
