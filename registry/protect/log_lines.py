"""The program's own log: one JSON object a line, made of known words, numbers and ids, and never of a message's text.

The text of an error, the arguments of a message, locals and addresses may hold a name or a number of a child. So a line
is not cleaned: it is built from what is known to be harmless, and everything else is left out.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any, Final
from uuid import UUID

OWN: Final = ("registry", "connectors", "matching", "migrations")
_ROOT: Final = Path(__file__).parents[2]
_DEEPEST: Final = 3  # causes told of an error
_FRAMES: Final = 12  # frames told of an error, the innermost
_WORD: Final = re.compile(r"[A-Za-z0-9_.:{}/\-]{1,160}")
_OTHERS: Final = frozenset(  # messages of others that stand here word for word; their arguments are left out
    {
        ("uvicorn.error", "Invalid HTTP request received."),
        ("uvicorn.error", "Exception in ASGI application\n"),
        ("uvicorn.error", "Cancel %s running task(s), timeout graceful shutdown exceeded"),
    }
)


class Told(StrEnum):
    """What the program tells of itself: the events of its log."""

    REQUEST = "request"
    REQUEST_FAILED = "request_failed"  # an error that nobody foresaw
    JOB = "job"
    JOB_FAILED = "job_failed"
    ALARM = "alarm"
    WARNING = "warning"  # of Python or a library
    UNCAUGHT = "uncaught"  # an error that left its thread, or could not be raised


FIELDS: Final = frozenset(
    {
        "route",  # the template of an address, such as /children/{child_id}
        "method",
        "status",
        "ms",
        "request_id",  # the same as in the access log
        "job",
        "kind",
        "alarm_id",
        "at",  # file and line of our own code
    }
)

_log = logging.getLogger("registry")


def tell(
    event: Told, level: int = logging.INFO, *, error: BaseException | None = None, **fields: str | float | UUID | None
) -> None:
    """Write a line: an event, fields out of `FIELDS`, and the kind and place of an error.

    The error itself is not handed on: whoever else listens to this logger would write its text.
    """
    failure = None if error is None else described(error)
    _log.log(level, event.value, extra={"told": fields, "failure": failure})


class LineFormatter(logging.Formatter):
    """Turns any record, ours or a library's, into a line without values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        event = _event(record)
        if event is not None:
            line["event"] = event
        line |= _fields(record)
        failure = _failure(record)
        if failure is not None:
            line["error"] = failure
        return json.dumps(line, ensure_ascii=True)


def _event(record: logging.LogRecord) -> str | None:
    """Return what a record says if these words are known; None: they may be somebody's."""
    said = record.msg
    if not isinstance(said, str):
        return None
    if record.name.split(".")[0] in OWN:
        return said if said in set(Told) else None
    return said.strip() if (record.name, said) in _OTHERS else None


def _fields(record: logging.LogRecord) -> Mapping[str, str | float]:
    told = getattr(record, "told", None)
    if not isinstance(told, Mapping):
        return MappingProxyType({})
    shown = {name: _plain(told[name]) for name in sorted(FIELDS & told.keys())}
    return {name: value for name, value in shown.items() if value is not None}


def _failure(record: logging.LogRecord) -> Mapping[str, Any] | None:
    """Return the kind and place of the error of a record: told by us, or taken from a library's."""
    told = getattr(record, "failure", None)
    if record.name == _log.name and isinstance(told, Mapping):
        return told
    error = record.exc_info[1] if record.exc_info else None
    return None if error is None else described(error)


def _plain(value: object) -> str | float | None:
    """Return a value that is a number, an id or a word of a program; None: it is something else."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else None
    return value if isinstance(value, int | float) else None


def described(error: BaseException, *, depth: int = _DEEPEST) -> dict[str, Any]:
    """Return the kind of an error and the places in our own code that it came through; nothing of what it says."""
    places = [
        f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__, limit=None)
        if _is_own(frame.filename)
    ]
    kind = type(error)
    told: dict[str, Any] = {"kind": f"{kind.__module__}.{kind.__qualname__}", "frames": places[-_FRAMES:]}
    if isinstance(error, BaseExceptionGroup) and depth > 0:
        told["among"] = [described(one, depth=depth - 1) for one in error.exceptions[:_DEEPEST]]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth > 0:
        told["after"] = described(cause, depth=depth - 1)
    return told


def _is_own(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in OWN


class LineHandler(logging.StreamHandler[IO[str]]):
    """Writes lines to a stream. What cannot be written is repeated nowhere, as Python would do with its values."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self.setFormatter(LineFormatter())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name that Python calls
        """Leave the line out."""


def write_lines(stream: IO[str]) -> None:
    """Let every logger of this process, every warning and every uncaught error write lines to a stream.

    What goes well is not told, until `tell_all` is called.
    """
    root = logging.getLogger()
    for handler in [*root.handlers]:
        root.removeHandler(handler)
    root.addHandler(LineHandler(stream))
    root.setLevel(logging.WARNING)
    warnings.showwarning = _warned
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda args: _unheard(args.exc_value)
    threading.excepthook = lambda args: _unheard(args.exc_value)


def tell_all() -> None:
    """Let our own events be told that went well, too: requests and jobs."""
    _log.setLevel(logging.INFO)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: IO[str] | None = None,
    line: str | None = None,
) -> None:
    del message, file, line  # the text, and the line of code
    place = f"{Path(filename).relative_to(_ROOT)}:{lineno}" if _is_own(filename) else None
    tell(Told.WARNING, logging.WARNING, kind=category.__name__, at=place)


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    _unheard(error)


def _unheard(error: BaseException | None) -> None:
    if not isinstance(error, SystemExit):
        tell(Told.UNCAUGHT, logging.ERROR, error=error)
