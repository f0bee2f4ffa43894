"""Backup and restore: a dump and a manifest in one folder, complete or not there at all.

The keys are never in it: a backup without the keyring opens nothing. The rows of the search tables stay out as well;
whoever restores rebuilds them from the sealed records.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from registry.model.errors import DatabaseUnavailable, RegistryError
from registry.store.programs import Programs, spawn

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
REBUILT = ("child_search",)  # tables whose rows are derived, left out and rebuilt
CHUNK = 1 << 20  # bytes
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"  # the one line of a dump that older servers refuse


class BackupRefused(RegistryError):
    """A backup cannot be made, or cannot be trusted."""

    title = "The backup cannot be used"


class RestoreRefused(RegistryError):
    """The database to restore into is not empty, or refuses what the backup holds."""

    title = "The backup cannot be restored here"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRole:
    """A role that the dump grants rights to; the dump itself cannot create it."""

    name: str
    inherit: bool
    bypass_rls: bool
    members: tuple[str, ...]  # roles of this list; the owner of the database is always a member of each it belonged to
    owner_is_member: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is, and the digest that its dump must have."""

    format: int
    program_version: str
    server_version: int  # as PostgreSQL numbers itself, e.g. 180006
    revision: str | None  # of the schema; None: the database was never migrated
    made_at: str  # ISO 8601, with zone
    mark: str  # "demo" or "real"
    keyring_id: str  # of the keyring that opens it
    rebuilt: tuple[str, ...]  # tables whose rows must be rebuilt
    roles: tuple[DatabaseRole, ...]
    dump_bytes: int
    dump_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the caller knows about a backup and the database does not."""

    program_version: str
    keyring_id: str
    mark: str
    made_at: datetime


def backup(url: str, bin_dir: Path, directory: Path, *, stamp: Stamp) -> Manifest:
    """Write a backup of the database at `url` into the new folder `directory`, mode 0700, files 0600.

    Args:
        url: of an account that row security does not narrow, the embedded server's `superuser_url` for one.
        directory: must not exist, or be empty.

    Raises:
        BackupRefused: the folder holds something, or the dump failed.
    """
    address = make_url(url)
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise BackupRefused("the folder must be new or empty", place=str(directory))
    partial = directory.with_name(directory.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        manifest = _described(address, stamp)
        dump = partial / DUMP
        with os.fdopen(os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            _dump(address, Programs.at(bin_dir), out.fileno())
            os.fsync(out.fileno())
        manifest = replace(manifest, dump_bytes=dump.stat().st_size, dump_sha256=_digest(dump))
        _write_manifest(partial / MANIFEST, manifest)
        partial.replace(directory)  # over an empty folder, or none
    except OSError as error:
        raise BackupRefused(f"the backup cannot be written ({error.strerror})", place=str(directory)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Read what a backup says about itself, and see that its dump is whole.

    Raises: BackupRefused: it is no backup, of another format, or damaged.
    """
    place = str(directory)
    try:
        kept: dict[str, Any] = json.loads((directory / MANIFEST).read_bytes())
        roles = tuple(DatabaseRole(**{**role, "members": tuple(role["members"])}) for role in kept["roles"])
        manifest = Manifest(**{**kept, "roles": roles, "rebuilt": tuple(kept["rebuilt"])})
    except (OSError, ValueError, TypeError, KeyError):
        raise BackupRefused("there is no readable manifest of a backup", place=place) from None
    if manifest.format != FORMAT:
        raise BackupRefused("the backup has a format that this version does not know", place=place)
    dump = directory / DUMP
    if not dump.is_file() or dump.stat().st_size != manifest.dump_bytes or _digest(dump) != manifest.dump_sha256:
        raise BackupRefused("the dump is missing or is not the one that was written", place=place)
    return manifest


def restore(url: str, bin_dir: Path, directory: Path) -> Manifest:
    """Restore a backup into the empty database at `url`, whole or not at all, and return its manifest.

    The database's owner comes to own what is restored. Whether the keyring fits is for the caller to check, with
    `read_manifest`, before this is called.

    Args: url: of an account that may act for the owner of the database and create roles.
    Raises: BackupRefused: the backup is damaged. RestoreRefused: the database holds something, or refused a statement.
    """
    manifest = read_manifest(directory)
    address = make_url(url)
    with _connected(address, RestoreRefused) as connection:
        owner = _owner_of_empty(connection)
        _make_roles(connection, manifest.roles, owner=owner)
    _load(address, Programs.at(bin_dir), directory / DUMP, owner=owner)
    return manifest


# -- dump ----------------------------------------------------------------------------------------------------------


def _described(address: URL, stamp: Stamp) -> Manifest:
    with _connected(address, BackupRefused) as connection:
        return Manifest(
            format=FORMAT,
            program_version=stamp.program_version,
            server_version=connection.info.server_version,
            revision=_revision(connection),
            made_at=stamp.made_at.isoformat(),
            mark=stamp.mark,
            keyring_id=stamp.keyring_id,
            rebuilt=REBUILT,
            roles=_roles(connection),
            dump_bytes=0,
            dump_sha256="",
        )


