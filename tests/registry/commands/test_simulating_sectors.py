"""`simulate sector`: a process of its own that a connector reads until it is interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import SectorConnector, Transient
from connectors.plugins import BUILT_IN_SECTORS
from tests.connectors.draining import Landed, page
from tests.registry.commands.command_line import Home

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-W", "error", "-m", "registry", "simulate", "sector"]
BESIDE: dict[str, dict[str, Any]] = {
    "paged": {"system": "health", "since": date(2026, 1, 1), "rows": "data.danhSach", "error_path": "code"},
    "changes": {"system": "social_aid", "rows": "items", "next": "next", "more": "more", "error_path": "code"},
    "hotline": {},
}


@contextmanager
def running(*options: str) -> Iterator[dict[str, Any]]:
    """Yield what the command says when it serves; it is interrupted at the end."""
    with subprocess.Popen(
        [*COMMAND, *options, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        yield json.loads("".join(lines))
        process.send_signal(signal.SIGINT)
        left, errors = process.communicate(timeout=30)
        assert (process.returncode, left, errors) == (0, "", "")


def connected(kind: str, told: dict[str, Any]) -> SectorConnector:
    """Return the connector that the command names, with the settings that it tells."""
    make: Any = BUILT_IN_SECTORS[told["connector"]]
    said = {name: told[name] for name in ("endpoint", "path", "token")}
    return make(make.spec().model_validate({**said, **BESIDE[kind], "first_wait": 0.001}))


@pytest.mark.parametrize("kind", list(BESIDE))
def test_each_kind_can_be_read_by_the_connector_it_names(kind: str) -> None:
    with running(kind, "--rows", "30", "--seed", "2", "--fault", "5xx=0.2", "--unrest", "0.2") as told:
        assert told["records"] == 30
        connector: Any = connected(kind, told)
        stream = connector.discover()[0].name
        landed, more = Landed(), True
        while more and landed.pages < 200:
            try:
                more = landed.land(page(connector, stream, landed.cursor, limit=10))
            except Transient:
                continue
        connector.close()
    assert not more
    assert len({record.key for record in landed.records}) >= 30


@pytest.mark.parametrize("fault", ["none=0.1", "5xx=0.6"])
def test_a_fault_that_cannot_be_is_refused(tmp_path: Path, fault: str) -> None:
    options = ("--fault", fault, "--fault", "429=0.6")
    assert "fault" in Home(tmp_path).run("simulate", "sector", "paged", *options).refusal()
