"""What somebody did to the log is found and named by `log verify`, on the database and on a bundle far from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.actions.oversight.seal_log import ORIGIN
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.checkpoint import Checkpoint, Signer
from registry.protect.log.merkle import CompactRange, leaf_hash
from tests.database import DatabaseServer
from tests.people import record
from tests.registry.actions.installed import deliver, unguarded
from tests.registry.commands.command_line import Home
from tests.registry.commands.written_log import HEADS, Log, at_home, look, write_log

MOVED_UP = (
    "update access_leaf set tree_index = tree_index + 100 where tree_index > 10",
    "update access_leaf set tree_index = tree_index - 101 where tree_index > 100",
)


@pytest.fixture(scope="module")
def written(database_server: DatabaseServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """A log that nobody has touched; to be copied."""
    name = database_server.clone(template)
    folder = tmp_path_factory.mktemp("log")
    yield write_log(Home(folder / "data", database_server.url(name)), folder / "files")
    database_server.drop(name)


@pytest.fixture
def log(written: Log, database_server: DatabaseServer, tmp_path: Path) -> Iterator[Log]:
    """A copy of the log, to be tampered with."""
    name = database_server.clone((written.home.database_url or "").split("/")[3].split("?")[0])
    yield Log(Home(written.home.data, database_server.url(name)), written.vkey, tmp_path)
    database_server.drop(name)


def test_a_log_as_it_was_written_holds_here_and_far_away(log: Log) -> None:
    assert log.faults() == []
    found = log.verify()
    assert (found["leaves"], found["heads"], found["waiting"]) == (24, 3, 1), "the export left a leaf"
    assert found["rows"] >= 4


def test_people_are_told_in_a_sentence(log: Log) -> None:
    said = log.home.run("log", "verify")
    assert said.code == 0
    assert "the log holds: 24 leaves under 3 heads" in said.out
    log.tamper("delete from access_leaf where tree_index = 10")
    said = log.home.run("log", "verify")
    assert said.code == 1
    assert "leaf 10 was deleted" in said.out


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        pytest.param(
            ["update access_leaf set content = content || ' ' where tree_index = 10"],
            "edited: leaf 10 was edited: its content does not have its hash",
            id="edited",
        ),
        pytest.param(
            [
                "update access_leaf set content = content || ' ' where tree_index = 10",
                "update access_leaf set leaf_hash = sha256('\\x00'::bytea || content) where tree_index = 10",
            ],
            "edited: the leaves 8 to 15 under the head of 16 were edited after they were signed,"
            " and their hashes with them",
            id="edited with its hash",
        ),
        pytest.param(["delete from access_leaf where tree_index = 10"], "deleted: leaf 10 was deleted", id="deleted"),
        pytest.param(
            ["delete from access_leaf where tree_index = 10", *MOVED_UP],
            "deleted: a leaf was deleted, in or before the leaves 8 to 15, and those after it were moved up",
            id="deleted and closed up",
        ),
        pytest.param(
            [
                "update access_leaf set tree_index = tree_index + 100 where tree_index >= 10",
                "update access_leaf set tree_index = tree_index - 99 where tree_index >= 100",
                "insert into access_leaf (tree_index, content, leaf_hash) overriding system value"
                " select 10, convert_to('{}', 'UTF8'), sha256('\\x007b7d'::bytea) from installation",
            ],
            "inserted: leaf 10 was inserted: without it the signed head fits",
            id="inserted",
        ),
        pytest.param(
            [
                "update access_leaf set tree_index = 100 where tree_index = 10",
                "update access_leaf set tree_index = 10 where tree_index = 12",
                "update access_leaf set tree_index = 12 where tree_index = 100",
            ],
            "reordered: the leaves were reordered: leaf 10 was written after leaf 11",
            id="reordered",
        ),
        pytest.param(
            [
                "update access_leaf l set content = o.content, leaf_hash = o.leaf_hash from access_leaf o"
                " where l.tree_index + o.tree_index = 22 and l.tree_index in (10, 12)"
            ],
            "reordered: the leaves 10 and 12 were reordered: they changed places",
            id="contents exchanged",
        ),
        pytest.param(
            ["delete from access_leaf where tree_index >= 20"],
            "truncated: the log was truncated: it ends after 20 leaves, and a head of 24 was signed",
            id="truncated",
        ),
        pytest.param(
            ["delete from checkpoint where tree_size = 24"],
            "head_removed: the leaves from 16 on have their places, but the head that was signed over them was removed",
            id="the last head removed",
        ),
        pytest.param(
            ["delete from checkpoint where tree_size = 16"],
            "head_removed: the head of 16 leaves, which the head of 24 names, was removed",
            id="a head in the middle removed",
        ),
        pytest.param(
            ["update checkpoint set note = replace(note, 'previous 8', 'previous 0') where tree_size = 16"],
            "bad_head: the head of 16 leaves: a signature is missing or wrong",
            id="a head changed",
        ),
    ],
)
def test_what_was_done_to_the_log_is_named(log: Log, statements: list[str], fault: str) -> None:
    log.tamper(*statements)
    assert log.faults()[0] == fault


def resigned(log: Log, signer: Signer) -> str:
    """Return the newest head signed by somebody else."""
    tree = CompactRange()
    for row in log.rows("select leaf_hash from access_leaf where tree_index is not null order by tree_index"):
        tree.append(row["leaf_hash"])
    return signer.sign(Checkpoint.following(16, origin=ORIGIN, size=24, root=tree.root()))


def test_a_head_that_was_signed_with_another_key_is_named(log: Log, keyring: Keyring) -> None:
    note = resigned(log, Signer.of_keyring(keyring, ORIGIN))
    log.tamper("update checkpoint set note = %s where tree_size = 24", values=[note])
    assert log.faults()[0] == "foreign_key: the head of 24 leaves: it is signed with a key that is not the log's"


def test_a_head_that_was_signed_with_an_older_key_is_named(database_url: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "data", database_url)
    log = write_log(home, tmp_path / "files")
    with at_home(home) as installed:
        installed.vault.keyring.rotate(Domain.LOG_SIGN, at=installed.clock())
        older = Signer.of_keyring(installed.vault.keyring, ORIGIN, version=1)
    for _ in range(2):
        with at_home(home) as installed:
            look(installed, 1)
        assert home.run("log", "seal").code == 0
    assert log.verify()["faults"] == []
    tree = CompactRange()
    rows = log.rows("select leaf_hash from access_leaf where tree_index is not null order by tree_index")
    for row in rows:
        tree.append(row["leaf_hash"])
    note = older.sign(Checkpoint.following(len(rows) - 1, origin=ORIGIN, size=len(rows), root=tree.root()))
    log.tamper("update checkpoint set note = %s where tree_size = %s", values=[note, len(rows)])
    words = [one["words"] for one in log.verify()["faults"]]
    assert words == [f"the head of {len(rows)} leaves is signed with a key older than one before it"]


def test_a_log_that_was_rewritten_and_signed_again_with_the_right_key_differs_from_a_head_kept_outside(
    log: Log,
) -> None:
    kept = log.keep(16)
    forged = b"{}"
    log.tamper(
        "update access_leaf set content = %s, leaf_hash = %s where tree_index = 10",
        values=[forged, leaf_hash(forged)],
    )
    with at_home(log.home) as installed:
        signer = Signer.of_keyring(installed.vault.keyring, ORIGIN)
    tree, before = CompactRange(), 0
    rows = log.rows("select leaf_hash from access_leaf where tree_index is not null order by tree_index")
    for row in rows:
        tree.append(row["leaf_hash"])
        if tree.size in HEADS:
            note = signer.sign(Checkpoint.following(before, origin=ORIGIN, size=tree.size, root=tree.root()))
            log.tamper("update checkpoint set note = %s where tree_size = %s", values=[note, tree.size])
            before = tree.size
    assert log.verify()["faults"] == [], "nothing inside shows it"
    assert log.faults("--checkpoint", kept)[0] == (
        "rewritten: the first 16 leaves are not those under a head of 16 that was kept outside:"
        " the log was rewritten and signed again"
    )


def test_a_database_put_back_together_with_its_log_is_shown_by_a_head_kept_outside(log: Log) -> None:
    older = log.export()
    with at_home(log.home) as installed:
        look(installed, 3)
    log.home.run("log", "seal")
    size = log.verify()["leaves"]
    kept = log.keep(size)
    assert log.verify_far(older)["faults"] == [], "nothing inside shows it"
    words = [one["words"] for one in log.verify_far(older, "--checkpoint", kept)["faults"]]
    assert words == [
        f"a head of {size} leaves was kept outside, but this log has 24:"
        " it was cut off, or rolled back together with its database"
    ]


def test_a_change_of_a_leaf_that_is_not_sealed_yet_is_named(log: Log) -> None:
    with at_home(log.home) as installed:
        look(installed, 1)
    log.tamper("update access_leaf set content = content || ' ' where tree_index is null")
    assert log.faults()[0].startswith("edited: the leaf numbered ")


def test_an_index_that_hides_a_look_from_a_family_is_named(log: Log) -> None:
    log.tamper("insert into leaf_child (pseudonym, leaf_id) select '\\x01', min(leaf_id) from access_leaf")
    words = [one["words"] for one in log.verify()["faults"]]
    assert words == ["the index by which a family is told who looked differs from the leaves in 1 places"]


OLDER = """
    update identity i set sealed_identity = o.sealed_identity, sealed_family = o.sealed_family,
        sealed_contact = o.sealed_contact, sealed_services = o.sealed_services, sealed_welfare = o.sealed_welfare,
        sealed_source = o.sealed_source
    from kept_identity o where o.child_id = i.child_id and o.sealed_identity <> i.sealed_identity
