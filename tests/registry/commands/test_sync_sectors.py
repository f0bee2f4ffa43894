"""`sync` on what the manual page shows: a drop folder and a feed, connected by the file of connections alone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from connectors.plugins import BUILT_IN_SECTORS
from connectors.simulators.sectors.faulty import serve_source
from connectors.simulators.sectors.paged import ChangesSource
from registry.jobs.connections import Connections
from tests.connectors.packages import child, packed
from tests.registry.commands.command_line import Home

PAGE = Path(__file__).parents[3] / "docs" / "file-drop.md"
SHOWN = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_connection_that_the_page_shows_is_one() -> None:
    document: dict[str, Any] = tomllib.loads("\n".join(SHOWN))
    for name, source in Connections.model_validate(document).sources.items():
        spec = BUILT_IN_SECTORS[source.connector].spec()
        secrets = {name for name, value in source.settings.items() if isinstance(value, dict) and "file" in value}
        assert spec.model_validate({**source.settings, **dict.fromkeys(secrets, "x")}), name


def test_a_drop_folder_and_a_feed_are_read_by_one_command_each(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    packed(folder, 1, [child(1), child(2, sex="x")])
    source = ChangesSource()
    source.put(child(7))
    with serve_source(source) as url:
        told = f"""
[sources.clinics]
connector = "file_drop"
settings = {{ folder = "{folder}", system = "health", settle_seconds = 0 }}
[sources.allowances]
connector = "pull_changes"
settings = {{ endpoint = "{url}", system = "social_aid", rows = "items", next = "next", token = "simulated" }}
"""
        path = tmp_path / "connections.toml"
        path.write_text(told, encoding="utf-8")
        run = home.with_settings(CHILD_REGISTRY_CONNECTIONS_FILE=str(path))
        (files,) = run.answer("sync", "clinics")["runs"]
        (feed,) = run.answer("sync", "allowances")["runs"]
    assert (files["state"], files["accepted"], files["quarantined"]) == ("done", 1, 1)
    assert (feed["state"], feed["accepted"]) == ("done", 1)
    assert (folder / "clinics-0001.zip.receipt.json").is_file()
