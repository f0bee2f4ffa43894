"""People invented for a simulated population database: children with their parents, the same ones for a seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from connectors.simulators.population.people import Person

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Lý")
_MIDDLES = {"1": ("Văn", "Đức", "Minh", "Quang", "Gia"), "2": ("Thị", "Thị Thanh", "Ngọc", "Khánh", "Bảo")}
_GIVEN = {
    "1": ("An", "Bình", "Cường", "Dũng", "Hải", "Khoa", "Long", "Nam", "Phúc", "Sơn", "Tuấn", "Việt"),
    "2": ("Anh", "Chi", "Diệp", "Hà", "Hương", "Lan", "Linh", "Mai", "Ngân", "Thảo", "Trang", "Yến"),
}
# Communes as Decision 19/2025/QD-TTg lists them, each with its province.
_PLACES = (("00004", "01"), ("00008", "01"), ("00070", "01"), ("00091", "01"))
_YOUNGEST = date(2026, 10, 31)


def invent_people(count: int, *, seed: int) -> list[Person]:
    """Return invented children with their parents, the same ones for the same seed; `count` is of the children."""
    chance = Random(seed)  # noqa: S311  invents people, keeps no secret
    taken: set[str] = set()
    children: list[Person] = []
    parents: list[Person] = []
    for _ in range(count):
        father = _invented(chance, taken, sex="1", days=(9000, 16000))
        mother = _invented(chance, taken, sex="2", days=(9000, 16000))
        child = _invented(chance, taken, sex=chance.choice("12"), days=(1, 5800), family=father.full_name.split()[0])
        born = replace(
            child,
            mother_name=mother.full_name,
            mother_number=mother.number,
            father_name=father.full_name,
            father_number=father.number,
        )
        children.append(_at_home_of(father, born))
        parents += [father, _at_home_of(father, mother)]
    return children + parents


def _at_home_of(father: Person, person: Person) -> Person:
    return replace(person, commune=father.commune, province=father.province, detail=father.detail)


def _invented(chance: Random, taken: set[str], *, sex: str, days: tuple[int, int], family: str = "") -> Person:
    born = _YOUNGEST - timedelta(days=chance.randint(*days))
    name = [family or chance.choice(_FAMILIES), chance.choice(_MIDDLES[sex]), chance.choice(_GIVEN[sex])]
    commune, province = chance.choice(_PLACES)
    century = 2 * (born.year // 100 - 19) + (sex == "2")
    number = ""
    while not number or number in taken:
        number = f"0{province}{century}{born.year % 100:02d}{chance.randint(0, 999_999):06d}"
    taken.add(number)
    return Person(
        number=number,
        full_name=" ".join(name),
        birth_date=born.isoformat(),
        sex=sex,
        commune=commune,
        province=province,
        detail=f"Số {chance.randint(1, 300)}, đường Mẫu {chance.randint(1, 40)}",
        ethnicity="01",
    )
