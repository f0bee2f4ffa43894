"""An invented connector that other packages could offer: its changes are the lines of a file of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from connectors.contract import API, Checkpoint, CheckReport, Message, Record, Stream, Transient
from connectors.records import Rejected, SourceRecord
from tests.registry.sources.invented import PUPILS, understand

ENTRY = "[child_registry.sector]\nshop = tests.registry.sources.shop:Shop\n"


class ShopSettings(BaseModel):
    """Where the lines are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path
    secret: SecretStr | None = None


class Shop:
    """The invented source."""

    api = API
    system = "education"

    def __init__(self, settings: ShopSettings) -> None:
        self._file = settings.file

    @classmethod
    def spec(cls) -> type[ShopSettings]:
        """Return the settings."""
        return ShopSettings

    def check(self) -> CheckReport:
        """Say whether the file is there."""
        return CheckReport(ok=self._file.exists())

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [PUPILS]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield the lines behind a place; a line that says 'away' is an outage."""
        del stream
        lines = self._file.read_text(encoding="utf-8").splitlines()
        start = int(cursor or 0)
        for number, line in enumerate(lines[start : start + limit], start=start + 1):
            said = json.loads(line)
            if said == "away":
                raise Transient("away", retry_after=0.0)
            yield Record(key=said["id"], version=said["version"], payload=said["said"], row=number)
        end = min(start + limit, len(lines))
        yield Checkpoint(cursor=str(end), more=end < len(lines))

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Understand a pupil."""
        return understand(record)


def offer(folder: Path) -> None:
    """Lay down what an installed package lays down to offer the connector; the folder must be on the path."""
    package = folder / "shop-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text(ENTRY, encoding="utf-8")


def write_lines(file: Path, *names: str, first: int = 1) -> None:
    """Add a pupil for each name."""
    with file.open("a", encoding="utf-8") as stream:
        for number, name in enumerate(names, start=first):
            said = {"id": f"k{number}", "name": name, "born": "2014-05-03", "sex": "Nữ"}
            stream.write(json.dumps({"id": f"k{number}", "version": 1, "said": said}) + "\n")


def connect(folder: Path, **said: object) -> Path:
    """Write the file of connections; args: said: of the source, beside its connector and settings."""
    lines = ["[sources.shop]", 'connector = "shop"', *(f"{name} = {json.dumps(value)}" for name, value in said.items())]
    lines += ["[sources.shop.settings]", f"file = {json.dumps(str(folder / 'lines.json'))}"]
    path = folder / "connections.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
