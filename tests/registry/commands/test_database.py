"""The installation itself: migrate, check, back up, restore, and what stands in the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.protect.keys.keyring import Keyring, Mark
from registry.store.server.migrate import newest, script
from tests.migrations.catalogue import connect
from tests.registry.commands.command_line import Home, lines_of
from tests.registry.commands.conftest import Demo
from tests.registry.store.servers import eventually, processes_of

WORDS = "Bịa Đặt"


# -- migrate -------------------------------------------------------------------------------------------------------


def test_migrate_says_from_where_to_where(empty_database_url: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "data", empty_database_url)
    assert home.run("migrate").out == f"schema none → {newest()}\n"
    assert home.run("migrate").out == f"schema {newest()}\n"


def test_migrate_prints_its_statements_without_a_database(tmp_path: Path) -> None:
    nowhere = Home(tmp_path / "data", "postgresql://nobody@127.0.0.1:1/nothing")
    said = nowhere.run("migrate", "--sql")
    assert (said.code, said.out) == (0, script())


@pytest.mark.parametrize("command", [("check",), ("match",), ("links", "--out", "x.csv"), ("backup", "x")])
def test_a_database_that_is_not_migrated_is_refused(
    empty_database_url: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert "child-registry migrate" in Home(tmp_path / "data", empty_database_url).run(*command).refusal()


# -- check ---------------------------------------------------------------------------------------------------------


def test_a_sound_installation_is_said_to_be_so(demo: Demo) -> None:
    found = demo.home.answer("check")
    assert set(found) == {"database", "keys", "log", "jobs", "law"}
    assert all(part["ok"] for part in found.values())
    assert demo.home.run("check").out.count(" ok ") == 5


def change_the_log(home: Home, statement: str) -> None:
    """Change the access log as its owner, who takes the rights it had given away."""
    assert home.database_url is not None
    with connect(home.database_url) as owner:
        owner.execute("grant update, delete on access_leaf, checkpoint to current_user")
        owner.execute("alter table access_leaf no force row level security")
        owner.execute("alter table checkpoint no force row level security")
        assert owner.execute(statement.encode()).rowcount == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update access_leaf set content = content || '\\x20' where tree_index = 3",
        "delete from access_leaf where tree_index = 3",
        "delete from access_leaf where tree_index = (select max(tree_index) from access_leaf)",
        "update checkpoint set note = translate(note, '0123456789', '1234567890')"
        " where tree_size = (select min(tree_size) from checkpoint)",
    ],
    ids=["a leaf changed", "a leaf taken away", "the last leaf taken away", "a head changed"],
)
def test_a_log_that_was_tampered_with_is_a_fault(home: Home, statement: str) -> None:
    home.answer("check")  # seals what there is
    change_the_log(home, statement)
    said = home.run("check", "--json")
    assert said.code == 1
    assert [name for name, part in said.document.items() if not part["ok"]] == ["log"]
    assert "FAULT" in home.run("check").out


# -- keys ----------------------------------------------------------------------------------------------------------

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check",),
    ("match",),
    ("links", "--out", "links.csv"),
    ("find", WORDS, "--as", "worker", "--reason", "case_work"),
    ("demo", "--no-serve"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_missing_keys_are_named_and_nothing_new_is_made_of_them(other_keys: Home, command: tuple[str, ...]) -> None:
    shutil.rmtree(other_keys.data / "keys")
    refusal = other_keys.run(*command).refusal()
    assert "WrongKeys" in refusal
    assert str(other_keys.data / "keys") in refusal
    assert WORDS not in refusal
    assert not (other_keys.data / "keys").exists()


def test_keys_of_another_installation_are_refused(other_keys: Home, tmp_path: Path) -> None:
    Keyring.create(tmp_path / "others", mark=Mark.DEMO)
    other = other_keys.with_settings(CHILD_REGISTRY_KEYS=str(tmp_path / "others"))
    for command in COMMANDS:
        assert "another keyring" in other.run(*command).refusal()


def damaged(data: Path) -> Iterator[tuple[str, Path]]:
    """Yield copies of a key folder in which one file was spoilt."""
    for file in sorted((data / "keys").rglob("*")):
        if not file.is_file():
            continue
        for how, content in (("empty", b""), ("cut", file.read_bytes()[:-9]), ("other", b"{}")):
            copy = data.parent / f"{file.name}-{how}"
            shutil.copytree(data / "keys", copy)
            (copy / file.relative_to(data / "keys")).write_bytes(content)
            yield f"{file.name} {how}", copy


def test_spoilt_key_files_are_refused_without_a_byte_of_them(other_keys: Home) -> None:
    refusals = {
        what: other_keys.with_settings(CHILD_REGISTRY_KEYS=str(keys)).run("check").refusal()
        for what, keys in damaged(other_keys.data)
    }
    assert len(refusals) >= 3
    assert {what: words for what, words in refusals.items() if "WrongKeys" not in words} == {}


def test_keys_that_others_can_read_are_refused(other_keys: Home) -> None:
    for file in (other_keys.data / "keys").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
    assert "WrongKeys" in other_keys.run("check").refusal()


# -- backup and restore --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_server(drop: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The main job on the embedded server of a data folder."""
    home = Home(tmp_path_factory.mktemp("own") / "data")
    home.answer("demo", "--drop", drop, "--no-serve", "--links", home.data.parent / "links.csv")
    return home


