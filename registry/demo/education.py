"""The education file: pupils, their school and class, as a table with a byte order mark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from registry.demo.chance import Weighted, moment, pick
from registry.demo.clerks import Clerk, csv_line
from registry.demo.corruption import BROKEN_ANYWHERE
from registry.demo.drafts import Draft, Filing, System
from registry.demo.gazetteer import Gazetteer, Place, home_in
from registry.demo.names import FEMALE, MALE, group_names
from registry.demo.numbers import SerialIssuer
from registry.demo.people import Child, Household

EDUCATION_COLUMNS: Final = (
    "Mã học sinh",
    "Họ và tên",
    "Ngày sinh",
    "Giới tính",
    "Dân tộc",
    "Số định danh cá nhân",
    "Mã xã",
    "Hệ mã địa bàn",
    "Địa chỉ",
    "Họ tên cha",
    "Năm sinh cha",
    "Họ tên mẹ",
    "Năm sinh mẹ",
    "Trường",
    "Lớp",
    "Trạng thái",
    "Năm học",
    "Cập nhật lúc",
)
SEXES_VI: Final = {MALE: "Nam", FEMALE: "Nữ", "X": "X"}
_NAME, _GROUP, _LIST, _ADDRESS, _CLASS, _STATUS, _STAMP = 1, 4, 7, 8, 14, 15, 17
_BROKEN: Final = (*BROKEN_ANYWHERE, "columns")  # twice: a row too short, and one too long

_STATES: Final = Weighted([("Đang học", 94.0), ("Chuyển trường", 3.2), ("Bỏ học", 2.5), ("Tốt nghiệp", 0.3)])
_RESENT: Final = Weighted([("", 98.8), ("class", 0.55), ("address", 0.22), ("name", 0.22), ("status", 0.1)])
_FIRST_GRADE_AGE: Final = 6


class Education:
    """Writes the records of the schools."""

    def __init__(self, seed: int, *, on: date, children: int, places: Gazetteer) -> None:
        self._clerk = Clerk(System.EDUCATION, seed, on=on, places=places, broken=_BROKEN, expected=children * 11 // 20)
        self._year = on.year if on.month >= 8 else on.year - 1  # the year in which the school year began
        self._keys = SerialIssuer(seed, digits=8)
        self._shifted = 0

    def filings(self, household: Household) -> Iterator[Filing]:
        """Yield what the schools hold about the children of a household."""
        for draft, damage in self._clerk.drafts(household, self._coverage, capitals=0.06):
            key = self._keys.issue(draft.home.place.old_province)
            rows = [self._cells(key, draft)]
            if damage == "columns":
                self._shift(rows[0])
            elif damage is None:
                self._resend(rows, draft)
            yield self._clerk.filing(key, draft, [csv_line(cells).encode() for cells in rows])

    def _grade(self, child: Child) -> int:
        return self._year - child.born.year - _FIRST_GRADE_AGE + 1

    def _coverage(self, child: Child) -> float:
        if not 1 <= self._grade(child) <= 12:
            return 0.0
        return 0.66 if child.absent else 0.92

    def _cells(self, key: str, draft: Draft) -> list[str]:
        rng, place = self._clerk.rng, draft.home.place
        old_list = rng.random() < 0.6
        grade = self._grade(draft.child)
        detail = draft.home.detail
        address = place.old_address(detail) if old_list else place.new_address(detail)
        fathers = draft.household.father
        current = rng.random() < 0.977
        stamp = moment(rng, self._clerk.on - timedelta(days=88), self._clerk.on - timedelta(days=32))
        return [
            key,
            draft.name,
            draft.day_first,
            SEXES_VI[draft.sex] if draft.sex else "",
            group_names()[draft.child.group],
            draft.number or "",
            place.old_code if old_list else place.commune,
            "2024" if old_list else "2025",
            draft.address or address,
            draft.father or "",
            f"{fathers.born.year}" if fathers and draft.father and rng.random() < 0.76 else "",
            draft.mother or "",
            f"{draft.household.mother.born.year}" if draft.mother and rng.random() < 0.75 else "",
            _school(place, grade, old_list=old_list),
            self._class(grade),
            _STATES.draw(rng),
            f"{self._year}-{self._year + 1}" if current else f"{self._year - 1}-{self._year}",
            stamp.isoformat(),
        ]

    def _class(self, grade: int) -> str:
        rng = self._clerk.rng
        return f"{grade}{pick(rng, tuple('ABCDE'))}{pick(rng, ('', '1', '2', '3'))}"

    def _shift(self, cells: list[str]) -> None:
        """Lose a cell, or gain an empty one: everything behind stands in the wrong column."""
        self._shifted += 1
        if self._shifted % 2:
            del cells[_ADDRESS]
        else:
            cells.insert(_GROUP, "")

    def _resend(self, rows: list[list[str]], draft: Draft) -> None:
        """Add a newer version in which one thing has changed."""
        rng = self._clerk.rng
        kind = _RESENT.draw(rng)
        if not kind:
            return
        newer = list(rows[0])
        if kind == "class":
            newer[_CLASS] = f"{self._grade(draft.child)}{pick(rng, tuple('FGH'))}"
        elif kind == "address":
            place, old_list = draft.home.place, newer[_LIST] == "2024"
            detail = home_in(rng, place).detail
            newer[_ADDRESS] = place.old_address(detail) if old_list else place.new_address(detail)
        elif kind == "name":
            newer[_NAME] = newer[_NAME].title() if newer[_NAME].isupper() else newer[_NAME].upper()
        else:
            newer[_STATUS] = "Chuyển trường" if newer[_STATUS] != "Chuyển trường" else "Đang học"
        on = self._clerk.on
        older = date.fromisoformat(newer[_STAMP][:10])
        newer[_STAMP] = moment(rng, older + timedelta(days=1), min(older + timedelta(days=20), on)).isoformat()
        draft.faults.append(f"resent:{kind}")
        rows.append(newer)


def _school(place: Place, grade: int, *, old_list: bool) -> str:
    level = "Tiểu học" if grade <= 5 else "THCS" if grade <= 9 else "THPT"
    name = (place.ward_name or place.district_name) if old_list else place.commune_name
    for kind in ("Phường ", "Xã ", "Thị trấn ", "Huyện ", "Đặc khu "):
        name = name.removeprefix(kind)
    return f"Trường {level} {name}"
