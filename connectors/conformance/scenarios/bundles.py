"""The health sector in FHIR: bundles in a folder, and a simulated server."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from connectors.conformance.scenario import NotOffered, Row, Scenario, Trouble
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, serve_source
from connectors.simulators.sectors.fhir import CODE, FhirSource, written

_FAULTS: Final = {Trouble.DOWN: SectorFault.SERVER_ERROR, Trouble.RUBBISH: SectorFault.RUBBISH}


def _patient(row: Row, key: str) -> dict[str, Any]:
    if row.without is not None:
        raise NotOffered("a patient who is told of has a bundle")
    return {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": CODE, "value": key}],
        "name": [{"text": f"Trần Thị Mẫu {row.version}"}],
        "birthDate": f"2024-03-{1 + row.number % 28:02}",
        "meta": {"lastUpdated": written(row.at)},
        **({row.beside: "gì đó"} if row.beside else {}),
    }


class BundleScenario(Scenario):
    """Files of one bundle a line, each named by its turn."""

    stream = "bundles"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = 0
        self.settings = {"folder": str(folder)}

    def key(self, number: int) -> str:
        """Return the code of a child."""
        return f"TC{number:06}"

    def write(self, rows: Sequence[Row]) -> None:
        """Write one file of lines."""
        self._put([_bundle(_patient(row, self.key(row.number))) for row in rows])

    def repeat(self, rows: Sequence[Row]) -> None:
        """Write the same lines in a further file."""
        self.write(rows)

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Say that other records stand for these."""
        gone = [
            {
                "resourceType": "Patient",
                "id": self.key(number),
                "active": False,
                "identifier": [{"system": CODE, "value": self.key(number)}],
                "meta": {"lastUpdated": written(at)},
                "link": [{"type": "replaced-by", "other": {"identifier": {"system": CODE, "value": "TC-OTHER"}}}],
            }
            for number in numbers
        ]
        self._put([_bundle(one) for one in gone])

    def trouble(self, kind: Trouble) -> None:
        """Take the folder away, or put rubbish into it."""
        if kind is Trouble.RUBBISH:
            raise NotOffered("a line of rubbish is refused alone")
        shutil.rmtree(self._folder)

    def _put(self, bundles: Sequence[dict[str, Any]]) -> None:
        self._turn += 1
        lines = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in bundles)
        (self._folder / f"{self._turn:06}.ndjson").write_text(lines, encoding="utf-8")


def _bundle(patient: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}


class FhirServerScenario(Scenario):
    """A server of patients; a deletion stands in its history."""

    stream = "patients-by-server"

    def __init__(self, folder: Path) -> None:
        del folder
        self._source = FhirSource(now=datetime.now(UTC))
        self._running = ExitStack()
        url = self._running.enter_context(serve_source(self._source))
        self.settings = {"endpoint": f"{url}/fhir", "token": TOKEN, "attempts": 1, "first_wait": 0.001}

    def key(self, number: int) -> str:
        """Return the id of a patient."""
        return f"srv-{number:06}"

    def now(self) -> datetime:
        """Return the server's time."""
        self._source.now = datetime.now(UTC)
        return self._source.now

    def write(self, rows: Sequence[Row]) -> None:
        """Put patients in."""
        for row in rows:
            self._source.put(_patient(row, self.key(row.number)), at=row.at)

    def settle(self) -> None:
        """Let a moment pass: what changes in the very moment of a reading belongs to the next one."""
        time.sleep(0.005)
        self._source.now = datetime.now(UTC)

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Delete patients."""
        for number in numbers:
            self._source.delete("Patient", self.key(number), at=at)

    def forget(self) -> None:
        """Let the history be gone."""
        self._source.forget(datetime(9999, 1, 1, tzinfo=UTC))

    def trouble(self, kind: Trouble) -> None:
        """Let every request fail from now on."""
        self._source.always(_FAULTS[kind])

    def close(self) -> None:
        """Stop the server."""
        self._running.close()
