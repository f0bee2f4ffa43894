"""Made-up children as plain functions with keyword overrides; nobody here exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from matching.dates import read_birth_date
from matching.frequencies import Frequencies
from matching.identity import Certainty, Identity, Name, Parent, Scheme, Sex, Unit
from matching.linkage import RecordOutcome, link_records
from matching.names import read_name
from matching.weights import Model

MODEL = Model.load("child_vn")
_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi")
_MIDDLES = ("Gia", "Minh", "Thị", "Ngọc", "Đức", "Thanh", "Khánh", "Quốc Bảo", "Thùy", "Văn")
_GIVENS = (
    "An",
    "Bình",
    "Chi",
    "Dũng",
    "Giang",
    "Hà",
    "Hùng",
    "Khoa",
    "Lan",
    "Linh",
    "Mai",
    "Nam",
    "Oanh",
    "Quân",
    "Tâm",
)


def name(written: str) -> Name:
    """Return a name as it is read."""
    read, _ = read_name(written)
    assert read is not None
    return read


def unit(*communes: str, province: str = "01") -> Unit:
    """Return a unit of today; several communes when an old one was split."""
    certainty = Certainty.EXACT if len(communes) == 1 else Certainty.AMBIGUOUS
    return Unit(code=communes[0], scheme=Scheme.SINCE_2025, certainty=certainty, communes=communes, province=province)


def parent(written: str | None = None, *, number: str | None = None, year: int | None = None) -> Parent:
    """Return what is known of a parent."""
    return Parent(name=name(written) if written else None, number=number, birth_year=year)


def child(**changes: Any) -> Identity:
    """Return a well-described girl; `name` and `birth` may be given as text."""
    if isinstance(changes.get("name"), str):
        changes["name"] = name(changes["name"])
    if isinstance(changes.get("birth"), str):
        changes["birth"] = read_birth_date(changes["birth"])[0]
    usual = Identity(
        name=name("Đinh Khánh Vân"),
        sex=Sex.FEMALE,
        birth=read_birth_date("2016-07-19")[0],
        number="001316004217",
        unit=unit("00004"),
        ethnicity="01",
        mother=parent("Tạ Thị Hường", number="001188003311"),
        father=parent("Đinh Công Lực", number="001086005522"),
    )
    return replace(usual, **changes)


def village(size: int = 400) -> list[Identity]:
    """Return a population of ordinary children, two to a family, so that frequencies and families can be counted."""
    people = []
    for n in range(size):
        family = n // 2
        surname = _SURNAMES[family * 7 % len(_SURNAMES)]
        sex = Sex.MALE if n % 3 == 0 else Sex.FEMALE
        born = f"{2011 + (n * 5 + n % 2 * 3) % 14}-{1 + n * 7 % 12:02d}-{1 + n * 11 % 28:02d}"
        people.append(
            child(
                name=f"{surname} {_MIDDLES[n * 3 % len(_MIDDLES)]} {_GIVENS[n * 13 % len(_GIVENS)]}",
                sex=sex,
                birth=born,
                number=f"0012{n % 10}{n:07d}"[:12],
                unit=unit(f"{100 + family % 20:05d}"),
                mother=parent(f"Lý Thị {_GIVENS[family % len(_GIVENS)]}", number=f"0011850{family:05d}"),
                father=parent(f"{surname} Văn {_GIVENS[family * 4 % len(_GIVENS)]}", number=f"0010830{family:05d}"),
            )
        )
    return people


def link_one(record: Identity, *people: Identity, apart: frozenset[int] = frozenset()) -> RecordOutcome:
    """Link one record with `people`, who live among the children of the village."""
    population = [*people, *village()]
    outcomes = link_records(
        [record],
        population,
        [range(len(people))],
        model=MODEL,
        frequencies=Frequencies.counting(population),
        apart=[apart],
    )
    return outcomes[0]
