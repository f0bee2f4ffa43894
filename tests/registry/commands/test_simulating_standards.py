"""`simulate sector oneroster` and `fhir`: what the command tells is all that a connector needs to read it."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.plugins import BUILT_IN_SECTORS
from tests.connectors.draining import drained
from tests.registry.commands.test_simulating_sectors import running

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["oneroster", "fhir"])
def test_a_standard_system_is_read_whole_by_the_connector_it_names(kind: str) -> None:
    with running(kind, "--rows", "30", "--seed", "2", "--fault", "5xx=0.1") as told:
        make: Any = BUILT_IN_SECTORS[told["connector"]]
        said = {name: value for name, value in told.items() if name not in ("connector", "records", "path")}
        connector = make(make.spec().model_validate({**said, "attempts": 12, "first_wait": 0.001}))
        assert len(drained(connector, connector.discover()[0].name, limit=10).living()) == told["records"]
