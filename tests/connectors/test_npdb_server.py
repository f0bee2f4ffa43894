"""The simulator by its command line: a process of its own, for as long as it is wanted."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx

from connectors.simulators.npdb_server import read_people


def test_it_serves_the_people_of_a_file_until_it_is_interrupted(tmp_path: Path) -> None:
    people = tmp_path / "population.csv"
    people.write_text(
        "\ufeffpersonal_number,full_name,birth_date,sex\n001314000001,TRẦN THỊ MẪU,2014-05-03,2\n", encoding="utf-8"
    )
    assert read_people(people) == [("001314000001", "TRẦN THỊ MẪU", "2014-05-03")]
    secret = tmp_path / "secret"
    secret.write_text("hush\n", encoding="utf-8")
    module = "connectors.simulators.npdb_server"
    command = [sys.executable, "-W", "error", "-m", module, str(people), "--secret-file", str(secret)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(url, trust_env=False).status_code == 405
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