@pytest.mark.slow
def test_a_backup_restored_elsewhere_with_its_keys_is_the_same_registry(
    own_server: Home, drop: Path, tmp_path: Path
) -> None:
    made = own_server.answer("backup", tmp_path / "copy")
    assert made["bytes"] == (tmp_path / "copy" / "database.dump").stat().st_size
    new = Home(tmp_path / "new")
    new.data.mkdir(mode=0o700)
    shutil.copytree(own_server.data / "keys", new.data / "keys")
    restored = new.answer("restore", tmp_path / "copy")
    assert restored["search_rows_rebuilt"] > 0
    new.answer("links", "--out", tmp_path / "links.csv")
    assert (tmp_path / "links.csv").read_bytes() == (own_server.data.parent / "links.csv").read_bytes()
    assert found_by_name(new, drop) == found_by_name(own_server, drop) != {}
    assert all(part["ok"] for part in new.answer("check").values())
    assert "not empty" in new.run("restore", tmp_path / "copy").refusal()
    assert "another keyring" in restore_with_other_keys(tmp_path)
    assert "keys" in Home(tmp_path / "no-keys").run("restore", tmp_path / "copy").refusal()


def found_by_name(home: Home, drop: Path) -> dict[str, set[str]]:
    """Return whom a province worker finds by the names of some pupils."""
    found = {}
    for pupil in lines_of(drop / "education.csv")[:3]:
        name, year = pupil["Họ và tên"], pupil["Ngày sinh"][-4:]
        answer = home.answer("find", name, "--born", year, "--as", "province", "--reason", "case_work")
        found[name] = {one["child_id"] for one in answer["found"]}
    return found if any(found.values()) else {}


def restore_with_other_keys(tmp_path: Path) -> str:
    """Return the refusal of a restore with keys that did not seal the backup."""
    other = Home(tmp_path / "other")
    Keyring.create(other.data / "keys", mark=Mark.DEMO)
    refusal = other.run("restore", tmp_path / "copy").refusal()
    assert [path.name for path in other.data.iterdir()] == ["keys"], "no server was started for it"
    return refusal


def test_a_backup_into_a_folder_with_something_in_it_is_refused(own_server: Home, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "letter.txt").write_text("mine", encoding="utf-8")
    assert str(tmp_path / "copy") in own_server.run("backup", tmp_path / "copy").refusal()
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("what", ["nothing", "no manifest", "a cut dump"])
def test_what_is_no_whole_backup_is_refused_before_anything_is_made(
    own_server: Home, tmp_path: Path, what: str
) -> None:
    new = Home(tmp_path / "new")
    new.data.mkdir()
    shutil.copytree(own_server.data / "keys", new.data / "keys")
    if what != "nothing":
        own_server.answer("backup", tmp_path / "copy")
    if what == "no manifest":
        (tmp_path / "copy" / "manifest.json").unlink()
    if what == "a cut dump":
        dump = tmp_path / "copy" / "database.dump"
        dump.write_bytes(dump.read_bytes()[:-100])
    assert "BackupRefused" in new.run("restore", tmp_path / "copy").refusal()
    assert [path.name for path in new.data.iterdir()] == ["keys"]


def test_no_process_is_left_after_the_commands(own_server: Home) -> None:
    own_server.answer("check")
    assert eventually(lambda: not processes_of(own_server.data))
