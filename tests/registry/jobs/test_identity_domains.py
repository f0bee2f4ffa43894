"""Which lists of identifiers are known, as the file of connections says."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.formats.fhir_domains import HEALTH_DOMAINS
from registry.jobs.connections import Connections, identity_domains, read_connections
from registry.settings import SettingRefused

LIST = '[[identity_domains]]\nurl = "http://hospital.example.vn"\nalso = ["urn:oid:1.2"]\n'


def written(tmp_path: Path, text: str) -> Connections:
    """Return the connections of a file."""
    path = tmp_path / "connections.toml"
    path.write_text(text, encoding="utf-8")
    return read_connections(path)


def test_without_a_setting_the_lists_of_the_health_sector_are_known() -> None:
    assert identity_domains(Connections()) is HEALTH_DOMAINS


def test_a_list_is_known_by_each_of_its_addresses(tmp_path: Path) -> None:
    found = identity_domains(written(tmp_path, f'{LIST}system = "health"\nstream = "hospital"\n'))
    (known,) = found.all()
    assert found.named("urn:oid:1.2") is found.named("http://hospital.example.vn") is known
    assert known.is_of("health", ["hospital"])
    assert not known.is_of("health", ["patients"])


@pytest.mark.parametrize("text", [f'{LIST}system = "health"\n', f"{LIST}shoe = 1\n", f"{LIST}{LIST}"])
def test_lists_that_contradict_themselves_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingRefused):
        identity_domains(written(tmp_path, text))
