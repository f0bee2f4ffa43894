"""The second sink is told of every leaf before the answer leaves; without it there is no answer."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from registry.actions.finding.find_child import FindQuery, find_child
from registry.jobs.opening import Installation
from registry.protect.log.log_sink import FileSink, LogSinkUnavailable, SyslogSink, ToldLeaf, read_sink
from registry.settings import Settings
from tests.registry.actions.installed import worker
from tests.registry.commands.command_line import Home
from tests.registry.commands.written_log import Log, at_home, look, write_log

LEAF = ToldLeaf(UUID(int=5), datetime(2026, 11, 1, 8, 0, tzinfo=UTC), bytes(range(32)))


@pytest.fixture
def log(new_home: Home, tmp_path: Path) -> Log:
    """A log whose every leaf the sink was told of."""
    sink = tmp_path / "sink"
    return write_log(new_home.with_settings(CHILD_REGISTRY_LOG_SINK=str(sink)), tmp_path / "files")


def looked(log: Log, tmp_path: Path) -> None:
    """Leave leaves that the sink is told of."""
    with at_home(log.home, log_sink=str(tmp_path / "sink")) as installed:
        look(installed, 4)


def test_every_leaf_of_an_action_is_told(log: Log, tmp_path: Path) -> None:
    looked(log, tmp_path)
    told = read_sink(tmp_path / "sink")
    leaves = {row["leaf_hash"] for row in log.rows("select leaf_hash from access_leaf")}
    assert len(told) == 4
    assert set(told) <= leaves
    assert (tmp_path / "sink").stat().st_mode & 0o777 == 0o600
    assert log.verify()["told"] == 4, "the settings name the sink"


def test_a_leaf_that_was_dropped_before_it_was_sealed_is_named(log: Log, tmp_path: Path) -> None:
    looked(log, tmp_path)
    log.tamper("delete from access_leaf where leaf_id = (select max(leaf_id) from access_leaf)")
    words = [one["words"] for one in log.verify()["faults"]]
    event, at = list(read_sink(tmp_path / "sink").values())[-1]
    assert words == [f"the leaf of event {event}, told to the second sink at {at.isoformat()}, is not in the log"]


def test_a_bundle_is_compared_with_what_was_told_before_it_was_written(log: Log, tmp_path: Path) -> None:
    looked(log, tmp_path)
    older = log.export()
    sink = tmp_path / "sink"
    assert log.verify_far(older, "--sink", sink)["faults"] == []
    dropped = ToldLeaf(UUID(int=6), datetime(2026, 1, 1, tzinfo=UTC), bytes(32)).line()
    sink.write_text(sink.read_text(encoding="utf-8") + dropped + "\n", encoding="utf-8")
    (fault,) = log.verify_far(older, "--sink", sink)["faults"]
    assert fault["kind"] == "dropped"
    later = ToldLeaf(UUID(int=7), datetime.now(UTC), bytes(range(32))).line()
    sink.write_text(later + "\n", encoding="utf-8")
    assert log.verify_far(older, "--sink", sink)["faults"] == [], "committed after the bundle was written, perhaps"


def test_a_transaction_that_is_rolled_back_tells_nothing(log: Log, tmp_path: Path) -> None:
    with at_home(log.home, log_sink=str(tmp_path / "sink")) as installed, pytest.raises(ZeroDivisionError):
        _look_and_fail(installed)
    assert read_sink(tmp_path / "sink") == {}


def _look_and_fail(installed: Installation) -> None:
    with installed.store.begin(worker(installed)) as transaction:
        find_child(transaction, installed.vault, FindQuery(text="khong co ai"))
        raise ZeroDivisionError


def test_without_the_sink_there_is_no_answer(log: Log, tmp_path: Path) -> None:
    with at_home(log.home) as installed:
        installed.store.tell_leaves(SyslogSink(f"syslog+unix://{tmp_path}/nobody", host="here"))
        with pytest.raises(LogSinkUnavailable, match="takes no line"):
            look(installed, 1)


@pytest.mark.parametrize("kind", ["others can read", "a folder", "a link", "a pipe", "no folder"])
def test_a_file_that_is_not_the_owners_alone_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sink"
    if kind == "others can read":
        path.touch()
        path.chmod(0o644)
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path = tmp_path / "nowhere" / "sink"
    with pytest.raises(LogSinkUnavailable):
        FileSink(path)


def test_lines_of_several_processes_stand_one_below_the_other(tmp_path: Path) -> None:
    first, second = FileSink(tmp_path / "sink"), FileSink(tmp_path / "sink")
    for _ in range(50):
        first.tell([LEAF, LEAF])
        second.tell([LEAF])
    first.close()
    second.close()
    assert (tmp_path / "sink").read_text(encoding="utf-8") == (LEAF.line() + "\n") * 150


def test_what_others_wrote_between_the_lines_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "sink"
    path.write_bytes(b"\xff rubbish\n" + f"Nov 1 host app: {LEAF.line()}\n".encode() + LEAF.line().encode()[:-9])
    assert read_sink(path) == {LEAF.leaf_hash: (str(LEAF.event_id), LEAF.at)}


@contextmanager
def collector(address: str | tuple[str, int]) -> Iterator[tuple[socket.socket, list[bytes]]]:
    """Listen as a syslog server; what came in is in the list."""
    listener = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    listener.bind(address)
    listener.listen()
    came: list[bytes] = []

    def collect() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                came.append(connection.recv(65536))

    thread = threading.Thread(target=collect)
    thread.start()
    yield listener, came
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_syslog_server_gets_framed_lines_and_a_broken_connection_is_made_anew(tmp_path: Path, kind: str) -> None:
    with collector(str(tmp_path / "log") if kind == "unix" else ("127.0.0.1", 0)) as (listener, came):
        name = listener.getsockname()
        address = f"syslog+unix://{name}" if kind == "unix" else f"syslog+tcp://127.0.0.1:{name[1]}"
        sink = SyslogSink(address, host="here")
        for number in range(1, 4):  # the collector ends the connection after each
            sink.tell([LEAF])
            assert eventually(lambda number=number: len(came) == number)
            time.sleep(0.05)
        sink.close()
    line = f"<86>1 2026-11-01T08:00:00.000000+00:00 here child-registry - leaf - {LEAF.line()}".encode()
    assert came == [b"%d %s" % (len(line), line)] * 3


def eventually(holds: Callable[[], bool]) -> bool:
    """Say whether something comes true within some seconds."""
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def test_a_syslog_server_that_is_away_is_no_sink() -> None:
    sink = SyslogSink("syslog+tcp://127.0.0.1:9", host="here")
    with pytest.raises(LogSinkUnavailable, match="takes no line"):
        sink.tell([LEAF])


@pytest.mark.parametrize("address", ["ftp://x", "syslog+tcp://nowhere", "syslog+unix://relative", "syslog+udp://a:1"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match="syslog"):
        Settings(data=tmp_path, log_sink=address)
    with pytest.raises(LogSinkUnavailable):
        SyslogSink(address, host="here")


def test_a_sink_in_the_folder_of_the_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder of the database"):
        Settings(data=tmp_path, log_sink=str(tmp_path / "pg18" / "sink"))
