"""The custodian's commands: how the keys stand, new versions, the end of old ones, and to erase a child."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from uuid import uuid4

import pytest

from registry.protect.keys.erasure_ledger import LEDGER_FILE
from registry.protect.keys.keyring_file import Domain
from tests.registry.commands.command_line import Home
from tests.registry.commands.conftest import Demo, RealHome
from tests.registry.store.servers import connect

SENTENCE = "Gia đình yêu cầu."


def lines(home: Home) -> dict[tuple[str, int], dict[str, object]]:
    """Return what `keys status` says of each version."""
    return {(line["domain"], line["version"]): line for line in home.answer("keys", "status")["keys"]}


def somebody(home: Home) -> str:
    """Return the id of a child."""
    with connect(home.database_url or "") as owner:
        owner.execute("alter table child no force row level security")
        (found,) = owner.execute("select child_id from child where erased_at is null limit 1").fetchall()
        owner.execute("alter table child force row level security")
    return str(found[0])


def test_status_names_every_key_its_rows_and_who_keeps_the_root(demo: Demo) -> None:
    found = lines(demo.home)
    assert {domain for domain, _ in found} == {domain.value for domain in Domain}
    assert found["identity_wrap", 1]["state"] == "active"
    assert found["identity_wrap", 1]["rows"] > 100  # type: ignore[operator]  # a number of the document
    assert demo.home.answer("keys", "status")["keeper"]["name"] == "keyfile"
    said = demo.home.run("keys", "status").out
    assert "keeper of the root key: keyfile" in said
    assert "identity_wrap" in said


def test_a_key_is_rotated_retired_and_destroyed(home: Home) -> None:
    (made,) = home.answer("keys", "rotate", "index")["rotations"]
    assert (made["version"], made["finished"], made["continued"]) == (2, True, False)
    assert lines(home)["index", 1]["rows"] == 0
    assert "keys retire index 1" in str(lines(home)["index", 1]["to_do"])
    assert home.answer("keys", "retire", "index", 1)["state"] == "retired"
    assert home.answer("keys", "retire", "index", 1, "--destroy")["state"] == "destroyed"
    assert home.answer("check", "--sealed")["sealed"]["ok"]


def test_all_wrapping_keys_are_rotated_at_once(home: Home) -> None:
    made = home.answer("keys", "rotate", "wrapping")["rotations"]
    assert [one["finished"] for one in made] == [True] * 5
    said = home.run("keys", "rotate", "log_sign")
    assert "rotated to version 2" in said.out
    assert all(part["ok"] for part in home.answer("check").values()), "older heads of the log still hold"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rotate", "cell_key"), "published tables would change"),
        (("rotate", "record_key"), "published tables would change"),
        (("rotate", "pseudonym"), "access log"),
        (("rotate", "nonsense"), "one of: "),
        (("retire", "index", 1), "the active one"),
        (("retire", "index", 9), "no such version"),
        (("retire", "log_sign", 1), "never retired"),
    ],
)
def test_what_is_not_done_says_why(demo: Demo, words: tuple[object, ...], told: str) -> None:
    assert told in demo.home.run("keys", *words).refusal()


def test_a_key_in_use_is_not_retired(home: Home) -> None:
    home.answer("keys", "rotate", "search")
    with connect(home.database_url or "") as owner:
        owner.execute("alter table child_search no force row level security")
        owner.execute("update child_search set key_version = 1")
        owner.execute("alter table child_search force row level security")
    refusal = home.run("keys", "retire", "search", 1).refusal()
    assert "KeyInUse" in refusal
    assert "keys rotate search" in refusal
    assert home.answer("keys", "rotate", "search")["rotations"][0]["continued"]
    assert home.answer("keys", "retire", "search", 1)["state"] == "retired"


def test_a_child_is_erased_for_a_reason_and_once(home: Home) -> None:
    child = somebody(home)
    assert "--sentence" in home.run("erase", child).refusal()
    assert home.answer("erase", child, "--sentence", SENTENCE)["already"] is False
    assert home.answer("erase", child, "--sentence", SENTENCE)["already"] is True
    ledger = home.data / "keys" / LEDGER_FILE
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600
    assert len(ledger.read_text(encoding="utf-8").splitlines()) == 1
    assert child in ledger.read_text(encoding="utf-8")
    assert SENTENCE not in ledger.read_text(encoding="utf-8")
    assert "NoSuchChild" in home.run("erase", uuid4(), "--sentence", SENTENCE).refusal()
    assert "not the id of a child" in home.run("erase", "Nguyễn Thị Hoà", "--sentence", SENTENCE).refusal()
    assert home.answer("check", "--sealed")["sealed"]["ok"]


def test_elsewhere_only_the_custodian_may(real: RealHome) -> None:
    assert "SignInNeeded" in real.home.run("keys", "status").refusal()
    for words in (("keys", "rotate", "index"), ("erase", uuid4(), "--sentence", SENTENCE)):
        assert "Refused" in real.home.run(*words, "--login", "chief", password=real.password).refusal()


@pytest.fixture
def older_ring(home: Home, tmp_path: Path) -> Home:
    """A place whose key folder was put back to what it was before a rotation."""
    shutil.copytree(home.data / "keys", tmp_path / "escrow")
    home.answer("keys", "rotate", "identity_wrap")
    return home.with_settings(CHILD_REGISTRY_KEYS=str(tmp_path / "escrow"))


def test_a_keyring_older_than_the_database_is_named_with_the_key_it_lacks(older_ring: Home) -> None:
    refusal = older_ring.run("check").refusal()
    assert "KeyUnavailable" in refusal
    assert "identity_wrap@2" in refusal
