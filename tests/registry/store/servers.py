"""A server in a process of its own, to be killed; and a look at what runs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from sqlalchemy import make_url

USER = """
import sys, time
from pathlib import Path
from registry.store.server.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), durable=False):
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect to a SQLAlchemy address, without a transaction."""
    address = make_url(url).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def user_process(folder: Path) -> subprocess.Popen[str]:
    """Start a process that uses the server of `folder` until its input ends; return when the server is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # a group of its own, as a terminal gives to a command
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def processes_of(folder: Path) -> list[int]:
    """Return the living processes that work in `folder` or name it on their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            words = (process / "cmdline").read_bytes()
            inside = (process / "cwd").readlink().is_relative_to(folder)
        except OSError:
            continue
        if state != "Z" and (inside or str(folder).encode() in words):
            found.append(int(process.name))
    return found


def eventually(seen: Callable[[], bool]) -> bool:
    """Wait for something that another process does; half a minute is far more than it takes."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if seen():
            return True
        time.sleep(0.02)
    return seen()
