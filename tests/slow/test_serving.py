"""`demo` and `serve` as people start them: an address, a page, and nothing left after the end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.registry.store.servers import eventually, processes_of
from tests.slow.commands import environment

pytestmark = pytest.mark.slow

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
ENDS = {signal.SIGINT: {0, 130}, signal.SIGTERM: {0, 143}}


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a command that serves, in a group of its own as a terminal does, and yield it with its address."""
    command = [sys.executable, "-m", "registry", *map(str, arguments), "--port", "0"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), start_new_session=True
    )
    try:
        assert running.stdout is not None
        said = []
        for line in running.stdout:
            said.append(line)
            if found := ADDRESS.search(line):
                yield running, found[0]
                break
        else:
            raise AssertionError("".join(said))
    finally:
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that the commands use one after the other."""
    return tmp_path_factory.mktemp("serving") / "data"


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
@pytest.mark.parametrize("command", [("demo", "--children", "60"), ("serve",)], ids=lambda command: command[0])
def test_it_serves_pages_and_ends_when_told_with_no_process_left(
    data: Path, command: tuple[str, ...], number: signal.Signals
) -> None:
    with serving(*command, "--data", data) as (running, address):
        with httpx.Client(base_url=address, follow_redirects=True) as browser:
            page = browser.get("/")
            assert page.status_code == 200
            assert "text/html" in page.headers["content-type"]
            assert browser.get("/v1/openapi.json").status_code in {200, 401, 404}
            assert browser.get("/no-such-page").status_code == 404
        assert processes_of(data)
        running.send_signal(number)
        said, _ = running.communicate(timeout=60)
        assert running.returncode in ENDS[number]
        assert "Traceback" not in said
    assert eventually(lambda: not processes_of(data))


def test_ctrl_c_in_a_terminal_reaches_the_whole_group_and_the_database_survives_it(data: Path) -> None:
    with serving("serve", "--data", data) as (running, _):
        assert running.pid > 1
        subprocess.run(["kill", "-INT", "--", f"-{running.pid}"], check=True)
        said, _ = running.communicate(timeout=60)
        assert running.returncode in ENDS[signal.SIGINT]
        assert "Traceback" not in said
    assert eventually(lambda: not processes_of(data))


def test_a_second_server_on_the_same_data_shares_the_database(data: Path) -> None:
    with serving("serve", "--data", data) as (_, first), serving("serve", "--data", data) as (_, second):
        assert first != second
        for address in (first, second):
            assert httpx.get(address, follow_redirects=True).status_code == 200
    assert eventually(lambda: not processes_of(data)), "killed, both of them: the watcher stops the server"


def test_a_server_that_was_killed_leaves_no_database_running_and_starts_again(data: Path) -> None:
    with serving("serve", "--data", data) as (running, _):
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert eventually(lambda: not processes_of(data))
    with serving("serve", "--data", data) as (_, address):
        assert httpx.get(address, follow_redirects=True).status_code == 200
