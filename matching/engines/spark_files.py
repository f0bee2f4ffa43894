"""Files on Spark: Parquet, or CSV, as texts, with the place that each row comes from.

A CSV file at a path is read by the reader of the local engine, within one task, so that both engines read the same
and refuse the same. At an address such as s3a:// Spark's own reader is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame, SparkSession, types
from pyspark.sql import functions as sql
from pyspark.storagelevel import StorageLevel

from matching.bad_file import BadFile
from matching.engines.spark_session import ROWS_AT_ONCE, Batches, silent
from matching.files import read_batches
from matching.parquet_files import parts_of
from matching.schema import Schema

MARK: Final = "spark_mark"  # Spark's number of a row
FILE: Final = "spark_file"
START: Final = "spark_start"  # of the block of the file
FAULT: Final = "spark_fault"  # what is wrong with the row, in words; null: nothing

_CORRUPT: Final = "spark_corrupt"
_READABLE: Final = (types.StringType, types.IntegralType, types.DateType, types.TimestampNTZType, types.NullType)


def rows_of_file(
    spark: SparkSession, place: Path | str, *, address: str | None, schema: Schema
) -> tuple[DataFrame, DataFrame | None]:
    """Return the columns of a schema as texts with MARK, FILE, START and FAULT; and a frame to forget at the end.

    Args: address: where Spark finds the file; None: at the local path `place`.
    Raises: BadFile: the file is not there, is not what its name says, or lacks a required column.
    """
    if address is None:
        path = Path(place)
        next(iter(read_batches(path, columns=schema.columns, required=schema.required, rows=1)))
        if path.suffix.lower() == ".csv" and not path.is_dir():
            frame = _csv_at_path(spark, path.absolute(), named=str(place), schema=schema)
            return frame.withColumn(MARK, sql.monotonically_increasing_id()), frame
        addresses = [f"file://{part.absolute()}" for part in parts_of(path)]
    else:
        addresses = [address]
    try:
        if addresses[0].lower().endswith(".csv"):
            return _csv_at_address(spark, addresses[0], named=str(place), schema=schema), None
        return _parquet(spark, addresses, named=str(place), schema=schema), None
    except AnalysisException as fault:
        missing = fault.getCondition() == "PATH_NOT_FOUND"
        msg = f"{place}: the file does not exist" if missing else f"{place}: the file is no Parquet file, or is damaged"
        raise BadFile(msg) from None
    except PySparkException:
        msg = f"{place}: the file cannot be read"
        raise BadFile(msg) from None


def _csv_at_path(spark: SparkSession, path: Path, *, named: str, schema: Schema) -> DataFrame:
    columns = ", ".join(f"`{name}` string" for name in (*schema.columns, FILE, FAULT))
    one_row = spark.createDataFrame(pa.table({"file": [str(path)]}))
    task = partial(_read_csv, path=str(path), named=named, columns=schema.columns, required=schema.required)
    frame = one_row.coalesce(1).mapInArrow(silent(task), f"{columns}, {START} long")
    return frame.persist(StorageLevel.DISK_ONLY)


def _read_csv(
    batches: Batches, *, path: str, named: str, columns: tuple[str, ...], required: tuple[str, ...]
) -> Batches:
    """Read a file, whatever comes in; a fault of the file comes as a row that says so."""
    names = [*columns, FILE, FAULT, START]
    for _ in batches:
        try:
            for table in read_batches(Path(path), columns=columns, required=required, rows=ROWS_AT_ONCE):
                rows = len(table)
                whole = [column.combine_chunks() for column in table.columns]
                origin = [pa.repeat(path, rows), pa.nulls(rows, pa.string()), pa.repeat(pa.scalar(0, pa.int64()), rows)]
                yield pa.RecordBatch.from_arrays([*whole, *origin], names=names)
        except BadFile as fault:
            nothing = [pa.nulls(1, pa.string()) for _ in columns]
            told = [pa.array([path]), pa.array([str(fault).replace(path, named)]), pa.array([0], pa.int64())]
            yield pa.RecordBatch.from_arrays([*nothing, *told], names=names)


def _csv_at_address(spark: SparkSession, address: str, *, named: str, schema: Schema) -> DataFrame:
    """Read as text by Spark. What is malformed is marked, never refused by Spark: it would write the line to a log."""
    options = {"multiLine": "true", "escape": '"', "columnPruning": "false"}
    header = spark.read.options(**options).csv(address).first()
    names = [str(name or "").strip() for name in header or ()]
    _check_names(names, schema, named)
    told_apart = [name if names.index(name) == place else f"{name}:{place}" for place, name in enumerate(names)]
    all_text = types.StructType([types.StructField(name, types.StringType()) for name in (*told_apart, _CORRUPT)])
    options |= {"header": "true", "columnNameOfCorruptRecord": _CORRUPT}
    frame = spark.read.schema(all_text).options(**options).csv(address)
    fault = sql.when(
        sql.col(_CORRUPT).isNotNull(), sql.lit(f"{named}: a line has more or fewer values than the header has columns")
    )
    return _told(frame, {name: sql.col(f"`{name}`") for name in schema.columns if name in names}, fault, schema)


def _parquet(spark: SparkSession, addresses: Sequence[str], *, named: str, schema: Schema) -> DataFrame:
    frame = spark.read.option("mergeSchema", "true").parquet(*addresses)
    _check_names(frame.columns, schema, named)
    fault: Column = sql.lit(None).cast("string")
    texts = {}
    for field in frame.schema.fields:
        if field.name not in schema.columns:
            continue
        if not isinstance(field.dataType, _READABLE):
            kind = field.dataType.simpleString()
            msg = f"{named}: column {field.name} is of the type {kind}; text, whole numbers and dates are read"
            raise BadFile(msg)
        column = sql.col(f"`{field.name}`")
        if isinstance(field.dataType, types.TimestampNTZType):
            odd = sql.lit(f"{named}: column {field.name} has a value that is no text in UTF-8 and no whole day")
            fault = sql.coalesce(fault, sql.when(sql.date_trunc("day", column).cast("timestamp_ntz") != column, odd))
            column = sql.to_date(column)
        texts[field.name] = column.cast("string")
    return _told(frame, texts, fault, schema)


def _check_names(names: list[str], schema: Schema, named: str) -> None:
    for column in schema.required:
        if column not in names:
            msg = f"{named}: column {column} is missing"
            raise BadFile(msg)
    for column in schema.columns:
        if names.count(column) > 1:
            msg = f"{named}: column {column} stands there twice"
            raise BadFile(msg)


def _told(frame: DataFrame, texts: dict[str, Column], fault: Column, schema: Schema) -> DataFrame:
    """Return the columns of the schema, empty where nothing is known, and where each row comes from."""
    nothing = sql.lit(None).cast("string")
    columns = [
        (sql.when(texts[name] != "", texts[name]) if name in texts else nothing).alias(name) for name in schema.columns
    ]
    origin = [sql.col("_metadata.file_path").alias(FILE), sql.col("_metadata.file_block_start").alias(START)]
    return frame.select(*columns, *origin, fault.alias(FAULT), sql.monotonically_increasing_id().alias(MARK))
