"""What is around us is not there, taken or not allowed: one clear line, nothing half done."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from registry.commands.console import guarded
from tests.registry.commands.command_line import Home
from tests.registry.commands.test_demo import written
from tests.registry.store.servers import connect

PLANTED = "Bịa Thị Đặt"
SECRET = "a-password-in-an-address"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine where nobody listens, held so that nobody will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def commands(drop: Path) -> list[tuple[object, ...]]:
    """Return one command of each kind."""
    return [
        ("check",),
        ("migrate",),
        ("ingest", "education", drop / "education.csv"),
        ("match",),
        ("links", "--out", drop / "links.csv"),
        ("find", PLANTED, "--as", "worker", "--reason", "case_work"),
        ("staff", "list", "--as", "administrator"),
        ("demo", "--drop", drop, "--no-serve"),
        ("serve", "--port", "0"),
    ]


def test_a_database_that_is_down_is_one_line_for_every_command(tmp_path: Path, drop: Path, closed_port: int) -> None:
    home = Home(tmp_path / "data", f"postgresql://registry:{SECRET}@127.0.0.1:{closed_port}/registry")
    for command in commands(drop):
        refusal = home.run(*command).refusal()
        assert "DatabaseUnavailable" in refusal
        assert str(closed_port) in refusal
        assert not [value for value in (SECRET, PLANTED) if value in refusal]
    assert not home.data.exists(), "no keys were made for a database that nobody has seen"
    assert not (drop / "links.csv").exists()


def test_a_database_that_refuses_the_password_is_one_line_without_it(tmp_path: Path, database_url: str) -> None:
    wrong = make_url(database_url).set(password=SECRET).render_as_string(hide_password=False)
    refusal = Home(tmp_path / "data", wrong).run("check").refusal()
    assert "DatabaseUnavailable" in refusal
    assert SECRET not in refusal


def test_a_database_that_is_not_there_is_named(tmp_path: Path, database_url: str) -> None:
    other = make_url(database_url).set(database="nowhere_at_all").render_as_string(hide_password=False)
    assert "nowhere_at_all" in Home(tmp_path / "data", other).run("migrate").refusal()


@pytest.mark.parametrize("address", ["mysql://a@b/c", "registry", f"postgresql://registry:{SECRET}@host"])
def test_an_address_that_is_none_of_postgresqls_is_refused_without_it(tmp_path: Path, address: str) -> None:
    refusal = Home(tmp_path / "data", address).run("check").refusal()
    assert "DATABASE_URL" in refusal
    assert SECRET not in refusal


@pytest.mark.parametrize(
    ("setting", "value"),
    [("PORT", "70000"), ("PORT", "eighty"), ("HOST", "0.0.0.0"), ("MARK", "test"), ("LOCALE", "fr")],  # noqa: S104
)
def test_a_setting_that_breaks_its_rule_is_named(tmp_path: Path, setting: str, value: str) -> None:
    home = Home(tmp_path / "data").with_settings(**{f"CHILD_REGISTRY_{setting}": value})
    assert f"CHILD_REGISTRY_{setting}" in home.run("check").refusal()
    assert not home.data.exists()


@pytest.mark.parametrize("command", [("serve",), ("demo",)])
def test_a_port_that_is_taken_is_known_before_any_work_is_done(tmp_path: Path, command: tuple[str, ...]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        home = Home(tmp_path / "data")
        refusal = home.run(*command, "--port", port).refusal()
    assert f"port {port}" in refusal
    assert "--port" in refusal
    assert not home.data.exists()


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    refusal = Home(tmp_path / "file" / "data").run("check").refusal()
    assert str(tmp_path / "file" / "data") in refusal
    assert "Traceback" not in refusal


def test_a_connection_lost_in_the_middle_leaves_whole_batches(home: Home, drop: Path) -> None:
    assert home.database_url is not None
    with connect(home.database_url) as other:
        other.execute(
            "create function lose_it() returns trigger language plpgsql security definer as"
            " $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;"
            " create trigger lost before insert on ingest_row for each row execute function lose_it()"
        )
    before = written(home)
    assert "DatabaseUnavailable" in home.run("ingest", "education", drop / "education.csv").refusal()
    assert written(home) == before
    with connect(home.database_url) as other:
        other.execute("drop trigger lost on ingest_row")
    account = home.answer("ingest", "education", drop / "education.csv")
    assert account["unchanged"] + account["quarantined"] + account["superseded"] == account["rows"]


def test_what_nobody_foresaw_shows_its_kind_and_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise KeyError(PLANTED)

    assert guarded(broken) == 70
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("child-registry: unexpected KeyError in test_outages.py, line ")
    assert PLANTED not in told.err


def test_an_interruption_is_said_and_has_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    assert guarded(stopped) == 130
    assert "the next run goes on from there" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("--help",), ("nothing",), ("ingest",), ("match", "--since", PLANTED)])
def test_a_command_that_is_misspelt_is_explained_without_a_traceback(tmp_path: Path, arguments: tuple[str]) -> None:
    said = Home(tmp_path / "data").run(*arguments)
    assert said.code == (0 if arguments == ("--help",) else 2)
    assert "Usage" in said.out + said.err
    assert "Traceback" not in said.err


def test_every_command_explains_itself(tmp_path: Path) -> None:
    names = ["demo", "serve", "migrate", "ingest", "match", "links", "verify", "find", "backup", "restore", "check"]
    for words in [[name] for name in [*names, "table"]] + [["staff", verb] for verb in ("list", "add", "disable")]:
        said = Home(tmp_path / "data").run(*words, "--help")
        assert said.code == 0
        assert "Usage" in said.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("mode", "content"), [(0o644, "a token that is long enough"), (0o600, "short"), (None, "")])
def test_a_token_for_metrics_that_guards_nothing_is_refused_at_the_start(
    home: Home, tmp_path: Path, mode: int | None, content: str
) -> None:
    file = tmp_path / "token"
    if mode is not None:
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    refusal = home.with_settings(CHILD_REGISTRY_METRICS_TOKEN_FILE=str(file)).run("serve", "--port", "0")
    assert refusal.code == 1
    assert str(file) in refusal.err
    assert not content or content not in refusal.err
