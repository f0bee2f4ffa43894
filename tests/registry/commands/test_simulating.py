"""`simulate population`: a process of its own that serves until it is interrupted."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connectors.simulators.population import Signing, as_pem, jwk_of_pem, read_people
from connectors.simulators.population.dci_signing import Signer
from tests.connectors.simulators.asking import dci_search
from tests.registry.commands.command_line import Home

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-W", "error", "-m", "registry", "simulate", "population"]


@contextmanager
def running(*options: str) -> Iterator[tuple[dict[str, object], subprocess.Popen[str]]]:
    """Yield what the command says when it serves, and its process; it is interrupted at the end."""
    with subprocess.Popen(
        [*COMMAND, *options, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        yield json.loads("".join(lines)), process
        process.send_signal(signal.SIGINT)
        left, errors = process.communicate(timeout=30)
        assert (process.returncode, left, errors) == (0, "", "")


def test_it_invents_people_serves_every_way_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    extract = tmp_path / "people.csv"
    options = ("--people", "5", "--seed", "3", "--fault", "5xx=0.5", "--fault", "429=0.5", "--write", str(extract))
    key = tmp_path / "sender.pem"
    key.write_text(as_pem(Signer(Signing.RS256, seed=9).public_key), encoding="utf-8")
    with running(*options, "--signing", "EdDSA", "--sender-key", f"registry={key}") as (told, _):
        assert (told["people"], told["user"]) == (15, "child-registry")
        assert str(told["url"]).startswith("http://127.0.0.1:")
        addresses = told["addresses"]
        assert isinstance(addresses, dict)
        assert set(addresses) == {"soap", "dci", "fhir", "token", "faults", "log"}
        assert httpx.get(f"{addresses['fhir']}/metadata", trust_env=False).status_code == 200
        keys = httpx.get(f"{told['url']}/.well-known/jwks.json", trust_env=False).json()["keys"]
        assert keys == [told["signing_key"]]
        assert jwk_of_pem(str(told["signing_key_pem"]).encode()).items() <= keys[0].items()
        bearer = {"Authorization": "Bearer simulated"}
        ask = f"{addresses['fhir']}/Patient?name=an"
        statuses = {httpx.get(ask, headers=bearer, trust_env=False).status_code for _ in range(12)}
        assert statuses == {429, 503}
        httpx.post(addresses["faults"], json={"shares": {}}, trust_env=False)
        unsigned = dci_search({"type": "UIN", "value": "001314000001"})
        answer = httpx.post(f"{addresses['dci']}/registry/sync/search", json=unsigned, headers=bearer, trust_env=False)
        assert answer.json()["errors"][0]["code"] == "err.signature.missing"
        assert httpx.get(addresses["log"], trust_env=False).json()["counts"]["fhir"] == 12
    assert stat.S_IMODE(extract.stat().st_mode) == 0o600
    assert len(list(read_people(extract))) == 15


def test_a_senders_key_that_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    key = tmp_path / "sender.pem"
    for said, content in (("registry", ""), ("=x", ""), (f"registry={key}", "no key")):
        key.write_text(content, encoding="utf-8")
        refusal = Home(tmp_path).run("simulate", "population", "--sender-key", said).refusal()
        assert "sender-key" in refusal


@pytest.mark.parametrize("fault", ["nonsense=0.1", "5xx", "5xx=lots", "5xx=1.5", "5xx=-0.1"])
def test_a_fault_that_cannot_be_is_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    refusal = Home(tmp_path).run("simulate", "population", "--fault", fault).refusal()
    assert "fault" in refusal


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "absent.csv" in Home(tmp_path).run("simulate", "population", tmp_path / "absent.csv").refusal()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "personal_number"),
        (b"number,name\n1,2\n", "personal_number"),
        ("personal_number,full_name\n1,TRẦN\n".encode("utf-16"), "UTF-8"),
        (b"personal_number,status\n001314000001,gone\n", "line 2: status"),
        (b"personal_number\n" + b"1" * 200_000, "CSV"),
    ],
)
def test_a_file_that_is_no_extract_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    refusal = Home(tmp_path).run("simulate", "population", path).refusal()
    assert rule in refusal
    assert "001314000001" not in refusal
