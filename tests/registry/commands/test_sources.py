"""The commands for sources: read one, see how it stands, decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.commands.command_line import Home
from tests.registry.sources import shop


@pytest.fixture
def connected(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A data folder with a source."""
    shop.offer(tmp_path / "packages")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    shop.write_lines(tmp_path / "lines.json", "Nguyễn Thị Hoà", "?", "Trần Văn Bình")
    path = shop.connect(tmp_path, page=2)
    return home.with_settings(CHILD_REGISTRY_CONNECTIONS_FILE=str(path))


def test_a_source_is_read_shown_and_its_quarantine_read_again(connected: Home) -> None:
    (run,) = connected.answer("sync", "shop")["runs"]
    assert (run["state"], run["records"], run["accepted"], run["quarantined"]) == ("done", 3, 2, 1)
    (source,) = connected.answer("sources", "list")["sources"]
    (stream,) = source["streams"]
    assert (source["source"], stream["stream"], stream["waiting"]) == ("shop", "roster", 1)
    assert stream["refused"] == [{"rule": "name_missing", "field": "name", "rows": 1, "places": [2]}]
    assert connected.answer("sources", "retry", "shop") == {"streams": {"roster": {"retried": 1, "recovered": 0}}}
    assert [one["state"] for one in connected.answer("sources", "runs", "shop")["runs"]] == ["done", "done"]
    for command in (["sync", "shop", "--stream", "roster"], ["sources", "list"], ["sources", "runs"]):
        said = connected.run(*command)
        assert (said.code, said.err, "Hoà" in said.out) == (0, "", False)


def test_what_a_full_reading_lacks_is_approved_at_the_command_line(connected: Home, tmp_path: Path) -> None:
    connected.answer("sync", "shop")
    (tmp_path / "lines.json").unlink()
    shop.write_lines(tmp_path / "lines.json", "Nguyễn Thị Hoà")
    said = connected.run("sync", "shop", "--full")
    assert (said.code, "stopped" in said.err) == (1, True)
    assert "missing" in connected.run("sources", "list").out
    (source,) = connected.answer("sources", "list")["sources"]
    proposal = source["streams"][0]["proposal"]
    assert (proposal["absent"], proposal["living"], proposal["shrunk"]) == (1, 2, True)
    assert "approve it" in connected.run("sync", "shop").refusal()
    done = connected.run("sources", "approve", proposal["proposal_id"])
    assert done.out == "1 records withdrawn\n"
    assert "done" in connected.run("sources", "approve", proposal["proposal_id"], "--refuse").refusal()
    assert connected.answer("sync", "shop")["runs"][0]["state"] == "done"


def test_a_paused_source_is_not_read(connected: Home) -> None:
    assert connected.run("sources", "pause", "shop", "--because", "asked").out == "shop is paused\n"
    assert "paused" in connected.run("sync", "shop").refusal()
    assert connected.answer("sources", "list")["sources"] == [{"source": "shop", "paused": "asked", "streams": []}]
    assert connected.run("sources", "resume", "shop").code == 0
    assert "not paused" in connected.run("sources", "resume", "shop").refusal()
    assert connected.answer("sync", "shop")["runs"][0]["state"] == "done"


def test_what_is_not_connected_is_refused_by_name(connected: Home) -> None:
    assert "one of: shop" in connected.run("sync", "nowhere").refusal()
    assert "one of: roster" in connected.run("sync", "shop", "--stream", "nothing").refusal()
    assert "one of: shop" in connected.run("sources", "pause", "nowhere").refusal()


def test_a_connector_that_breaks_ends_with_its_kind_and_no_value(connected: Home, tmp_path: Path) -> None:
    (tmp_path / "lines.json").write_text("Trần Văn Bí Mật", encoding="utf-8")
    said = connected.run("sync", "shop")
    assert (said.code, "connector_broke at JSONDecodeError" in said.err) == (1, True)
    assert "Mật" not in said.out + said.err


def test_a_source_is_checked_without_reading_anybody(connected: Home, tmp_path: Path) -> None:
    assert connected.answer("sources", "check", "shop") == {"source": "shop", "ok": True, "faults": []}
    assert connected.run("sources", "check", "shop").out == "shop can be read\n"
    (tmp_path / "lines.json").unlink()
    assert "cannot be read" in connected.run("sources", "check", "shop").refusal()