"""


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        pytest.param(
            [
                "update identity set sealed_contact = sealed_family where child_id = (select min(child_id::text)::uuid"
                " from identity)"
            ],
            r"row_changed: row [0-9a-f]{16} of identity was changed without a leaf of the log",
            id="changed",
        ),
        pytest.param(
            ["delete from source_version where child_id = (select min(child_id::text)::uuid from source_version)"],
            r"row_gone: row [0-9a-f]{16} of source_version was deleted without a leaf of the log",
            id="deleted",
        ),
        pytest.param(
            [
                "insert into child_key select child_id, gen_random_uuid(), domain, generation, epoch, wrapped_key"
                " from child_key limit 1"
            ],
            r"row_unlogged: row [0-9a-f]{16} of child_key was written without a leaf of the log",
            id="written",
        ),
    ],
)
def test_a_sealed_row_that_was_touched_without_a_leaf_is_named(log: Log, statements: list[str], fault: str) -> None:
    log.tamper(*statements)
    (found,) = log.faults()
    assert re.fullmatch(fault, found)


def test_a_row_put_back_to_an_older_state_is_named(log: Log) -> None:
    """The registry itself changes the row, with a leaf; then somebody puts the old one back."""
    log.tamper("create table kept_identity as select * from identity")
    with at_home(log.home) as installed:
        deliver(installed, [record("HS1", day=1, name="Lò Thị Mai")])
    assert log.verify()["faults"] == []
    log.tamper(OLDER)
    (words,) = [one["words"] for one in log.verify()["faults"]]
    assert "of identity was put back to an older state without a leaf of the log" in words


def test_a_row_that_was_deleted_and_put_back_is_named(log: Log) -> None:
    log.tamper("create table kept_version as select * from source_version limit 1")
    with unguarded(log.home.database_url or "") as connection:
        connection.execute("delete from source_version where child_id = (select child_id from kept_version)")
    assert log.verify()["faults"] == [], "a leaf tells of it"
    log.tamper("insert into source_version select * from kept_version")
    (words,) = [one["words"] for one in log.verify()["faults"]]
    assert words.endswith("of source_version was deleted, and was put back without a leaf of the log")
