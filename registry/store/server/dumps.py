"""Runs the programs that dump and load a database, and says in one line what they refuse."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

from registry.model.errors import DatabaseUnavailable, RegistryError
from registry.store.server.programs import Programs, spawn

CHUNK = 1 << 20  # bytes
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"  # the one line of a dump that older servers refuse


class BackupRefused(RegistryError):
    """A backup cannot be made, or cannot be trusted."""

    title = "The backup cannot be used"


class RestoreRefused(RegistryError):
    """The database to restore into is not empty, or refuses what the backup holds."""

    title = "The backup cannot be restored here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the caller knows about a backup and the database does not."""

    program_version: str
    keyring_id: str
    mark: str
    made_at: datetime


# -- dump ----------------------------------------------------------------------------------------------------------


def write_dump(address: URL, bin_dir: Path, file: Path, *, options: Sequence[str]) -> None:
    """Dump a database into a new file of mode 0600.

    Raises: BackupRefused: the program refused.
    """
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        command = [Programs.at(bin_dir).path("pg_dump"), "--format=custom", "--no-owner", "--no-password", *options]
        command.append(f"--dbname={_without_password(address)}")
        with spawn(command, stdout=out.fileno(), stderr=subprocess.PIPE, variables=_password(address)) as dumping:
            said = dumping.stderr.read() if dumping.stderr is not None else b""
        if dumping.returncode != 0:
            raise BackupRefused(f"the database could not be dumped ({_reason(said)})")
        os.fsync(out.fileno())


@contextlib.contextmanager
def new_folder(directory: Path) -> Iterator[Path]:
    """Give a folder that takes its name when the block ends well, and is gone otherwise.

    Raises: BackupRefused: there is something in its place, or it cannot be written.
    """
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise BackupRefused("the folder must be new or empty", place=str(directory))
    partial = directory.with_name(directory.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        yield partial
        partial.replace(directory)  # over an empty folder, or none
    except OSError as error:
        raise BackupRefused(f"the backup cannot be written ({error.strerror})", place=str(directory)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_manifest(file: Path, document: Mapping[str, Any]) -> None:
    """Write what a backup says about itself."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(document, out, indent=2, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())


def read_document(file: Path) -> dict[str, Any]:
    """Return what a backup says about itself.

    Raises: BackupRefused: nothing that can be read.
    """
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise BackupRefused("there is no readable manifest of a backup", place=str(file.parent))
    return found


def see_whole(dump: Path, *, size: int, sha256: str) -> None:
    """See that a dump is the one that was written.

    Raises: BackupRefused: it is missing or another.
    """
    if not dump.is_file() or dump.stat().st_size != size or digest(dump) != sha256:
        raise BackupRefused("the dump is missing or is not the one that was written", place=str(dump.parent))


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


# -- load ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Statements to be run: a part of a dump, or words of our own."""

    dump: Path | None = None
    options: tuple[str, ...] = ()  # of the program that turns a dump into statements
    words: str = ""


def load(address: URL, bin_dir: Path, scripts: Sequence[Script], *, owner: str) -> str:
    """Run scripts one after another in one transaction, as the owner, and return what their queries answered.

    Nothing is committed unless every script was handed over whole: the last statement is ours.

    Raises: RestoreRefused: the database refused a statement; its rule is the server's code, which quotes no row.
    """
    programs = Programs.at(bin_dir)
    client = [programs.path("psql"), "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"]
    client += ["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate"]
    client += ["--file=-", f"--dbname={_without_password(address)}"]
    begin = sql.SQL("BEGIN;\nSET ROLE {};\n").format(sql.Identifier(owner)).as_string(None)
    variables = _password(address)
    with (
        tempfile.TemporaryFile() as answers,
        spawn(
            client, stdin=subprocess.PIPE, stdout=answers.fileno(), stderr=subprocess.PIPE, variables=variables
        ) as run,
    ):
        whole = _hand_over(run, begin, (_statements(programs, script) for script in scripts))
        said = run.stderr.read() if run.stderr is not None else b""
        run.wait()
        answers.seek(0)
        answered = answers.read().decode("utf-8", errors="replace")
    if not whole or run.returncode != 0:
        raise RestoreRefused(
            f"the database refused a statement of the backup ({_reason(said)})", place=_counted(answered)
        )
    return answered


def _statements(programs: Programs, script: Script) -> list[str] | bytes:
    if script.dump is None:
        return script.words.encode()
    return [programs.path("pg_restore"), "--no-owner", "--file=-", *script.options, str(script.dump.absolute())]


def _hand_over(run: subprocess.Popen[bytes], begin: str, parts: Iterable[list[str] | bytes]) -> bool:
    """Write all statements to the client; False: it broke off, or a dump did, and nothing is committed."""
    if run.stdin is None:
        raise RuntimeError("the program was started without a pipe")
    try:
        run.stdin.write(begin.encode())
        for part in parts:
            if isinstance(part, bytes):
                run.stdin.write(part)
            elif not _pour(part, run.stdin):
                run.kill()
                return False
        run.stdin.write(b"COMMIT;\n")
        run.stdin.flush()
    except BrokenPipeError:
        return False  # the client has refused a statement, and says which
    finally:
        with contextlib.suppress(BrokenPipeError):
            run.stdin.close()
    return True


def _pour(command: Sequence[str], into: IO[bytes]) -> bool:
    with spawn(command, stdout=subprocess.PIPE) as reading:
        if reading.stdout is None:
            raise RuntimeError("the program was started without a pipe")
        for line in reading.stdout:
            if line == UNKNOWN_BEFORE_17:
                break
            into.write(line)
        shutil.copyfileobj(reading.stdout, into, CHUNK)
        into.flush()
        return reading.wait() == 0


def _counted(answered: str) -> str | None:
    return next((line for line in answered.splitlines() if line.startswith(COUNTED)), None)


COUNTED = "children without a key: "


# -- both ----------------------------------------------------------------------------------------------------------


def _without_password(address: URL) -> str:
    """Return the address for a command line, which every account of the machine can read."""
    bare = URL.create("postgresql", address.username, None, address.host, address.port, address.database, address.query)
    return bare.render_as_string(hide_password=False)


def _password(address: URL) -> dict[str, str]:
    return {"PGPASSWORD": str(address.password)} if address.password is not None else {}


@contextlib.contextmanager
def connected(address: URL, refusal: type[RegistryError]) -> Iterator[psycopg.Connection[Any]]:
    """Connect, and turn what the server refuses into `refusal`."""
    try:
        with psycopg.connect(address.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable("the database server does not answer, or refuses the account") from error
    except psycopg.Error as error:
        raise refusal(f"the database refused a statement (SQLSTATE {error.sqlstate})") from error


def _reason(said: bytes) -> str:
    """Return the first error line: of details, which may quote a row, nothing is repeated."""
    lines = said.decode("utf-8", errors="replace").splitlines()
    telling = [line for line in lines if "error:" in line.lower()]
    return re.split("(?i)error:", telling[0], maxsplit=1)[1].strip() if telling else "no reason was given"
