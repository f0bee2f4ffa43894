"""A simulated school information system, as OneRoster offers it."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.conformance.scenario import NotOffered, Row, Scenario, Trouble
from connectors.simulators.sectors.faulty import SectorFault, serve_source
from connectors.simulators.sectors.oneroster import CLIENT, TOKEN_PATH, OneRosterSource, student

_FAULTS: Final = {Trouble.DOWN: SectorFault.SERVER_ERROR, Trouble.RUBBISH: SectorFault.RUBBISH}


class RosterScenario(Scenario):
    """Pupils without classes; who is gone is marked so."""

    stream = "pupils"

    def __init__(self, folder: Path) -> None:
        del folder
        self._source = OneRosterSource()
        self._running = ExitStack()
        url = self._running.enter_context(serve_source(self._source))
        self.settings = {
            "endpoint": url,
            "token_url": url + TOKEN_PATH,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "attempts": 1,
            "first_wait": 0.001,
        }

    def key(self, number: int) -> str:
        """Return the id of a pupil."""
        return f"pupil-{number:06}"

    def write(self, rows: Sequence[Row]) -> None:
        """Put pupils in, each with a birth date."""
        for row in rows:
            if row.without is not None:
                raise NotOffered("a pupil who is listed has a row")
            more = {row.beside: "gì đó"} if row.beside else {}
            pupil = student(self.key(row.number), family="Trần", given=f"Thị Mẫu {row.version}", **more)
            self._source.put("users", pupil, at=row.at)
            birth = {"sourcedId": self.key(row.number), "birthDate": f"2015-03-{1 + row.number % 28:02}"}
            self._source.put("demographics", birth, at=row.at)

    def settle(self) -> None:
        """Let a moment pass: what changes in the very moment of a reading belongs to the next one."""
        time.sleep(0.005)

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Mark pupils as gone."""
        for number in numbers:
            gone = student(self.key(number), family="Trần", given="Thị Mẫu") | {"status": "tobedeleted"}
            self._source.put("users", gone, at=at)

    def trouble(self, kind: Trouble) -> None:
        """Let every request fail from now on."""
        self._source.always(_FAULTS[kind])

    def close(self) -> None:
        """Stop the server."""
        self._running.close()


class ArchiveScenario(Scenario):
    """Archives, each of them whole: who is not in the last one is gone."""

    stream = "pupils"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._births: dict[str, str] = {}
        self._turn = 0
        self.settings = {"folder": str(folder)}

    def key(self, number: int) -> str:
        """Return the id of a pupil."""
        return f"pupil-{number:06}"

    def write(self, rows: Sequence[Row]) -> None:
        """Put an archive in that has these pupils beside all before."""
        for row in rows:
            if row.without is not None or row.beside is not None:
                raise NotOffered("a column is there for all rows of a file")
            self._names[self.key(row.number)] = f"Thị Mẫu {row.version}"
            self._births[self.key(row.number)] = f"2015-03-{1 + row.number % 28:02}"
        self._put()

    def remove(self, numbers: Sequence[int], at: datetime) -> None:
        """Put an archive in that lacks pupils."""
        del at
        for number in numbers:
            self._names.pop(self.key(number), None)
        self._put()

    def trouble(self, kind: Trouble) -> None:
        """Take the folder away, or put rubbish into it."""
        if kind is Trouble.RUBBISH:
            (self._folder / "999999.zip").write_bytes(b"rubbish")
        else:
            shutil.rmtree(self._folder)

    def _put(self) -> None:
        self._turn += 1
        files = ("users", "roles", "demographics")
        manifest = "".join(f"file.{name},bulk\n" for name in files)
        users = "".join(f"{key},Trần,{name}\n" for key, name in self._names.items())
        roles = "".join(f"r-{key},{key},student\n" for key in self._names)
        births = "".join(f"{key},{self._births[key]},female\n" for key in self._names)
        with zipfile.ZipFile(self._folder / f"{self._turn:06}.zip", "w") as archive:
            archive.writestr("manifest.csv", f"propertyName,value\noneroster.version,1.2\n{manifest}")
            archive.writestr("users.csv", f"sourcedId,familyName,givenName\n{users}")
            archive.writestr("roles.csv", f"sourcedId,userSourcedId,role\n{roles}")
            archive.writestr("demographics.csv", f"sourcedId,birthDate,sex\n{births}")
