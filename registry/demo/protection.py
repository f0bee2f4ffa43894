"""The child-protection file: cases as the hotline and the communes keep them, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from registry.demo.case_notes import RELATIONS, notes, withdrawn_phone
from registry.demo.chance import Weighted, generator, moment, pick, whole
from registry.demo.clerks import Clerk
from registry.demo.drafts import Draft, Filing, System, years_between
from registry.demo.gazetteer import Gazetteer
from registry.demo.names import FEMALE, MALE, adult_name, family_name
from registry.demo.numbers import SerialIssuer
from registry.demo.people import Child, Household
from registry.demo.profiles import KINH

_BROKEN: Final = ("bad_date", "formula", "sex_x")
_CHANNELS: Final = Weighted(
    [
        ("hotline_111", 44),
        ("commune_intake", 29),
        ("police", 8),
        ("health_facility", 7),
        ("school", 6),
        ("media", 3),
        ("letter", 3),
    ]
)
# The furthest form of Decree 56/2017 that was reached, and the status that goes with it.
_STAGES: Final = (
    ("01", "received"),
    ("02", "assessing"),
    ("03", "assessing"),
    ("04", "planned"),
    ("05", "in_progress"),
    ("06", "closed"),
)
_STAGE: Final = Weighted([(0, 8), (1, 7), (2, 4), (3, 14), (4, 28), (5, 39)])
_PLANNED: Final = 3  # the stage from which on there is a plan
_GROUPS: Final = Weighted(
    [
        (9, 26),
        (11, 17),
        (8, 11),
        (3, 10),
        (4, 9),
        (6, 8),
        (10, 8),
        (1, 7),
        (14, 7),
        (13, 6),
        (2, 6),
        (5, 4),
        (12, 3),
        (7, 2),
    ]
)
_HARM_GROUPS: Final = frozenset({9, 10, 11, 12})  # groups whose harm happened in some setting
_SETTINGS: Final = Weighted(
    [("home", 56), ("school", 24), ("community", 14), ("online", 6), ("care_facility", 4), ("workplace", 3)]
)
_MEASURES: Final = (
    *("temporary_shelter", "allowance", "family_support", "medical_care", "counselling", "monitoring"),
    *("alternative_care", "school_return", "legal_aid"),
)
_REPORTERS: Final = Weighted(
    [
        ("anonymous", 31),
        ("teacher", 16),
        ("parent", 14),
        ("passer_by", 12),
        ("neighbour", 10),
        ("relative", 9),
        ("health_worker", 8),
    ]
)
_SUSPECTS: Final = Weighted(
    [
        ("father", 24),
        ("stepfather", 14),
        ("mother", 11),
        ("relative", 13),
        ("neighbour", 16),
        ("teacher", 5),
        ("stranger", 17),
    ]
)
_UNKNOWN: Final = ("không rõ", "chưa rõ tên", "bé", None)
_VAGUE: Final = ("gần chợ", "xóm trọ")

Case = dict[str, Any]


class Protection:
    """Writes the case files of child protection."""

    def __init__(self, seed: int, *, on: date, children: int, places: Gazetteer) -> None:
        self._clerk = Clerk(System.PROTECTION, seed, on=on, places=places, broken=_BROKEN, expected=children // 20)
        self._keys = SerialIssuer(seed, digits=6)
        self._suspicion = generator(seed, "suspects")

    def filings(self, household: Household) -> Iterator[Filing]:
        """Yield the cases about the children of a household."""
        for draft, damage in self._clerk.drafts(household, self._coverage, capitals=0.03):
            case = self._case(draft, damage)
            case |= self._suspect(case)
            versions = self._versions(case, draft) if damage is None else [case]
            rows = [json.dumps(version, ensure_ascii=False).encode() for version in versions]
            yield self._clerk.filing(case["case_id"], draft, rows)

    def _coverage(self, child: Child) -> float:
        if (self._clerk.on - child.born).days < 40:
            return 0.0
        return 0.09 if child.absent else 0.056

    def _case(self, draft: Draft, damage: str | None) -> Case:
        rng, on = self._clerk.rng, self._clerk.on
        first = max(draft.child.born + timedelta(days=3), on - timedelta(days=1030))
        received = moment(rng, first, on - timedelta(days=33))
        stage = _STAGE.draw(rng)
        form, status = _STAGES[stage]
        child = self._child(draft, received.date(), damage)
        groups = sorted({_GROUPS.draw(rng) for _ in range(1 if rng.random() < 0.7 else 2)})
        return {
            "case_id": self._keys.issue(f"BVTE-{received.year}-"),
            "received_at": received.isoformat(),
            "channel": _CHANNELS.draw(rng),
            "form": form,
            "child": child,
            "mother": self._mother(draft),
            "father": {"name": draft.father} if draft.father else None,
            "carer": self._carer() if rng.random() < 0.38 else None,
            "groups": groups,
            "harm_level": pick(rng, ("low", "low", "medium", "medium", "high")),
            "settings": self._settings(groups),
            "measures": self._measures(received, stage),
            "plan_at": _hours_later(received, 24 * whole(rng, 2, 8)) if stage >= _PLANNED else None,
            "status": status,
            "notes": notes(rng, name=child["name"], age=max(years_between(draft.child.born, received.date()), 0)),
            "reporter": self._reporter(),
            "updated_at": _hours_later(received, whole(rng, 5, 70)),
        }

    def _child(self, draft: Draft, received: date, damage: str | None) -> Case:
        rng, place = self._clerk.rng, draft.home.place
        child: Case = {"name": self._name(draft)}
        roll = rng.random()
        if damage == "bad_date" or roll >= 0.68:
            child["birth_date"] = draft.year_first
        elif roll < 0.6:
            age = years_between(draft.child.born, received)
            child["estimated_age"] = max(age + rng.choice((-1, 0, 0, 0, 1)), 0)
            draft.faults.append("dob_estimated_age")
        else:
            child["birth_date"] = f"{draft.born[0]}"
            draft.faults.append("dob_year_only")
        old_list = rng.random() < 0.55
        child["sex"] = draft.sex or "unknown"
        child["address"] = draft.address or self._address(draft, old_list=old_list)
        child["commune_code"] = None if rng.random() < 0.12 else place.old_code if old_list else place.commune
        if draft.number:
            child["personal_number"] = draft.number
        return child

    def _name(self, draft: Draft) -> str | None:
        roll = self._clerk.rng.random()
        if roll < 0.1:
            draft.faults.append("name_unknown")
            return pick(self._clerk.rng, _UNKNOWN)
        if roll < 0.22 and "nickname" not in draft.faults:
            draft.faults.append("given_only")
            return draft.child.called.given
        return draft.name

    def _address(self, draft: Draft, *, old_list: bool) -> str:
        rng, place = self._clerk.rng, draft.home.place
        roll = rng.random()
        commune = (place.ward_name or place.district_name) if old_list else place.commune_name
        if roll < 0.02:
            return "không rõ"
        if roll < 0.08:
            return f"{pick(rng, _VAGUE)} {commune}"
        detail = "" if roll < 0.2 else draft.home.detail
        return place.old_address(detail) if old_list else place.new_address(detail)

    def _mother(self, draft: Draft) -> Case | None:
        if draft.mother is None:
            return None
        mother = {"name": draft.mother}
        if self._clerk.rng.random() < 0.15:
            mother["personal_number"] = draft.household.mother.number
        return mother

    def _stranger(self) -> str:
        rng = self._clerk.rng
        region = self._clerk.places.place(rng).region
        return adult_name(rng, KINH, sex=pick(rng, (MALE, FEMALE)), family=family_name(rng, KINH, region)).full

    def _carer(self) -> Case:
        return {"name": self._stranger(), "relation": pick(self._clerk.rng, RELATIONS)}

    def _reporter(self) -> Case:
        relation = _REPORTERS.draw(self._clerk.rng)
        known = relation != "anonymous"
        return {
            "name": self._stranger() if known else None,
            "phone": withdrawn_phone(self._clerk.rng) if known else None,
            "relation": relation,
            "confidential": True,
        }

    def _suspect(self, case: Case) -> Case:
        """Name a suspect where somebody has done harm and it is known who; by chance of its own."""
        rng = self._suspicion
        if not _HARM_GROUPS.intersection(case["groups"]) or rng.random() >= 0.45:
            return {}
        relation = _SUSPECTS.draw(rng)
        parent = case.get(relation)
        return {"suspect": {"relation": relation, "name": parent["name"] if parent else None}}

    def _settings(self, groups: list[int]) -> list[str]:
        if not _HARM_GROUPS.intersection(groups):
            return []
        return sorted({_SETTINGS.draw(self._clerk.rng) for _ in range(1 if self._clerk.rng.random() < 0.8 else 2)})

    def _measures(self, received: datetime, stage: int) -> list[Case]:
        rng = self._clerk.rng
        if stage == 0:
            return []
        kinds = rng.sample(_MEASURES, rng.choice((1, 1, 1, 2, 2, 2, 3, 3, 3, 4)))
        return [{"at": _hours_later(received, whole(rng, 4, 430)), "kind": kind} for kind in kinds]

    def _versions(self, case: Case, draft: Draft) -> list[Case]:
        """Return the case as it was first written, then as it is now, then perhaps its withdrawal."""
        rng = self._clerk.rng
        if rng.random() < 0.02:
            draft.faults.append("deleted")
            gone = {"case_id": case["case_id"], "deleted": True}
            return [case, {**gone, "updated_at": _hours_later(_read(case["updated_at"]), whole(rng, 24, 600))}]
        now = {**case, "child": dict(case["child"])}
        kind = self._update(case, now, draft)
        if kind is None:
            return [case]
        draft.faults.append(f"updated:{kind}")
        now["updated_at"] = _hours_later(_read(case["updated_at"]), whole(rng, 24, 620))
        return [case, now]

    def _update(self, case: Case, now: Case, draft: Draft) -> str | None:
        """Let one thing be learnt, or the case go a step further; return what it was."""
        rng = self._clerk.rng
        roll = rng.random()
        if roll < 0.05 and "estimated_age" in case["child"]:
            del now["child"]["estimated_age"]
            now["child"]["birth_date"] = draft.child.born.isoformat()
            return "birth_date"
        if roll < 0.1 and now["child"]["name"] != draft.child.called.full:
            now["child"]["name"] = draft.child.called.full
            return "name"
        if roll < 0.13 and draft.child.number and "personal_number" not in case["child"]:
            now["child"]["personal_number"] = draft.child.number
            draft.faults.remove("number_missing")
            draft.faults.append("number_late")
            return "number"
        if roll < 0.4 and case["form"] < "06":
            forms = [form for form, _ in _STAGES]
            form, status = _STAGES[forms.index(case["form"]) + 1]
            now["form"], now["status"] = form, status
            if now["plan_at"] is None and forms.index(form) >= _PLANNED:
                now["plan_at"] = _hours_later(_read(case["received_at"]), 24 * whole(rng, 2, 8))
            return "status"
        return None


def _read(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _hours_later(start: datetime, hours: int) -> str:
    return (start + timedelta(hours=hours)).isoformat()
