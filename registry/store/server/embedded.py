"""The embedded PostgreSQL: a real server from a directory of programs, run as our own child process.

What lies in the data folder:
    pg18/                the cluster, named by its major version
    pg18.passwords       the two passwords, mode 0600
    run/                 the socket and the lock files
    log/                 the server's own log, seven files at most, mode 0600, without any value of a row

Several processes may use one data folder: the first starts the server, later ones adopt it, the last one to leave
stops it, and a watcher stops it when all were killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

from registry.protect.keys.private_file import replace_private
from registry.store.server import postmaster
from registry.store.server.embedded_errors import (
    AnotherStartUnderWay,
    DataFolderBroken,
    DataFolderNotUsable,
    DiskFull,
    ServerDidNotStart,
    WrongVersion,
)
from registry.store.server.passwords import LOGIN, SUPERUSER, Passwords
from registry.store.server.programs import Launch, Programs, explained, make_cluster

SOCKET_PATH_LIMIT = 100  # bytes; the kernels allow 103 to 107 with the file name in it
READY_LIMIT = 1800.0  # seconds; recovery after a crash of a large store is slow, and must not be interrupted
LOCK_LIMIT = 120.0  # seconds


class EmbeddedServer:
    """A PostgreSQL server of our own on one data folder; use it in a `with` statement."""

    def __init__(
        self, folder: Path, *, bin_dir: Path | None = None, launch: Launch | None = None, durable: bool = True
    ) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            folder: the data folder.
            bin_dir: a directory of PostgreSQL programs; None: the installed wheel's.
            launch: how the server is started; None: the way that fits the caller.
            durable: False gives up crash safety for speed, for throw-away clusters only.
        """
        self.folder = folder.absolute()
        self.programs = Programs.at(bin_dir)
        self.adopted = False  # True: someone else had started the server
        self._launch_way = launch
        self._durable = durable
        self._version = self.programs.major_version()
        self._run = self.folder / "run"
        self._log = self.folder / "log" / "postgresql.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._told: postmaster.PidFile | None = None
        self._said_before = 0
        self._held: list[IO[bytes]] = []  # users' lock, alive lock

    @property
    def bin_dir(self) -> Path:
        """The directory of the programs this server runs with."""
        return self.programs.directory

    @property
    def cluster(self) -> Path:
        """The folder of the database files."""
        return self.folder / f"pg{self._version}"

    @property
    def url(self) -> str:
        """The address for the application: its own login, which is no superuser."""
        return self.url_for(LOGIN)

    @property
    def superuser_url(self) -> str:
        """The address for backup and restore, which row security must not narrow."""
        return self.url_for(LOGIN, superuser=True)

    def url_for(self, database: str, *, superuser: bool = False) -> str:
        """Return the SQLAlchemy address of `database`; it holds a password, so it is never logged."""
        if self._told is None:
            raise RuntimeError("the embedded server has not been started")
        passwords = Passwords.read(self._password_file)
        return URL.create(
            "postgresql+psycopg",
            username=SUPERUSER if superuser else LOGIN,
            password=passwords.superuser if superuser else passwords.login,
            database=database,
            query={"host": self._told.socket_folder},
        ).render_as_string(hide_password=False)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the server, or adopt the one that runs on this folder; return when it accepts connections.

        Raises: EmbeddedServerRefused: each of its classes names one reason.
        """
        if self._told is not None:
            if postmaster.live_server(self.cluster) is not None:
                return self
            self.stop()  # the server was killed under us
        with _as_refusals(self.folder):
            self._open_folder()
            with self._start_lock():
                self._hold_locks()
                try:
                    self._bring_up()
                    self._make_login()
                except BaseException:
                    self._leave()
                    raise
        return self

    def disk_full(self) -> DiskFull | None:
        """Return the refusal of a full disk if the server has met one since we use it."""
        try:
            said = self._log.read_bytes()[self._said_before :].decode("utf-8", errors="replace")
        except OSError:
            return None
        found = explained(said, folder=self.folder)
        return found if isinstance(found, DiskFull) else None

    def stop(self) -> None:
        """Leave the server, and stop it when no other process uses it; no process of ours is left then."""
        if self._told is None:
            return
        with self._start_lock():
            self._leave()

    # -- start -----------------------------------------------------------------------------------------------------

    @property
    def _password_file(self) -> Path:
        return self.folder / f"pg{self._version}.passwords"

    @property
    def _first_password(self) -> Path:
        return self.folder / f"pg{self._version}.first-password"

    def _open_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._run.mkdir(mode=0o700, exist_ok=True)
        self._log.parent.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self._run / "start.lock").open("ab") as lock:
            _wait_for(lock, fcntl.LOCK_EX, self.folder)
            yield

    def _hold_locks(self) -> None:
        # A watcher that is just stopping an abandoned server holds both of its own until the server has gone.
        for name in ("users.lock", "alive.lock"):
            lock = (self._run / name).open("ab")
            self._held.append(lock)
            _wait_for(lock, fcntl.LOCK_SH, self.folder)

    def _bring_up(self) -> None:
        live = postmaster.live_server(self.cluster)
        if live is not None and live.status == "stopping":
            postmaster.stop(live.pid, process=None, cluster=self.cluster)
            live = None
        self.adopted = live is not None
        if live is None:
            self._launch()
        else:
            self._said_before = self._log.stat().st_size if self._log.exists() else 0
        try:
            self._told = self._wait()
        finally:
            if self._told is None and self._process is not None:
                postmaster.stop(self._process.pid, process=self._process, cluster=self.cluster)
        self._watcher = postmaster.watch(self._run / "alive.lock", self._run / "watch.lock", self.cluster)

    def _wait(self) -> postmaster.PidFile:
        return postmaster.wait_until_ready(
            self._process, cluster=self.cluster, log=self._log, said_before=self._said_before, limit=READY_LIMIT
        )

    def _launch(self) -> None:
        launch = self._launch_way or Launch.by_caller()
        self._first_password.unlink(missing_ok=True)  # of a start that was killed
        self._check_cluster(launch)
        postmaster.forget_dead_server(self.cluster)
        sockets = _socket_folder(self._run, self.folder)
        launch.take_over(self.cluster)
        self._said_before = postmaster.rotate(self._log)
        arguments = postmaster.options(sockets=sockets, durable=self._durable)
        self._process = postmaster.start(
            self.programs, launch, cluster=self.cluster, arguments=arguments, log=self._log
        )

    def _check_cluster(self, launch: Launch) -> None:
        """See that the cluster is there, whole and of our version; make it where there is none."""
        if not self.cluster.exists():
            others = sorted(path.name for path in self.folder.iterdir() if re.fullmatch(r"pg\d+", path.name))
            if others:
                raise WrongVersion(
                    f"the data of another PostgreSQL version lies here ({', '.join(others)}), and the programs are of"
                    f" version {self._version}: back it up with the old programs, restore with the new",
                    place=str(self.folder),
                )
            self._make_cluster(launch)
        version = self.cluster / "PG_VERSION"
        if not version.exists() or not (self.cluster / "global" / "pg_control").exists():
            raise DataFolderBroken("not a whole PostgreSQL cluster; restore a backup", place=str(self.cluster))
        found = version.read_text(encoding="utf-8").strip()
        if found != str(self._version):
            raise WrongVersion(f"made by PostgreSQL {found}, the programs are {self._version}", place=str(self.cluster))

    def _make_cluster(self, launch: Launch) -> None:
        """Make the cluster aside and move it into place whole, so that a killed start leaves nothing half made."""
        partial = self.folder / f"pg{self._version}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        launch.take_over(partial)
        passwords = Passwords.invent()
        passwords.write(self._password_file)
        first = self._first_password
        replace_private(first, passwords.superuser.encode())
        try:
            make_cluster(self.programs, launch, folder=partial, password_file=first, durable=self._durable)
            partial.rename(self.cluster)
        finally:
            first.unlink()
            shutil.rmtree(partial, ignore_errors=True)

    def _make_login(self) -> None:
        """See that the application's login and database are there."""
        try:
            with psycopg.connect(self._conninfo(self.url)):
                return
        except psycopg.OperationalError:
            pass  # a first start, or one that was killed before the login was made
        passwords = Passwords.read(self._password_file)
        with psycopg.connect(self._conninfo(self.url_for("postgres", superuser=True)), autocommit=True) as connection:
            # The server is told the verifier, never the password.
            verifier = connection.pgconn.encrypt_password(passwords.login.encode(), LOGIN.encode(), b"scram-sha-256")
            login = {"login": sql.Identifier(LOGIN), "verifier": sql.Literal(verifier.decode())}
            known = connection.execute("select from pg_roles where rolname = %s", [LOGIN]).fetchone()
            verb = "alter" if known is not None else "create"
            connection.execute(sql.SQL(verb + " role {login} login createrole password {verifier}").format(**login))
            if connection.execute("select from pg_database where datname = %s", [LOGIN]).fetchone() is None:
                connection.execute(sql.SQL("create database {login} owner {login} template template0").format(**login))
            connection.execute(sql.SQL("revoke all on database {login} from public").format(**login))

    @staticmethod
    def _conninfo(url: str) -> str:
        return url.replace("postgresql+psycopg://", "postgresql://", 1)

    # -- stop ------------------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Give the locks back; the last user stops the server before it lets the watcher go."""
        told, process = self._told, self._process
        self._told = self._process = None
        last = self._nobody_else()
        if last and told is not None:
            postmaster.stop(told.pid, process=process, cluster=self.cluster)
        for lock in self._held:
            lock.close()
        self._held.clear()
        if last:
            self._see_watcher_off()
        self._forget(process, last=last)

    def _nobody_else(self) -> bool:
        if not self._held:
            return False
        fcntl.flock(self._held[0], fcntl.LOCK_UN)
        try:
            fcntl.flock(self._held[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _see_watcher_off(self) -> None:
        with (self._run / "watch.lock").open("ab") as lock:
            _wait_for(lock, fcntl.LOCK_EX, self.folder)

    def _forget(self, process: subprocess.Popen[bytes] | None, *, last: bool) -> None:
        """Reap what has ended; what others still use is left to them."""
        for child in (process, self._watcher):
            if child is None:
                continue
            if last:
                child.wait()
            elif child.poll() is None:
                _LEFT_RUNNING.append(child)
        self._watcher = None


_LEFT_RUNNING: list[subprocess.Popen[bytes]] = []  # children that serve other processes after we have left them


def _socket_folder(run: Path, folder: Path) -> Path:
    """Return `run`, or where its path is too long for a socket a closed folder in the temporary one.

    Raises: DataFolderNotUsable: the temporary folder of that name belongs to another account.
    """
    if len(os.fsencode(run / f".s.PGSQL.{postmaster.PORT}")) <= SOCKET_PATH_LIMIT:
        return run
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"child-registry-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    seen = short.lstat()
    ours = seen.st_uid in {os.geteuid(), run.stat().st_uid} and not short.is_symlink()
    if not ours or seen.st_mode & 0o077:
        raise DataFolderNotUsable("needed for the database socket, and other accounts can use it", place=str(short))
    return short


def _wait_for(lock: IO[bytes], kind: int, folder: Path) -> None:
    """Take a lock, waiting for a start or stop under way.

    Raises: AnotherStartUnderWay: it took longer than a start may.
    """
    until = time.monotonic() + LOCK_LIMIT
    while True:
        try:
            return fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise AnotherStartUnderWay(
                    "another process is starting or stopping this database; try again when it has ended",
                    place=str(folder),
                ) from error
        time.sleep(postmaster.STEP)


@contextlib.contextmanager
def _as_refusals(folder: Path) -> Iterator[None]:
    """Name what the operating system refuses."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull("no space is left on this disk; free some, then start again", place=str(folder)) from error
        raise DataFolderNotUsable(f"the data folder cannot be used ({error.strerror})", place=str(folder)) from error
    except psycopg.errors.DiskFull as error:
        raise DiskFull("no space is left on this disk; free some, then start again", place=str(folder)) from error
    except psycopg.Error as error:
        state = error.sqlstate or "no answer"
        raise ServerDidNotStart(
            f"the database does not accept its own accounts ({state})", place=str(folder)
        ) from error
