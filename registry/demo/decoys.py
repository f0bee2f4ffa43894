"""Pupils who do not exist, as the schools would write of them: for decoys among real records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from connectors.records import ChildFacts, PersonFacts
from matching.places import commune_name, province_of
from registry.actions.oversight.decoys import Invented
from registry.demo.chance import pick
from registry.demo.education import EDUCATION_COLUMNS, SEXES_VI
from registry.demo.households import households
from registry.demo.names import group_names
from registry.demo.people import Child, Household

_YOUNGEST, _OLDEST = 6, 14  # years: a pupil, and one for some years to come


def invented_pupils(commune: str, number: int, *, seed: int, on: date) -> list[Invented]:
    """Return pupils of a commune, each of another family; equal seeds invent equal ones."""
    rng = Random(f"{seed} {commune}")  # noqa: S311  invented people, no secret
    province = province_of(commune)
    found: list[Invented] = []
    for child, household in _pupils(rng, province=province, on=on):
        found.append(_invented(rng, child, household, commune=commune, on=on))
        if len(found) == number:
            break
    return found


def _pupils(rng: Random, *, province: str | None, on: date) -> Iterator[tuple[Child, Household]]:
    while True:
        provinces = None if province is None else [province]
        for household in households(rng.getrandbits(31), 12, on=on, provinces=provinces):
            of_age = [child for child in household.children if _YOUNGEST <= child.age_on(on) <= _OLDEST]
            if of_age:
                yield pick(rng, tuple(of_age)), household


def _invented(rng: Random, child: Child, household: Household, *, commune: str, on: date) -> Invented:
    cells = _cells(rng, child, household, commune=commune, on=on)
    father = PersonFacts(name=cells["Họ tên cha"], birth_year=cells["Năm sinh cha"]) if household.father else None
    return Invented(
        facts=ChildFacts(
            name=cells["Họ và tên"],
            sex=cells["Giới tính"],
            birth_date=cells["Ngày sinh"],
            ethnicity=cells["Dân tộc"],
            commune_code=commune,
            commune_scheme="2025",
            mother=PersonFacts(name=cells["Họ tên mẹ"], birth_year=cells["Năm sinh mẹ"]),
            father=father,
        ),
        services={
            "school": cells["Trường"],
            "class": cells["Lớp"],
            "status": "studying",
            "school_year": cells["Năm học"],
        },
        written={column: cells[column] for column in EDUCATION_COLUMNS[1:]},
        key_name=EDUCATION_COLUMNS[0],
    )


def _cells(rng: Random, child: Child, household: Household, *, commune: str, on: date) -> dict[str, str]:
    """Return the row of a pupil as a school writes it; she has no number, for it would be somebody's."""
    year = on.year if on.month >= 8 else on.year - 1
    grade = min(max(year - child.born.year - 5, 1), 9)
    father, mother = household.father, household.mother
    return {
        "Họ và tên": child.called.full,
        "Ngày sinh": child.born.strftime("%d/%m/%Y"),
        "Giới tính": SEXES_VI[child.sex],
        "Dân tộc": group_names()[child.group],
        "Số định danh cá nhân": "",
        "Mã xã": commune,
        "Hệ mã địa bàn": "2025",
        "Địa chỉ": "",
        "Họ tên cha": father.called.full if father else "",
        "Năm sinh cha": f"{father.born.year}" if father else "",
        "Họ tên mẹ": mother.called.full,
        "Năm sinh mẹ": f"{mother.born.year}",
        "Trường": _school(commune, grade),
        "Lớp": f"{grade}{pick(rng, tuple('ABCD'))}",
        "Trạng thái": "Đang học",
        "Năm học": f"{year}-{year + 1}",
        "Cập nhật lúc": (on - timedelta(days=rng.randint(32, 88))).isoformat(),
    }


def _school(commune: str, grade: int) -> str:
    name = commune_name(commune) or ""
    for kind in ("Phường ", "Xã ", "Đặc khu "):
        name = name.removeprefix(kind)
    return f"Trường {'Tiểu học' if grade <= 5 else 'THCS'} {name}"
