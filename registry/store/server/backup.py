"""Backup and restore: a dump and a manifest in one folder, complete or not there at all.

The keys are never in it: a backup without the keyring opens nothing. The wrapped data keys go into a copy of their own,
`key_copy`. The rows of the search tables stay out as well; whoever restores rebuilds them from the sealed records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from registry.store.server import key_copy
from registry.store.server.dumps import (
    COUNTED,
    BackupRefused,
    RestoreRefused,
    Script,
    Stamp,
    connected,
    digest,
    load,
    new_folder,
    read_document,
    see_whole,
    write_dump,
    write_manifest,
)
from registry.store.server.key_copy import APART, KeyManifest

__all__ = ["BackupRefused", "Manifest", "RestoreRefused", "Stamp", "backup", "read_manifest", "restore"]

FORMAT = 2
DUMP = "database.dump"
MANIFEST = "manifest.json"
DATA_KEYS = "data-keys"  # where the copy of the data keys lies, unless it was put elsewhere
REBUILT = ("child_search",)  # tables whose rows are derived, left out and rebuilt


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
    apart: tuple[str, ...]  # tables whose rows are in the copy of the data keys
    roles: tuple[DatabaseRole, ...]
    dump_bytes: int
    dump_sha256: str


def backup(url: str, bin_dir: Path, directory: Path, *, stamp: Stamp, keys: Path | None = None) -> Manifest:
    """Write a backup of the database at `url` into the new folder `directory`, mode 0700, files 0600.

    Args:
        url: of an account that row security does not narrow, the embedded server's `superuser_url` for one.
        directory: must not exist, or be empty.
        keys: where the copy of the data keys is to lie, a new folder too; None: inside `directory`.

    Raises:
        BackupRefused: the folder holds something, or the dump failed.
    """
    address = make_url(url)
    with new_folder(directory) as partial:
        manifest = _described(address, stamp)
        dump = partial / DUMP
        left_out = [f"--exclude-table-data=*.{table}" for table in (*REBUILT, *APART)]
        write_dump(address, bin_dir, dump, options=left_out)
        manifest = replace(manifest, dump_bytes=dump.stat().st_size, dump_sha256=digest(dump))
        write_manifest(partial / MANIFEST, asdict(manifest))
        # after the data: a key of every child is in it, unless she was erased in between
        key_copy.copy_keys(url, bin_dir, keys or partial / DATA_KEYS, stamp=stamp)
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Read what a backup says about itself, and see that its dump is whole.

    Raises: BackupRefused: it is no backup, of another format, or damaged.
    """
    place = str(directory)
    kept = read_document(directory / MANIFEST)
    if kept.get("format") != FORMAT:
        raise BackupRefused("the backup has a format that this version does not know", place=place)
    try:
        roles = tuple(DatabaseRole(**{**role, "members": tuple(role["members"])}) for role in kept["roles"])
        lists = {"rebuilt": tuple(kept["rebuilt"]), "apart": tuple(kept["apart"])}
        manifest = Manifest(**{**kept, "roles": roles, **lists})
    except (ValueError, TypeError, KeyError):
        raise BackupRefused("there is no readable manifest of a backup", place=place) from None
    see_whole(directory / DUMP, size=manifest.dump_bytes, sha256=manifest.dump_sha256)
    return manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored."""

    manifest: Manifest
    keyless: int  # children whose key is in no copy, though nobody erased them


def restore(url: str, bin_dir: Path, directory: Path, *, keys: Path | None = None) -> Restored:
    """Restore a backup and a copy of its data keys into the empty database at `url`, whole or not at all.

    The database's owner comes to own what is restored. Whether the keyring fits is for the caller to check, with
    `read_manifest` and `key_copy.read_key_manifest`, before this is called.

    Args:
        url: of an account that may act for the owner of the database and create roles.
        keys: where the copy of the data keys lies; None: inside `directory`.

    Raises:
        BackupRefused: the backup or the copy is damaged.
        RestoreRefused: the database holds something, or refused a statement; the copy lacks keys of the data.
    """
    manifest = read_manifest(directory)
    key_folder = keys or directory / DATA_KEYS
    key_manifest = key_copy.read_key_manifest(key_folder)
    address = make_url(url)
    with connected(address, RestoreRefused) as connection:
        owner = _owner_of_empty(connection)
        _make_roles(connection, manifest.roles, owner=owner)
    scripts = (
        Script(dump=directory / DUMP, options=("--section=pre-data", "--section=data")),
        Script(dump=key_folder / key_copy.DUMP, options=("--data-only",)),
        Script(words=_COUNT_KEYLESS + (_REFUSE_KEYLESS if _is_older(key_manifest, manifest) else "")),
        Script(dump=directory / DUMP, options=("--section=post-data",)),
    )
    try:
        answered = load(address, bin_dir, scripts, owner=owner)
    except RestoreRefused as error:
        if KEYLESS not in (error.rule or ""):
            raise RestoreRefused(error.rule) from None
        rule = f"the copy of the data keys is older than the backup, {error.place}; bring a newer copy of them"
        raise RestoreRefused(rule, place=str(key_folder)) from None
    found = re.search(rf"^{COUNTED}(\d+)$", answered, re.MULTILINE)
    return Restored(manifest=manifest, keyless=int(found[1]) if found else 0)


def _is_older(keys: KeyManifest, data: Manifest) -> bool:
    return keys.made < datetime.fromisoformat(data.made_at)


KEYLESS = "CR001"  # our own code of an error: children without keys
_WITHOUT_KEY = (
    "FROM public.child c WHERE c.erased_at IS NULL"
    " AND NOT EXISTS (SELECT FROM public.child_key k WHERE k.child_id = c.child_id AND k.owner_id = c.child_id)"
    " AND NOT EXISTS (SELECT FROM public.erasure e WHERE e.child_id = c.child_id)"
)
_COUNT_KEYLESS = f"SELECT '{COUNTED}' || count(*) {_WITHOUT_KEY};\n"
_REFUSE_KEYLESS = (
    f"DO $$ BEGIN IF EXISTS (SELECT {_WITHOUT_KEY}) THEN RAISE EXCEPTION USING ERRCODE = '{KEYLESS}'; END IF; END $$;\n"
)


# -- dump ----------------------------------------------------------------------------------------------------------


def _described(address: URL, stamp: Stamp) -> Manifest:
    with connected(address, BackupRefused) as connection:
        return Manifest(
            format=FORMAT,
            program_version=stamp.program_version,
            server_version=connection.info.server_version,
            revision=key_copy.revision(connection),
            made_at=stamp.made_at.isoformat(),
            mark=stamp.mark,
            keyring_id=stamp.keyring_id,
            rebuilt=REBUILT,
            apart=APART,
            roles=_roles(connection),
            dump_bytes=0,
            dump_sha256="",
        )


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
