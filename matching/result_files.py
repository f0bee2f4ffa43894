"""Files that we write: whole or not at all, and for their owner alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from matching.bad_file import BadFile

_SUFFIXES = (".csv", ".parquet")


class ResultFile:
    """A CSV or Parquet file that is written aside, table by table, and moved to its place when all is well.

    Used with `with`: after an error nothing is left behind and what stood there before stands there still.
    """

    def __init__(self, path: Path, *, schema: pa.Schema | None = None) -> None:
        """Check where the file shall stand.

        Args: schema: the columns of a file that may stay without rows; otherwise the first table gives them.
        Raises: BadFile: `path` cannot be written: a folder stands there, or its end is neither .csv nor .parquet.
        """
        self._path = path
        self._schema = schema
        self._aside: Path | None = None
        self._writer: arrow_csv.CSVWriter | parquet.ParquetWriter | None = None
        _check_place(path)

    def __enter__(self) -> Self:
        """Make the file aside."""
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")  # for its owner alone
        except OSError as fault:
            raise _not_written(self._path, fault) from None
        os.close(handle)
        self._aside = Path(name)
        return self

    def write(self, table: pa.Table) -> None:
        """Write more rows; every table has the columns of the first.

        Raises: BadFile: the disk does not take them.
        """
        try:
            self._opened(table.schema).write_table(table)
        except OSError as fault:
            raise _not_written(self._path, fault) from None

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Move the file to its place, or remove what was written when something failed."""
        try:
            if kind is None:
                self._finish()
        except OSError as failure:
            raise _not_written(self._path, failure) from None
        finally:
            with suppress(OSError):  # after a failure only; what was written goes away
                self._close()
            if self._aside is not None:
                self._aside.unlink(missing_ok=True)

    def _opened(self, schema: pa.Schema) -> arrow_csv.CSVWriter | parquet.ParquetWriter:
        if self._writer is None:
            columns = self._schema or schema
            if self._path.suffix.lower() == ".csv":
                self._writer = arrow_csv.CSVWriter(str(self._aside), columns)
            else:
                self._writer = parquet.ParquetWriter(str(self._aside), columns, compression="zstd")
        return self._writer

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _finish(self) -> None:
        if self._aside is None:
            return
        if self._writer is None:
            self._opened(self._schema or pa.schema([]))
        self._close()
        with self._aside.open("rb+") as file:
            os.fsync(file.fileno())
        self._aside.replace(self._path)
        self._aside = None
        _keep_name(self._path.parent)


def _check_place(path: Path) -> None:
    if path.is_dir():
        msg = f"{path}: a folder stands there; the name of a file is needed"
        raise BadFile(msg)
    if path.suffix.lower() not in _SUFFIXES:
        msg = f"{path}: the name must end in {' or '.join(_SUFFIXES)}"
        raise BadFile(msg)
    if not path.parent.is_dir():
        msg = f"{path}: the folder does not exist"
        raise BadFile(msg)


def _not_written(path: Path, fault: OSError) -> BadFile:
    return BadFile(f"{path}: the file cannot be written: {fault.strerror or 'the system refuses'}")


def _keep_name(folder: Path) -> None:
    """Have the system write the folder itself, so that the new name outlives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
