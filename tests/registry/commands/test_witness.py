"""A witness outside, with its own key and state alone: by files carried there and back, and over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from registry.commands.witness_server import WitnessServer
from registry.protect.log.checkpoint import Verifier
from registry.protect.log.cosignature import Cosigner
from registry.protect.log.witness import Witness
from tests.registry.commands.command_line import Home
from tests.registry.commands.written_log import Log, at_home, look, write_log

COSIGNER = Cosigner("witness.example/w1", bytes(range(1, 33)))


@pytest.fixture
def log(new_home: Home, tmp_path: Path) -> Log:
    """A log that a witness is to see."""
    return write_log(new_home, tmp_path / "files")


class Outside:
    """A witness on a machine that has nothing of the registry's."""

    def __init__(self, log: Log, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._home = Home(folder / "nowhere")
        self._folder = folder
        self._options = ("--log-vkey", log.vkey, "--key", folder / "key", "--state", folder / "state")
        said = self._home.run("witness", "init", folder / "key", "--name", "witness.example/w1")
        self.vkey = said.out.strip()

    def run(self, command: str, *arguments: object) -> str:
        """Return what a command of the witness says."""
        said = self._home.run("witness", command, *arguments, *self._options)
        assert said.code == 0, said
        return said.out

    def refusal(self, command: str, *arguments: object) -> str:
        """Return what it refuses."""
        return self._home.run("witness", command, *arguments, *self._options).refusal()


@pytest.fixture
def outside(log: Log, tmp_path: Path) -> Outside:
    """A witness with its own key."""
    return Outside(log, tmp_path / "outside")


def carry(log: Log, outside: Outside, name: str) -> None:
    """Have the head cosigned by files."""
    question, answer = log.folder / f"{name}.question", log.folder / f"{name}.answer"
    assert log.home.run("log", "cosign", question, "--witness-vkey", outside.vkey).code == 0
    outside.run("cosign", question, "--answer", answer)
    with at_home(log.home) as installed:
        look(installed, 1)  # the log goes on while the answer is on its way
    assert log.home.run("log", "seal").code == 0
    said = log.home.run("log", "cosign", answer, "--answered", "--witness-vkey", outside.vkey)
    assert said.code == 0, said


def test_a_head_carried_to_a_witness_and_back_is_cosigned(log: Log, outside: Outside) -> None:
    carry(log, outside, "first")
    carry(log, outside, "second")
    found = log.verify("--witness-vkey", outside.vkey)
    assert found["faults"] == []
    assert found["cosigned"]["witness.example/w1"] > 24
    assert log.verify_far(log.export(), "--witness-vkey", outside.vkey)["faults"] == []


def test_the_newest_head_of_a_witness_shows_a_log_that_was_put_back(log: Log, outside: Outside) -> None:
    older = log.export()
    carry(log, outside, "first")
    kept = log.folder / "kept"
    kept.write_text(outside.run("show"), encoding="utf-8")
    assert log.verify("--checkpoint", kept)["faults"] == []
    (fault,) = log.verify_far(older, "--checkpoint", kept)["faults"]
    assert fault["kind"] == "rolled_back"


def test_a_cosignature_that_was_changed_or_taken_away_is_named(log: Log, outside: Outside) -> None:
    carry(log, outside, "first")
    log.tamper("update cosignature set line = replace(line, 'w1', 'w2')")
    assert log.faults("--witness-vkey", outside.vkey) == [
        "not_cosigned: no head is cosigned by the witness witness.example/w1"
    ]
    size = log.rows("select tree_size from cosignature")[0]["tree_size"]
    log.tamper(f"delete from checkpoint where tree_size = {size}")  # noqa: S608  a number
    assert f"head_removed: the head of {size} leaves was cosigned by a witness, and was removed" in log.faults()


def test_a_witness_that_was_shown_two_histories_stops_until_a_person_decides(log: Log, outside: Outside) -> None:
    carry(log, outside, "first")
    log.tamper("update access_leaf set leaf_hash = sha256(leaf_hash) where tree_index = 3")
    log.tamper("update checkpoint set compact_range = compact_range")
    question = log.folder / "question"
    assert log.home.run("log", "cosign", question, "--witness-vkey", outside.vkey).code == 0
    text = question.read_text(encoding="utf-8")
    lines = text.split("\n")
    lines[1] = lines[2]  # a proof that does not hold
    question.write_text("\n".join(lines), encoding="utf-8")
    assert "does not continue" in outside.refusal("cosign", question)
    question.write_text(text, encoding="utf-8")
    assert "has stopped" in outside.refusal("cosign", question)
    assert "it has stopped" in outside.refusal("show")
    outside.run("resume")
    outside.run("cosign", question)


def test_what_is_not_a_question_or_an_answer_is_refused(log: Log, outside: Outside) -> None:
    file = log.folder / "rubbish"
    file.write_bytes(b"\xff\xfe")
    assert "not a text" in outside.refusal("cosign", file)
    file.write_bytes(b"x" * 70_000)
    assert "too large" in outside.refusal("cosign", file)
    file.write_text("rubbish", encoding="utf-8")
    assert "not a request" in outside.refusal("cosign", file)
    refused = log.home.run("log", "cosign", file, "--answered", "--witness-vkey", outside.vkey).refusal()
    assert "holds no cosignature" in refused
    assert "not a verifier key" in log.home.run("log", "cosign", file, "--witness-vkey", "x").refusal()
    assert "spaces" in Home(log.folder).run("witness", "init", log.folder / "k", "--name", "a b").refusal()


def test_a_key_file_that_is_none_is_refused(log: Log, tmp_path: Path) -> None:
    key = tmp_path / "wrong"
    key.touch(mode=0o600)
    arguments = ("witness", "show", "--log-vkey", log.vkey, "--key", key, "--state", tmp_path / "state")
    assert "not the key file of a witness" in log.home.run(*arguments).refusal()


@contextmanager
def serving(log: Log, state: Path) -> Iterator[str]:
    """Serve a witness on a free port."""
    witness = Witness(log=Verifier.from_vkey(log.vkey), cosigner=COSIGNER, state=state)
    with WitnessServer(witness, host="127.0.0.1", port=0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def with_witness(log: Log) -> Log:
    """Return the log at a home that knows the witness's key."""
    home = log.home.with_settings(CHILD_REGISTRY_WITNESS_KEYS=COSIGNER.verifier.vkey())
    return Log(home, log.vkey, log.folder)


def test_a_witness_is_asked_over_http(log: Log, tmp_path: Path) -> None:
    log = with_witness(log)
    with serving(log, tmp_path / "state") as url:
        for _ in range(3):
            with at_home(log.home) as installed:
                look(installed, 2)
            said = log.home.run("log", "cosign", url)
            assert said.code == 0, said
    assert log.verify()["faults"] == [], "the settings name the witness"


def test_a_log_that_forgot_its_cosignatures_learns_from_the_witness_where_it_stands(log: Log, tmp_path: Path) -> None:
    log = with_witness(log)
    with serving(log, tmp_path / "state") as url:
        assert log.home.run("log", "cosign", url).code == 0
        log.tamper("delete from cosignature")
        assert log.home.run("log", "cosign", url).code == 0


def test_a_log_that_was_rolled_back_is_told_so_and_an_alarm_is_raised(log: Log, tmp_path: Path) -> None:
    log = with_witness(log)
    with serving(log, tmp_path / "state") as url:
        assert log.home.run("log", "cosign", url).code == 0
        log.tamper(
            "delete from access_leaf where tree_index is null or tree_index >= 16",
            "delete from checkpoint where tree_size > 16",
            "delete from cosignature",
        )
        with at_home(log.home) as installed:
            look(installed, 1)
        assert "the log was rolled back" in log.home.run("log", "cosign", url).refusal()
    assert [row["kind"] for row in log.rows("select kind from alarm")] == ["witness_refused"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/", b"", 404),
        ("/add-checkpoint", b"\xff", 400),
        ("/add-checkpoint", b"old 0\n\nrubbish", 400),
        ("/add-checkpoint", b"x" * 70_000, 413),
    ],
)
def test_rubbish_over_http_is_refused(log: Log, tmp_path: Path, path: str, body: bytes, status: int) -> None:
    with serving(log, tmp_path / "state") as url:
        assert httpx.post(url + path, content=body).status_code == status
        assert httpx.get(url).status_code == 501


def test_a_witness_that_is_away_or_talks_nonsense_is_refused(log: Log) -> None:
    log = with_witness(log)
    assert "cannot be reached" in log.home.run("log", "cosign", "http://127.0.0.1:9").refusal()
    assert (
        "is not known"
        in Home(log.home.data, log.home.database_url).run("log", "cosign", "http://127.0.0.1:9").refusal()
    )
