"""The server process itself: its options, its pid file, how it starts, becomes ready and ends."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from registry.store.server.embedded_errors import ServerDidNotStart
from registry.store.server.programs import Launch, Programs, explained, run, spawn

PORT = 5432  # names the socket file only: the server listens on no network address
STEP = 0.01  # seconds between two looks at a process
FAST_STOP_LIMIT = 60.0  # seconds a fast shutdown may take before the immediate one, which recovery mends

# No value of a row may reach the log: errors are not logged (their text quotes values), what is logged has neither
# detail nor statement nor parameters. Starts, stops, crashes and refused logins still are: so few lines that the log
# needs no collecting process, which would outlive the server by a moment.
QUIET_LOG = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_temp_files": "-1",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
}
KEPT_LOGS = 7
LOG_SIZE = 1_000_000  # bytes; a larger log is put aside at the next start
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True, slots=True)
class PidFile:
    """What PostgreSQL writes about itself into `postmaster.pid`."""

    pid: int
    socket_folder: str
    status: str  # "starting", "ready", "stopping", "standby" or empty while it is written

    @classmethod
    def read(cls, cluster: Path) -> PidFile | None:
        """Return what the file says, or None when there is no file or it is half written."""
        try:
            lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return cls(int(lines[0]), lines[4].strip() if len(lines) > 4 else "", "".join(lines[7:8]).strip())
        except (OSError, ValueError, IndexError):
            return None


def live_server(cluster: Path) -> PidFile | None:
    """Return the pid file of a server that runs on `cluster` now, or None.

    The pid alone proves nothing: after a crash the number may belong to a dead process that nobody has reaped, or,
    after a restart of the machine, to another program.
    """
    told = PidFile.read(cluster)
    return told if told is not None and _serves(told.pid, cluster) else None


def _serves(pid: int, cluster: Path) -> bool:
    process = Path("/proc") / str(pid)
    if Path("/proc/self/stat").exists():
        try:
            state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            return state not in {"Z", "X"} and _works_in(process, cluster)
        except (OSError, IndexError):
            return False
    told = run(["ps", "-o", "stat=,comm=", "-p", str(pid)]).stdout.strip()  # systems without /proc
    return "postgres" in told and not told.startswith("Z")


def _works_in(process: Path, cluster: Path) -> bool:
    """Tell whether a process works in the folder of the cluster, as the server does."""
    try:
        return (process / "cwd").readlink() == cluster.resolve()
    except PermissionError:  # root of a container may not look into another account's process, but see its command
        return os.fsencode(cluster) in (process / "cmdline").read_bytes().split(b"\0")


def forget_dead_server(cluster: Path) -> None:
    """Make a stale pid file harmless without losing its record of shared memory.

    PostgreSQL refuses to start while the number in the file belongs to any process, a dead one waiting to be reaped
    included. It does take its own parent's number for stale, and still checks that the old shared memory is unused.
    """
    file = cluster / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError):
        first, line_end, rest = file.read_text(encoding="utf-8").partition("\n")
        if int(first) != os.getpid():
            file.write_text(f"{os.getpid()}{line_end}{rest}", encoding="utf-8")


def options(*, sockets: Path, durable: bool) -> list[str]:
    """Return the server's options as command line arguments; they win over the cluster's own file of settings."""
    chosen = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "password_encryption": "scram-sha-256",
        **QUIET_LOG,
        **({} if durable else NOT_DURABLE),
    }
    return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


def rotate(log: Path) -> int:
    """Put a log that has grown aside, drop the oldest, and return the size of the one to go on with."""
    size = log.stat().st_size if log.exists() else 0
    if size < LOG_SIZE:
        return size
    kept = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT_LOGS))]
    for newer, older in reversed(list(itertools.pairwise(kept))):
        if newer.exists():
            newer.replace(older)
    return 0


def start(
    programs: Programs, launch: Launch, *, cluster: Path, arguments: list[str], log: Path
) -> subprocess.Popen[bytes]:
    """Start the server as our own child, in a session of its own so that Ctrl-C reaches our program first."""
    command = [*launch.prefix, programs.path("postgres"), "-D", str(cluster), *arguments]
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as words:
        return spawn(command, stdout=words, stderr=words, own_session=True)


def wait_until_ready(
    process: subprocess.Popen[bytes] | None, *, cluster: Path, log: Path, said_before: int, limit: float
) -> PidFile:
    """Return the pid file once the server accepts connections; recovery after a crash may take minutes.

    Args:
        process: our child, or None for a server that someone else started.
        said_before: bytes of the log that are of earlier starts.
        limit: seconds.

    Raises: ServerDidNotStart, DiskFull, DataFolderBroken: it ended, or was not ready in time.
    """
    until = time.monotonic() + limit
    while time.monotonic() < until:
        told = PidFile.read(cluster)
        if told is not None and told.status == "ready" and (process is None or told.pid == process.pid):
            return told
        if _ended(process, cluster):
            raise explained(log.read_bytes()[said_before:].decode(errors="replace"), folder=cluster)
        time.sleep(STEP)
    raise ServerDidNotStart(f"PostgreSQL was not ready after {limit:.0f} seconds; see its log", place=str(log))


def _ended(process: subprocess.Popen[bytes] | None, cluster: Path) -> bool:
    return live_server(cluster) is None if process is None else process.poll() is not None


def stop(pid: int, *, process: subprocess.Popen[bytes] | None, cluster: Path) -> None:
    """Shut the server down, fast first, and return when it has gone."""
    for kind, limit in ((signal.SIGINT, FAST_STOP_LIMIT), (signal.SIGQUIT, FAST_STOP_LIMIT), (signal.SIGKILL, 5.0)):
        if _gone(pid, process, cluster):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        until = time.monotonic() + limit
        while time.monotonic() < until and not _gone(pid, process, cluster):
            time.sleep(STEP)


def _gone(pid: int, process: subprocess.Popen[bytes] | None, cluster: Path) -> bool:
    return process.poll() is not None if process is not None else not _serves(pid, cluster)


def watch(alive: Path, watching: Path, cluster: Path) -> subprocess.Popen[bytes]:
    """Start the watcher, which stops the server should every process that uses it be killed."""
    script = Path(__file__).with_name("embedded_watch.py")
    files = [str(alive), str(watching), str(cluster / "postmaster.pid")]
    return spawn([sys.executable, "-I", "-S", str(script), *files], own_session=True)
