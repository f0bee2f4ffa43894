"""The health file: one FHIR R4 Bundle a line with the child, the mother and the immunisations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from registry.demo.chance import Weighted, moment, pick, whole
from registry.demo.clerks import Clerk
from registry.demo.corruption import BROKEN_ANYWHERE
from registry.demo.drafts import Draft, Filing, System
from registry.demo.gazetteer import Gazetteer, home_in
from registry.demo.people import Child, Household

NUMBER_SYSTEM: Final = "urn:vn:npdb:number"
CODE_SYSTEM: Final = "urn:vn:tcmr:code"
CARD_SYSTEM: Final = "urn:vn:bhyt:card"
VACCINE_SYSTEM: Final = "urn:vn:tcmr:vaccine"
CVX_SYSTEM: Final = "http://hl7.org/fhir/sid/cvx"
ROLE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"

# National code, CVX code, dose, and the age in days at which it is usually given.
_VACCINES: Final = (
    ("VGB0", "45", 1, 1),
    ("BCG", "19", 1, 7),
    ("OPV", "178", 1, 62),
    ("DPT-VGB-Hib", "198", 1, 62),
    ("DPT-VGB-Hib", "198", 2, 95),
    ("IPV", "10", 1, 155),
    ("SOI", "05", 1, 275),
    ("VNNB", "129", 1, 370),
    ("MR", "04", 1, 550),
)
_MOST_DOSES: Final = 6
_OLDEST_YEARS: Final = 6
_NEWBORN_NAMES: Final = Weighted([("Con bà {}", 5.0), ("CB {}", 3.0), ("Cb {}", 1.0), ("Bé con bà {}", 1.5)])
_RESENT: Final = Weighted([("", 98.5), ("address", 0.9), ("name", 0.6)])
_NEWBORN: Final = 0.068
_NAMED_LATER: Final = 0.09

Resource = dict[str, Any]


class Health:
    """Writes the records of the immunisation points and maternity wards."""

    def __init__(self, seed: int, *, on: date, children: int, places: Gazetteer) -> None:
        broken = (*BROKEN_ANYWHERE, "truncated")
        self._clerk = Clerk(System.HEALTH, seed, on=on, places=places, broken=broken, expected=children * 3 // 10)
        self._serials: Counter[str] = Counter()

    def filings(self, household: Household) -> Iterator[Filing]:
        """Yield what the health service holds about the children of a household."""
        for draft, damage in self._clerk.drafts(household, self._coverage, capitals=0.14):
            key = self._new_key(draft)
            stamp = self._stamp(draft)
            versions = self._versions(draft, stamp, changing=damage is None)
            rows = [
                json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in self._bundles(key, versions)
            ]
            if damage == "columns":
                rows = [row.replace('"name":[{"text":', '"ten":[{"text":', 1) for row in rows]
            elif damage == "truncated":
                rows = [row[: len(row) * whole(self._clerk.rng, 45, 85) // 100] for row in rows]
            yield self._clerk.filing(key, draft, [row.encode() for row in rows])

    def _coverage(self, child: Child) -> float:
        if child.born.year < self._clerk.on.year - _OLDEST_YEARS:
            return 0.0
        return 0.24 if child.absent else 0.78

    def _new_key(self, draft: Draft) -> str:
        """Return the code of the immunisation point, the year of birth and a running number."""
        place = draft.home.place
        point = f"{place.old_province}{place.district}{place.ward or place.commune}{draft.child.born.year % 100:02d}"
        self._serials[point] += 7
        return f"{point}{self._serials[point]:06d}"

    def _stamp(self, draft: Draft) -> datetime:
        rng, on, born = self._clerk.rng, self._clerk.on, draft.child.born
        newborn = draft.mother is not None and rng.random() < _NEWBORN
        if newborn:
            draft.faults = [fault for fault in draft.faults if fault not in ("number_missing", "nickname")]
            draft.faults += ["number_missing", "newborn_placeholder"]
            draft.name = _NEWBORN_NAMES.draw(rng).format(draft.mother)
            draft.name = draft.name.upper() if rng.random() < 0.2 else draft.name
            draft.number = None
            return moment(rng, min(born + timedelta(days=1), on), min(born + timedelta(days=30), on))
        last = on - timedelta(days=25)
        first = min(max(born + timedelta(days=40), last - timedelta(days=720)), on)
        return moment(rng, first, last)

    def _versions(self, draft: Draft, stamp: datetime, *, changing: bool) -> list[tuple[Draft, datetime]]:
        """Return the draft, and perhaps a newer version of it."""
        rng = self._clerk.rng
        versions = [(draft, stamp)]
        later = stamp + timedelta(seconds=whole(rng, 86_400, 21 * 86_400))
        if not changing or later.date() > self._clerk.on:
            return versions
        if "newborn_placeholder" in draft.faults:
            if draft.child.number and rng.random() < _NAMED_LATER:
                newer = draft.copy()
                newer.name, newer.number = draft.child.called.full, draft.child.number
                draft.faults.remove("number_missing")
                draft.faults += ["resent:named_and_number", "number_late"]
                versions.append((newer, later))
            return versions
        kind = _RESENT.draw(rng)
        if kind:
            newer = draft.copy()
            if kind == "name":
                newer.name = draft.name.title() if draft.name.isupper() else draft.name.upper()
            else:
                newer.home = home_in(rng, draft.home.place)
            draft.faults.append(f"resent:{kind}")
            versions.append((newer, later))
        return versions

    def _bundles(self, key: str, versions: list[tuple[Draft, datetime]]) -> Iterator[Resource]:
        """Yield a Bundle a version; what the versions share is decided once."""
        rng, draft = self._clerk.rng, versions[0][0]
        card = f"TE1{draft.home.place.old_province}{whole(rng, 0, 9_999_999_999):010d}" if rng.random() < 0.74 else None
        old_list = rng.random() < 0.64
        mother = self._mother(draft)
        doses = self._doses(draft, versions[0][1].date())
        for version, stamp in versions:
            patient_id = self._id()
            entries = [_entry(patient_id, _patient(version, key, card, stamp, old_list=old_list), put=key)]
            if mother is not None:
                entries.append(_entry(self._id(), {**mother, "patient": {"reference": patient_id}}))
            entries += [_entry(self._id(), _immunization(patient_id, *dose)) for dose in doses]
            yield {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def _id(self) -> str:
        return f"urn:uuid:{UUID(int=self._clerk.rng.getrandbits(128), version=4)}"

    def _mother(self, draft: Draft) -> Resource | None:
        if draft.mother is None:
            return None
        rng, mother = self._clerk.rng, draft.household.mother
        related: Resource = {
            "resourceType": "RelatedPerson",
            "patient": {},
            "relationship": [{"coding": [{"system": ROLE_SYSTEM, "code": "MTH"}]}],
            "name": [{"text": draft.mother}],
            "gender": "female",
        }
        if rng.random() < 0.44:
            related["identifier"] = [{"system": NUMBER_SYSTEM, "value": mother.number}]
        if rng.random() < 0.5:
            related["birthDate"] = f"{mother.born.year}"
        return related

    def _doses(self, draft: Draft, known: date) -> list[tuple[str, str, int, date, str]]:
        """Return the doses given by the day of the record."""
        rng, born = self._clerk.rng, draft.child.born
        given = []
        for code, cvx, dose, age in _VACCINES:
            day = born + timedelta(days=age + int(rng.expovariate(1 / 18)))
            if day <= known and rng.random() < 0.45:
                given.append((code, cvx, dose, day, f"L{whole(rng, 10_000, 99_999)}"))
        while len(given) > _MOST_DOSES:
            given.remove(pick(rng, given))
        return sorted(given, key=lambda dose: dose[3])


def _patient(draft: Draft, key: str, card: str | None, stamp: datetime, *, old_list: bool) -> Resource:
    identifiers = [(NUMBER_SYSTEM, draft.number), (CODE_SYSTEM, key), (CARD_SYSTEM, card)]
    return {
        "resourceType": "Patient",
        "meta": {"lastUpdated": stamp.isoformat()},
        "identifier": [{"system": system, "value": value} for system, value in identifiers if value],
        "name": [{"text": draft.name}],
        "gender": draft.sex or "unknown",
        "birthDate": draft.year_first,
        "address": [_address(draft, old_list=old_list)],
    }


def _address(draft: Draft, *, old_list: bool) -> Resource:
    place, line = draft.home.place, draft.address or draft.home.detail
    if not old_list:
        city, district, state = place.commune_name, None, place.province_name
    else:
        city, district, state = place.ward_name, place.district_name, place.old_province_name
    address: Resource = {
        "use": "home",
        "text": place.old_address(line) if old_list else place.new_address(line),
        "line": [line],
        "city": city,
    }
    if district:
        address["district"] = district
    return {**address, "state": state, "country": "VN"}


def _immunization(patient: str, code: str, cvx: str, dose: int, day: date, lot: str) -> Resource:
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"coding": [{"system": VACCINE_SYSTEM, "code": code}, {"system": CVX_SYSTEM, "code": cvx}]},
        "patient": {"reference": patient},
        "occurrenceDateTime": day.isoformat(),
        "lotNumber": lot,
        "protocolApplied": [{"doseNumberPositiveInt": dose}],
    }


def _entry(full_url: str, resource: Resource, *, put: str | None = None) -> Resource:
    request = {"method": "POST", "url": resource["resourceType"]}
    if put is not None:
        request = {"method": "PUT", "url": f"Patient?identifier={CODE_SYSTEM}|{put}"}
    return {"fullUrl": full_url, "resource": resource, "request": request}
