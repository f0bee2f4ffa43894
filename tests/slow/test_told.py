"""`serve` as it runs: lines of JSON on standard error, metrics on the port, no core of it or of its database."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import httpx
import pytest

from tests.registry.store.servers import eventually, processes_of
from tests.slow.test_serving import serving

pytestmark = pytest.mark.slow

SECRET = "Lò-Thị-Bí-Mật"


def core_limit(process: int) -> str:
    """Return the limit of a process's core, soft and hard."""
    limits = (Path("/proc") / str(process) / "limits").read_text(encoding="utf-8")
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    return " ".join(line.split()[4:6])


def test_serve_tells_what_it_does_and_of_nobody(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving("demo", "--children", "60", "--data", data) as (running, _):
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    with serving("serve", "--data", data) as (running, address), httpx.Client(base_url=address) as client:
        assert client.get(f"/vi/{SECRET}").status_code == 404
        assert client.get("/vi/sign-in").status_code == 200
        assert client.post("/v1/session", json={"login": SECRET, "password": SECRET}).status_code == 401

        def sealed() -> bool:
            return "child_registry_unsealed_leaves 0.0" in client.get("/metrics").text

        assert eventually(sealed), "the sealer is a job, and it ran"
        text = client.get("/metrics").text
        assert {core_limit(process) for process in {running.pid, *processes_of(data)}} == {"0 0"}
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    assert SECRET not in text
    assert 'child_registry_requests_total{method="GET",route="unmatched",status="4xx"} 1.0' in text
    assert 'child_registry_key_age_seconds{domain="identity_wrap"}' in text
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {"request", "job"} <= {line.get("event") for line in lines}
    assert "seal_log" in {line.get("job") for line in lines}
    rest = [line for line in said.splitlines() if not line.startswith("{")]
    assert rest in ([], ["child-registry: interrupted; what was stored stays, and the next run goes on from there"])
    assert SECRET not in said
    assert "Bí" not in said