def _revision(connection: psycopg.Connection[Any]) -> str | None:
    known = connection.execute("select to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        return None
    found = connection.execute("select version_num from alembic_version").fetchone()
    return str(found[0]) if found is not None else None


def _roles(connection: psycopg.Connection[Any]) -> tuple[DatabaseRole, ...]:
    """Return the roles that own nothing but have rights on this database's objects."""
    found = connection.execute(
        """
        with named as (
            select distinct role.oid, role.rolname, role.rolinherit, role.rolbypassrls
            from pg_shdepend as depends
            join pg_roles as role on role.oid = depends.refobjid
            where depends.refclassid = 'pg_authid'::regclass
              and depends.dbid = (select oid from pg_database where datname = current_database())
              and not role.rolcanlogin and not role.rolsuper
        )
        select rolname, rolinherit, rolbypassrls,
            array(select member.rolname::text from pg_auth_members m join named as member on member.oid = m.member
                  where m.roleid = named.oid order by 1),
            exists(select from pg_auth_members m join pg_database d on d.datdba = m.member
                   where m.roleid = named.oid and d.datname = current_database())
        from named order by rolname
        """
    ).fetchall()
    return tuple(
        DatabaseRole(name=name, inherit=inherit, bypass_rls=bypass, members=tuple(members), owner_is_member=owner)
        for name, inherit, bypass, members, owner in found
    )


def _dump(address: URL, programs: Programs, out: int) -> None:
    left_out = [f"--exclude-table-data=*.{table}" for table in REBUILT]
    command = [programs.path("pg_dump"), "--format=custom", "--no-owner", "--no-password", *left_out]
    command.append(f"--dbname={_without_password(address)}")
    with spawn(command, stdout=out, stderr=subprocess.PIPE, variables=_password(address)) as dumping:
        said = dumping.stderr.read() if dumping.stderr is not None else b""
    if dumping.returncode != 0:
        raise BackupRefused(f"the database could not be dumped ({_reason(said)})")


# -- restore -------------------------------------------------------------------------------------------------------


def _owner_of_empty(connection: psycopg.Connection[Any]) -> str:
    """Return the owner of the database, once it is seen to hold nothing."""
    held = connection.execute(
        """
        select count(*) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        """
    ).fetchone()
    if held is None or held[0]:
        raise RestoreRefused("the database is not empty: a backup is restored into an empty one only")
    owner = connection.execute(
        "select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()"
    ).fetchone()
    return str(owner[0]) if owner is not None else ""


def _make_roles(connection: psycopg.Connection[Any], roles: Sequence[DatabaseRole], *, owner: str) -> None:
    for role in roles:
        known = connection.execute("select from pg_roles where rolname = %s", [role.name]).fetchone()
        if known is None:
            words = "create role {} nologin" + (" bypassrls" if role.bypass_rls else "")
            words += "" if role.inherit else " noinherit"
            connection.execute(sql.SQL(words).format(sql.Identifier(role.name)))
    for role in roles:
        for member in [*role.members, *([owner] if role.owner_is_member else [])]:
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role.name), sql.Identifier(member)))


def _load(address: URL, programs: Programs, dump: Path, *, owner: str) -> None:
    """Turn the dump into statements and run them in one transaction; a server before 17 lacks one of the settings."""
    script = [programs.path("pg_restore"), "--no-owner", "--file=-", str(dump.absolute())]
    begin = sql.SQL("set role {}").format(sql.Identifier(owner)).as_string(None)
    client = [programs.path("psql"), "--no-psqlrc", "--no-password", "--quiet", "--single-transaction"]
    client += ["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate"]  # a code quotes no row
    client += [f"--command={begin}", "--file=-", f"--dbname={_without_password(address)}"]
    with (
        spawn(script, stdout=subprocess.PIPE) as reading,
        spawn(client, stdin=subprocess.PIPE, stderr=subprocess.PIPE, variables=_password(address)) as running,
    ):
        _pour(reading, running)
        said = running.stderr.read() if running.stderr is not None else b""
    if reading.returncode != 0 or running.returncode != 0:
        raise RestoreRefused(f"the database refused a statement of the backup ({_reason(said)})")


def _pour(reading: subprocess.Popen[bytes], running: subprocess.Popen[bytes]) -> None:
    """Hand the statements over; the client of a script that broke off is ended before it could commit."""
    if reading.stdout is None or running.stdin is None:
        raise RuntimeError("the two programs were started without pipes")
    try:
        for line in reading.stdout:
            if line == UNKNOWN_BEFORE_17:
                break
            running.stdin.write(line)
        shutil.copyfileobj(reading.stdout, running.stdin, CHUNK)
        running.stdin.flush()
    except BrokenPipeError:
        pass  # the client has refused a statement, and says which
    reading.stdout.close()
    if reading.wait() != 0:
        running.kill()
    with contextlib.suppress(BrokenPipeError):
        running.stdin.close()


# -- both ----------------------------------------------------------------------------------------------------------


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _write_manifest(file: Path, manifest: Manifest) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(manifest), out, indent=2, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())


def _without_password(address: URL) -> str:
    """Return the address for a command line, which every account of the machine can read."""
    bare = URL.create("postgresql", address.username, None, address.host, address.port, address.database, address.query)
    return bare.render_as_string(hide_password=False)


def _password(address: URL) -> dict[str, str]:
    return {"PGPASSWORD": str(address.password)} if address.password is not None else {}


@contextlib.contextmanager
def _connected(address: URL, refusal: type[RegistryError]) -> Iterator[psycopg.Connection[Any]]:
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
    return telling[0].split("rror:", 1)[1].strip() if telling else "no reason was given"
