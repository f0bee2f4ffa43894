"""The civil-status file: births as they were registered, in a workbook with title rows above the header."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from registry.demo.chance import Weighted, pick, whole
from registry.demo.clerks import Clerk
from registry.demo.corruption import BROKEN_ANYWHERE
from registry.demo.drafts import Draft, Filing, System
from registry.demo.education import SEXES_VI
from registry.demo.gazetteer import Gazetteer, Place, home_in
from registry.demo.households import NEW_UNITS
from registry.demo.names import group_names
from registry.demo.people import Child, Household, Person

CIVIL_STATUS_SHEET: Final = "Khai sinh"
CIVIL_STATUS_COLUMNS: Final = (
    "Số giấy khai sinh",
    "Quyển số",
    "Ngày đăng ký",
    "Họ chữ đệm tên",
    "Ngày sinh",
    "Giới tính",
    "Dân tộc",
    "Quốc tịch",
    "Nơi sinh",
    "Số định danh cá nhân",
    "Họ tên mẹ",
    "Số giấy tờ mẹ",
    "Họ tên cha",
    "Số giấy tờ cha",
    "Xã đăng ký",
)
MOST_CIVIL_ROWS: Final = 1_040_000  # a sheet holds 1,048,576 rows; what is beyond is left out of the file
_NAME, _NATIONALITY, _BIRTH_PLACE, _MOTHERS_PAPER = 3, 7, 8, 11

_RESENT: Final = Weighted([("", 98.9), ("birth_place", 0.5), ("mother_paper", 0.4), ("name", 0.2)])
_REGISTERED_ELSEWHERE: Final = 0.09
_CARDS_OF_NINE_DIGITS_UNTIL: Final = 2021
_ENTRIES_IN_A_BOOK: Final = 400

DAY: Final = "day"  # marks a cell that is to become a date: {"day": "2021-06-12"}
Cell = str | int | dict[str, str] | None


class CivilStatus:
    """Writes the register of births."""

    def __init__(self, seed: int, *, on: date, children: int, places: Gazetteer) -> None:
        self._clerk = Clerk(
            System.CIVIL_STATUS, seed, on=on, places=places, broken=BROKEN_ANYWHERE, expected=children * 11 // 20
        )
        self._entries: Counter[str] = Counter()
        self._rows = 0

    def filings(self, household: Household) -> Iterator[Filing]:
        """Yield the entries for the children of a household; each row is a list of cells as JSON."""
        for draft, damage in self._clerk.drafts(household, self._coverage, capitals=0.3):
            registered = self._registered(draft.child)
            place = self._place(draft)
            code = place.old_code if registered < NEW_UNITS else place.commune
            book, entry = self._entry(code, registered.year)
            rows = [self._cells(draft, registered, book=book, entry=entry, code=code)]
            if damage == "columns":
                rows[0].insert(_NATIONALITY, None)
                del rows[0][-2]
            elif damage is None:
                self._resend(rows, draft)
            filing = self._clerk.filing(f"{code}:{book}:{entry}", draft, [_row(cells) for cells in rows])
            self._rows += len(filing.rows)
            yield filing

    def _coverage(self, child: Child) -> float:
        if self._rows >= MOST_CIVIL_ROWS:
            return 0.0
        return 0.1 if child.absent else 0.6

    def _registered(self, child: Child) -> date:
        """Return the day of registration: mostly within two months, at times years late."""
        rng = self._clerk.rng
        days = whole(rng, 90, 1500) if rng.random() < 0.11 else whole(rng, 1, 58)
        return min(child.born + timedelta(days=days), self._clerk.on)

    def _place(self, draft: Draft) -> Place:
        place = draft.home.place
        if self._clerk.rng.random() < _REGISTERED_ELSEWHERE:
            place = self._clerk.places.elsewhere(self._clerk.rng, place)
            draft.faults.append("registered_elsewhere")
        return place

    def _entry(self, code: str, year: int) -> tuple[str, str]:
        """Return the next book and number of a commune's year; numbers in between belong to others."""
        self._entries[f"{code}{year}"] += whole(self._clerk.rng, 1, 5)
        count = self._entries[f"{code}{year}"]
        return f"{1 + count // _ENTRIES_IN_A_BOOK:02d}/{year}", f"{count}/{year}"

    def _cells(self, draft: Draft, registered: date, *, book: str, entry: str, code: str) -> list[Cell]:
        number: Cell = draft.number
        if draft.faults.count("number_zero_lost") and draft.number and draft.number.isdigit():
            number = int(draft.number)  # a numeric cell has no leading zeros to show
        return [
            entry,
            book,
            self._day(registered),
            draft.name,
            self._birth(draft),
            SEXES_VI[draft.sex] if draft.sex else None,
            group_names()[draft.child.group],
            "Việt Nam",
            draft.address or self._birth_place(draft),
            number,
            draft.mother,
            self._paper(draft.household.mother, draft.mother, registered),
            draft.father,
            self._paper(draft.household.father, draft.father, registered),
            code,
        ]

    def _day(self, day: date) -> Cell:
        return {DAY: day.isoformat()} if self._clerk.rng.random() < 0.7 else f"{day:%d/%m/%Y}"

    def _birth(self, draft: Draft) -> Cell:
        roll = self._clerk.rng.random()
        year, month, day = draft.born
        if roll < 0.5 and not any(fault in draft.faults for fault in ("broken:bad_date", "broken:future_date")):
            return {DAY: date(year, month, day).isoformat()}
        if roll < 0.85:
            return draft.day_first
        return f"ngày {day} tháng {month} năm {year}"

    def _birth_place(self, draft: Draft) -> str:
        rng, place = self._clerk.rng, draft.home.place
        roll = rng.random()
        if roll < 0.4:
            kind = pick(rng, ("Bệnh viện Đa khoa", "Bệnh viện Sản - Nhi"))
            return f"{kind} {place.old_province_name}"
        if roll < 0.57:
            return f"Trung tâm y tế {place.district_name}"
        if roll < 0.77:
            return _health_station(place)
        return place.old_address(home_in(rng, place).detail)

    def _paper(self, parent: Person | None, name: str | None, registered: date) -> str | None:
        rng = self._clerk.rng
        if parent is None or name is None or rng.random() < 0.055:
            return None
        if registered.year < _CARDS_OF_NINE_DIGITS_UNTIL and rng.random() < 0.45:
            return f"{whole(rng, 10_000_000, 999_999_999):09d}"
        return parent.number

    def _resend(self, rows: list[list[Cell]], draft: Draft) -> None:
        """Add a corrected row; it stands further down in the sheet."""
        kind = _RESENT.draw(self._clerk.rng)
        newer = list(rows[0])
        if kind == "birth_place":
            station = _health_station(draft.home.place)
            other = f"Trung tâm y tế {draft.home.place.district_name}"
            newer[_BIRTH_PLACE] = station if newer[_BIRTH_PLACE] != station else other
        elif kind == "mother_paper":
            newer[_MOTHERS_PAPER] = draft.household.mother.number if newer[_MOTHERS_PAPER] is None else None
        elif kind == "name":
            newer[_NAME] = draft.name.title() if draft.name.isupper() else draft.name.upper()
        if newer != rows[0]:
            draft.faults.append(f"resent:{kind}")
            rows.append(newer)


def _health_station(place: Place) -> str:
    return f"Trạm y tế {place.ward_name or place.district_name}"


def _row(cells: list[Cell]) -> bytes:
    return json.dumps(cells, ensure_ascii=False).encode()
