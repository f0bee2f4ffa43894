"""Lines of the program's log: known words, numbers and ids, and nothing that somebody may have written."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.log_lines import LineHandler, Told, described

SECRET = "Lò Thị Bí Mật"
NUMBER = "001214000123"


def record(
    name: str, message: str, *values: object, error: BaseException | None = None, told: object = None
) -> logging.LogRecord:
    """Return a record as a logger makes it; args: told: the fields of an event of ours."""
    raised = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, values, raised)
    made.told = told
    return made


def line_of(name: str, message: str, *values: object, error: BaseException | None = None, told: object = None) -> Any:
    """Return what stands in the log of a record."""
    stream = io.StringIO()
    LineHandler(stream).handle(record(name, message, *values, error=error, told=told))
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


def failing(value: str) -> BaseException:
    """Return an error as it is caught, with a value in its text, its cause and its arguments."""
    try:
        try:
            raise KeyError(value)
        except KeyError as error:
            raise ValueError(f"no {value}", value) from error
    except ValueError as error:
        return error


def test_an_event_of_ours_is_told_with_its_fields() -> None:
    known_as = uuid4()
    told = {"route": "/children/{child_id}", "method": "GET", "status": 200, "ms": 1.5, "request_id": known_as}
    line = line_of("registry", Told.REQUEST.value, told=told)
    assert line["event"] == "request"
    assert line | {"request_id": str(known_as)} == line
    assert {name: line[name] for name in ("route", "method", "status", "ms")} == {
        name: told[name] for name in ("route", "method", "status", "ms")
    }


@pytest.mark.parametrize("field", ["name", "path", "query", "body", "login", "args", "message"])
def test_a_field_that_is_not_known_is_dropped(field: str) -> None:
    line = line_of("registry", Told.REQUEST.value, told={field: "word"})
    assert field not in line


@given(st.text())
def test_a_known_field_holds_words_of_a_program_only(value: str) -> None:
    line = line_of("registry", Told.JOB.value, told={"job": value, "kind": [value], "at": {value: value}})
    assert "kind" not in line
    assert "at" not in line
    assert line.get("job", value) == value
    assert "job" not in line or (value.isascii() and " " not in value)


@given(st.text(min_size=8))
def test_no_message_no_argument_and_no_text_of_an_error_is_told(value: str) -> None:
    for name in ("registry.api", "sqlalchemy.engine", "psycopg", "procrastinate.worker", "httpx", "urllib3", "hvac"):
        line = line_of(name, f"found {value}", error=failing(value))
        assert set(line) == {"time", "level", "logger", "error"}
        assert line["error"]["kind"] == "builtins.ValueError"
        assert line["error"]["after"]["kind"] == "builtins.KeyError"
        assert "event" not in line_of(name, "found %s", value)


def test_a_message_of_a_server_that_is_known_is_told_without_its_arguments() -> None:
    assert line_of("uvicorn.error", "Invalid HTTP request received.")["event"] == "Invalid HTTP request received."
    assert "event" not in line_of("uvicorn.error", "Invalid HTTP request received: " + SECRET)


def test_errors_that_belong_together_are_told_each_by_its_kind() -> None:
    told = described(ExceptionGroup(SECRET, [failing(SECRET), TypeError(NUMBER)]))
    assert [one["kind"] for one in told["among"]] == ["builtins.ValueError", "builtins.TypeError"]
    assert SECRET not in json.dumps(told, ensure_ascii=False)


def test_a_line_that_cannot_be_written_is_not_repeated_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    stream.close()
    LineHandler(stream).handle(record("registry", "found %s", SECRET))
    assert capsys.readouterr() == ("", "")


PROGRAM = f"""
import asyncio, gc, logging, sys, threading, warnings
from registry.protect.log_lines import write_lines
write_lines(sys.stderr)
secret = {SECRET!r}
class Left:
    def __del__(self):
        raise ValueError(secret)
warnings.warn(secret)
thread = threading.Thread(target=lambda: int(secret))
thread.start(); thread.join()
left = Left(); del left; gc.collect()
logging.getLogger("some.library").error("no %s", secret, extra=dict(value=secret))
logging.getLogger("some.library").error("%d %s", secret)
async def forgotten():
    asyncio.get_running_loop().create_future().set_exception(ValueError(secret))
    await asyncio.sleep(0)
asyncio.run(forgotten())
gc.collect()
open("/dev/null")
from registry.model.age import age_on
age_on(secret, secret)
"""


@pytest.mark.parametrize("mode", [(), ("-X", "dev")], ids=["plain", "dev"])
def test_threads_warnings_and_whatever_ends_the_program_tell_kinds_and_places_only(mode: tuple[str, ...]) -> None:
    ended = subprocess.run([sys.executable, *mode, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    told = [(line.get("event"), line.get("kind") or line.get("error", {}).get("kind")) for line in lines]
    assert ("warning", "UserWarning") in told
    assert told.count(("uncaught", "builtins.ValueError")) == 3
    assert told[-1][0] == "uncaught"
    assert lines[-1]["error"]["frames"][-1].startswith("registry/model/age.py:")
    assert not any(
        secret in ended.stderr for secret in (SECRET, SECRET.encode("unicode_escape").decode(), "ValueError(")
    )
