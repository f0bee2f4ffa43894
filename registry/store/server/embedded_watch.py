"""The watcher: a small process that stops the server when the last process using it was killed.

It runs as a plain script beside the server, in a session of its own, so it imports the standard library only.
A process that uses the server holds a shared lock on the *alive* file; the kernel lets go of it however the process
ends. The watcher waits for the exclusive lock, which it gets once nobody is left.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

STOP_LIMIT = 120.0  # seconds the watcher keeps newcomers waiting while the server writes its last pages


def watch(alive: Path, watching: Path, pid_file: Path) -> bool:
    """Wait until nobody uses the server, then stop it; tell whether there was anything to stop.

    Returns at once, with False, when another watcher is at work already.
    """
    # The turn is given back before the users' lock, so a newcomer's watcher never finds it taken.
    with alive.open("ab") as users, watching.open("ab") as turn:
        if not _only_one(turn.fileno()):
            return False
        fcntl.flock(users, fcntl.LOCK_EX)
        pid = _server(pid_file)
        if pid is None:
            return False
        os.kill(pid, signal.SIGINT)
        until = time.monotonic() + STOP_LIMIT
        while _server(pid_file) == pid and time.monotonic() < until:
            time.sleep(0.02)
    return True


def _only_one(turn: int) -> bool:
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _server(pid_file: Path) -> int | None:
    """Return the server's process id while its file names one that lives; a clean stop removes the file."""
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def main(arguments: Sequence[str]) -> int:
    """Watch the three files named on the command line."""
    watch(*(Path(argument) for argument in arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
