"""A backup is whole or not there, holds no key, and is restored into an empty database only."""

from __future__ import annotations

import hashlib
import json
import signal
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from psycopg import sql

from registry.model.errors import DatabaseUnavailable
from registry.store.server.backup import BackupRefused, RestoreRefused, Stamp, backup, read_manifest, restore
from registry.store.server.embedded import EmbeddedServer
from registry.store.server.key_copy import LONGEST, copy_keys, read_key_manifest
from registry.store.server.migrate import newest, upgrade
from tests.registry.store.servers import connect, eventually

CHILD = uuid.UUID(int=7)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server of the module's own with a migrated database and one sealed child in it."""
    with EmbeddedServer(tmp_path_factory.mktemp("server") / "data", durable=False) as running:
        upgrade(running.url)
        with connect(running.superuser_url) as connection:
            connection.execute("set app.purpose = 'maintenance'")  # each write of a sealed row leaves its digest
            connection.execute(
                "insert into child (child_id, system, communes, created_at)"
                " values (%s, 'education', '{24133}', '2026-11-01')",
                [CHILD],
            )
            connection.execute(
                "insert into child_search (child_id, tokens, key_version, communes, sealed_finding)"
                " values (%s, '{1,2}', 1, '{}', '\\x01')",
                [CHILD],
            )
        yield running


@pytest.fixture
def stamp(clock: datetime) -> Stamp:
    """What the caller tells about a backup."""
    return Stamp(program_version="0.1.0", keyring_id=str(uuid.UUID(int=9)), mark="demo", made_at=clock)


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[str]:
    """The superuser's address of an empty database that the application owns."""
    name = sql.Identifier("restored")
    with connect(server.superuser_url) as connection:
        connection.execute(sql.SQL("create database {} owner child_registry template template0").format(name))
        yield server.url_for("restored", superuser=True)
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    """Return what a statement finds."""
    with connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


SECURITY = """
    select c.relname::text, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner)::text,
        (select count(*) from pg_policies p where p.tablename = c.relname),
        (select array_agg(a::text order by a::text) from unnest(c.relacl) as a)
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1
"""


def test_what_was_backed_up_comes_back_with_its_row_security_and_its_rights(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    made = backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    restored = restore(empty, server.bin_dir, tmp_path / "copy")
    assert restored.manifest == made
    assert restored.keyless == 1, "the child was made without a key"
    assert made.revision == newest()
    assert rows(empty, "select child_id, communes from child") == [(CHILD, ["24133"])]
    assert rows(empty, SECURITY) == rows(server.superuser_url, SECURITY)
    assert rows(server.url_for("restored"), "select count(*) from child") == [(0,)], "the owner sees no row"


def test_the_search_tables_come_back_empty_and_are_named_for_rebuilding(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    assert restore(empty, server.bin_dir, tmp_path / "copy").manifest.rebuilt == ("child_search",)
    assert rows(empty, "select count(*) from child_search") == [(0,)]


def test_a_backup_restores_into_a_server_that_has_none_of_the_roles(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp
) -> None:
    made = backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    assert made.roles
    with EmbeddedServer(tmp_path / "fresh", durable=False) as fresh:
        restore(fresh.superuser_url, fresh.bin_dir, tmp_path / "copy")
        assert rows(fresh.superuser_url, SECURITY) == rows(server.superuser_url, SECURITY)
        assert rows(fresh.superuser_url, "select child_id from child") == [(CHILD,)]
        upgrade(fresh.url)  # nothing to do, and allowed to do it
        role = made.roles[0].name
        member = f"select pg_has_role('child_registry', '{role}', 'member')"
        assert rows(fresh.superuser_url, member) == rows(server.superuser_url, member) == [(True,)]


def test_its_files_are_the_owners_alone_and_hold_no_password(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp
) -> None:
    folder = tmp_path / "copy"
    backup(server.superuser_url, server.bin_dir, folder, stamp=stamp)
    assert {path.name for path in folder.iterdir()} == {"database.dump", "manifest.json", "data-keys"}
    assert {path.name for path in (folder / "data-keys").iterdir()} == {"data-keys.dump", "manifest.json"}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "data-keys")} == {0o700}
    passwords = json.loads((server.folder / "pg18.passwords").read_text(encoding="utf-8")).values()
    content = b"".join(path.read_bytes() for path in files)
    assert not any(word.encode() in content for word in passwords)


