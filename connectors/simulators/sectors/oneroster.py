"""A school information system that offers its pupils by OneRoster 1.2, with tokens, filters, pages and totals.

Rows are held as they were put in. Lists are sorted as they are asked for, at the moment they are asked for: a row that
is changed while others read moves, and all behind its old place move up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, SimulatedSource
from connectors.simulators.sectors.invented import invented_name

Row = dict[str, Any]

ROOT: Final = "/ims/oneroster/rostering/v1p2"
TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105  an address
CLIENT: Final = ("child-registry", "simulated-secret")
_ONE: Final = {"students": "student", "users": "user", "orgs": "org", "schools": "org", "classes": "class"}
_LISTS: Final = ("users", "demographics", "enrollments", "classes", "orgs")
_WRITTEN: Final = re.compile(r"([A-Za-z.]+)(>=|<=|!=|=|>|<|~)'((?:[^']|'')*)'")
_COMPARED: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    "~": lambda one, other: other in one,
}


class OneRosterSource(SimulatedSource):
    """The service; `put` fills it, `between` lets things happen between two pages."""

    def __init__(
        self,
        *,
        seed: int = 0,
        shares: Mapping[SectorFault, float] | None = None,
        slow_seconds: float = 0.2,
        tells_total: bool = True,
        largest_page: int = 1000,
    ) -> None:
        super().__init__(seed=seed, shares=shares, slow_seconds=slow_seconds)
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in _LISTS}
        self._tells_total, self._largest = tells_total, largest_page
        self._between: list[Callable[[OneRosterSource], None]] = []

    def put(self, name: str, row: Mapping[str, Any], *, at: datetime) -> None:
        """Put a row into a list, or in place of that of its id, as changed at a time."""
        with self.lock:
            kept = deepcopy(dict(row)) | {"dateLastModified": written(at)}
            kept.setdefault("status", "active")
            self._rows[name][str(kept["sourcedId"])] = kept

    def remove(self, name: str, sourced_id: str) -> None:
        """Take a row out of a list without a trace, as a provider should not."""
        with self.lock:
            self._rows[name].pop(sourced_id, None)

    def row(self, name: str, sourced_id: str) -> Row:
        """Return a row as it stands."""
        with self.lock:
            return deepcopy(self._rows[name][sourced_id])

    def between(self, happens: Callable[[OneRosterSource], None]) -> None:
        """Let something happen once, after the next answer to a question for a list."""
        with self.lock:
            self._between.append(happens)

    def answer(self, asked: Asked) -> Answered:
        """Give a token to whoever knows the secret, else answer as any source."""
        if asked.path == TOKEN_PATH:
            return _token(asked)
        return super().answer(asked)

    def answered(self, asked: Asked) -> Answered:
        """Return a list or one row."""
        name, _, sourced_id = asked.path.removeprefix(f"{ROOT}/").partition("/")
        if not asked.path.startswith(f"{ROOT}/") or (name not in _LISTS and name not in _ONE):
            return json_answer({"imsx_codeMajor": "failure"}, status=404)
        if sourced_id:
            found = next((row for row in self._named(name) if row["sourcedId"] == sourced_id), None)
            if found is None:
                return json_answer({"imsx_codeMajor": "failure"}, status=404)
            return json_answer({_ONE.get(name, name): found})
        answered = self._list(name, asked)
        for happens in [self._between.pop(0)] if self._between else []:
            happens(self)
        return answered

    def _named(self, name: str) -> list[Row]:
        if name == "students":
            return [row for row in self._rows["users"].values() if _is_student(row)]
        if name == "schools":
            return [row for row in self._rows["orgs"].values() if row.get("type") == "school"]
        return list(self._rows[name].values())

    def _list(self, name: str, asked: Asked) -> Answered:
        rows = [row for row in self._named(name) if _fits(row, asked.first("filter"))]
        sort = asked.first("sort")
        if sort:
            rows.sort(key=lambda row: _value(row, sort), reverse=asked.first("orderBy") == "desc")
        limit = min(int(asked.first("limit") or 100), self._largest)
        offset = int(asked.first("offset") or 0)
        page = rows[offset : offset + limit]
        headers = {"X-Total-Count": str(len(rows))} if self._tells_total else {}
        if offset + limit < len(rows):
            headers["Link"] = f'<{asked.url}?limit={limit}&offset={offset + limit}>; rel="next"'
        return json_answer({name: page}, headers=headers)


def _is_student(row: Row) -> bool:
    return any(one.get("role") == "student" for one in row.get("roles", ()))


def _value(row: Row, field: str) -> str:
    found: Any = row
    for step in field.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def _fits(row: Row, wanted: str | None) -> bool:
    if not wanted:
        return True
    predicates = _WRITTEN.findall(wanted)
    alternatives = " OR " in wanted
    said = [_COMPARED[how](_value(row, field), value.replace("''", "'")) for field, how, value in predicates]
    return any(said) if alternatives else all(said)


def _token(asked: Asked) -> Answered:
    form = asked.form()
    basic = asked.header("Authorization").startswith("Basic ")
    if form.get("grant_type") != "client_credentials" or not (basic or form.get("client_secret") == CLIENT[1]):
        return json_answer({"error": "invalid_client"}, status=401)
    return json_answer({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})


def written(at: datetime) -> str:
    """Return a moment as the service writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def student(sourced_id: str, *, family: str, given: str, number: str | None = None, **more: object) -> Row:
    """Return a user who is a pupil."""
    further = [{"type": "moet", "identifier": f"HS-{sourced_id}"}]
    further += [{"type": "npdb", "identifier": number}] if number else []
    roles = [{"roleType": "primary", "role": "student", "org": {"sourcedId": "school-1", "type": "org"}}]
    return {
        "sourcedId": sourced_id,
        "username": f"u{sourced_id}",
        "enabledUser": "true",
        "grades": ["03"],
        "familyName": family,
        "givenName": given,
        "userIds": further,
        "roles": roles,
        **more,
    }


def fill(source: OneRosterSource, *, pupils: int, at: datetime) -> None:
    """Fill a service with invented pupils of one school, a class of forty each, changed a second apart."""
    source.put("orgs", {"sourcedId": "school-1", "name": "Trường Tiểu học Thử", "type": "school"}, at=at)
    for number in range(1, pupils + 1):
        room = f"class-{(number - 1) // 40 + 1}"
        if number % 40 == 1:
            school = {"sourcedId": "school-1", "type": "org"}
            source.put("classes", {"sourcedId": room, "title": room, "classType": "homeroom", "school": school}, at=at)
        changed = at + timedelta(seconds=number)
        enrol(source, number, room, at=changed)


def enrol(source: OneRosterSource, number: int, room: str, *, at: datetime) -> None:
    """Put one invented pupil into a class."""
    words = invented_name(source.chance).split()
    sourced_id = f"p{number:06d}"
    source.put("users", student(sourced_id, family=words[0], given=" ".join(words[1:])), at=at)
    birth = {"sourcedId": sourced_id, "birthDate": "2015-03-02", "sex": ("male", "female")[number % 2]}
    source.put("demographics", birth, at=at)
    links = {name: {"sourcedId": one} for name, one in (("user", sourced_id), ("class", room), ("school", "school-1"))}
    source.put("enrollments", {"sourcedId": f"e{number:06d}", "role": "student", **links}, at=at)