def test_a_folder_that_holds_something_is_left_as_it_is(server: EmbeddedServer, tmp_path: Path, stamp: Stamp) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(BackupRefused, match="new or empty"):
        backup(server.superuser_url, server.bin_dir, tmp_path, stamp=stamp)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_backup_that_row_security_would_narrow_is_not_made(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp
) -> None:
    with pytest.raises(BackupRefused, match="row-level security"):
        backup(server.url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_leaves_nothing_behind(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp
) -> None:
    with pytest.raises(DatabaseUnavailable):
        backup(server.url_for("nowhere"), server.bin_dir, tmp_path / "copy", stamp=stamp)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_not_restored_over_anything(server: EmbeddedServer, tmp_path: Path, stamp: Stamp) -> None:
    backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    with pytest.raises(RestoreRefused, match="not empty"):
        restore(server.superuser_url, server.bin_dir, tmp_path / "copy")


def test_a_damaged_backup_is_refused_before_the_database_is_touched(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    dump = tmp_path / "copy" / "database.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    with pytest.raises(BackupRefused, match="not the one that was written"):
        restore(empty, server.bin_dir, tmp_path / "copy")
    assert rows(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]


def test_a_dump_that_breaks_off_restores_nothing(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=stamp)
    dump, manifest = tmp_path / "copy" / "database.dump", tmp_path / "copy" / "manifest.json"
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    told = json.loads(manifest.read_text(encoding="utf-8"))
    with pytest.raises(BackupRefused):
        read_manifest(tmp_path / "copy")
    told |= {"dump_bytes": dump.stat().st_size, "dump_sha256": hashlib.sha256(dump.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(RestoreRefused):
        restore(empty, server.bin_dir, tmp_path / "copy")
    assert rows(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}'])
def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(BackupRefused):
        read_manifest(tmp_path)


# -- the data keys -------------------------------------------------------------------------------------------------


@pytest.fixture
def with_keys(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """The server, whose child has a data key as long as the test lasts."""
    with connect(server.superuser_url) as connection:
        connection.execute("set app.purpose = 'maintenance'")
        connection.execute(
            "insert into key_version (domain, version, state, since) values ('identity_wrap', 3, 'active', now());"
            " insert into child_key select child_id, child_id, 'identity_wrap', 1, 3, '\\xabcdef'::bytea from child"
        )
        yield server
        connection.execute("delete from child_key; delete from key_version")


def test_the_data_keys_are_in_a_copy_of_their_own(
    with_keys: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    backup(with_keys.superuser_url, with_keys.bin_dir, tmp_path / "copy", stamp=stamp, keys=tmp_path / "keys")
    assert not (tmp_path / "copy" / "data-keys").exists()
    kept = read_key_manifest(tmp_path / "keys")
    assert kept.epochs == {"identity_wrap": (3,)}
    assert kept.expires - kept.made == LONGEST
    restored = restore(empty, with_keys.bin_dir, tmp_path / "copy", keys=tmp_path / "keys")
    assert restored.keyless == 0
    assert rows(empty, "select wrapped_key from child_key") == [(b"\xab\xcd\xef",)]


def test_a_backup_without_a_copy_of_the_data_keys_is_not_restored(
    with_keys: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    backup(with_keys.superuser_url, with_keys.bin_dir, tmp_path / "copy", stamp=stamp, keys=tmp_path / "keys")
    with pytest.raises(BackupRefused, match="--data-keys"):
        restore(empty, with_keys.bin_dir, tmp_path / "copy")
    dump = tmp_path / "keys" / "data-keys.dump"
    dump.write_bytes(dump.read_bytes()[:-1])
    with pytest.raises(BackupRefused, match="not the one that was written"):
        restore(empty, with_keys.bin_dir, tmp_path / "copy", keys=tmp_path / "keys")
    assert rows(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]


def test_a_copy_of_keys_older_than_the_data_names_how_many_children_it_would_lose(
    server: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    copy_keys(server.superuser_url, server.bin_dir, tmp_path / "keys", stamp=stamp)
    newer = replace(stamp, made_at=stamp.made_at + timedelta(hours=1))
    backup(server.superuser_url, server.bin_dir, tmp_path / "copy", stamp=newer, keys=tmp_path / "newer")
    with pytest.raises(RestoreRefused, match="children without a key: 1;") as refused:
        restore(empty, server.bin_dir, tmp_path / "copy", keys=tmp_path / "keys")
    assert str(tmp_path / "keys") in str(refused.value)
    assert rows(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]


HALF = """
import os, pathlib, signal, sys
from sqlalchemy import make_url
from registry.store.server.dumps import Script, load

class Death(str):
    def encode(self, *_):  # asked for after the dump was handed over
        os.kill(os.getpid(), signal.SIGKILL)

url, programs, dump = sys.argv[1:]
first = Script(dump=pathlib.Path(dump), options=("--section=pre-data", "--section=data"))
load(make_url(url), pathlib.Path(programs), [first, Script(words=Death("x"))], owner="child_registry")
"""


def test_a_restore_that_is_killed_leaves_an_empty_database(
    with_keys: EmbeddedServer, tmp_path: Path, stamp: Stamp, empty: str
) -> None:
    backup(with_keys.superuser_url, with_keys.bin_dir, tmp_path / "copy", stamp=stamp)
    arguments = [empty, str(with_keys.bin_dir), str(tmp_path / "copy" / "database.dump")]
    killed = subprocess.run([sys.executable, "-c", HALF, *arguments], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    others = "select count(*) from pg_stat_activity where datname = 'restored' and pid <> pg_backend_pid()"
    assert eventually(lambda: rows(empty, others) == [(0,)])
    assert rows(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]
