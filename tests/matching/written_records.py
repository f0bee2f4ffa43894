"""Made-up records as a file holds them, plain and damaged; nobody here exists."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping

import pyarrow as pa

from matching.child_columns import COLUMNS

Row = Mapping[str, str | None]

SURNAMES = ("Nguyễn", "Trần", "Lê", "Võ", "Châu", "Bế", "Hoàng", "Huỳnh", "Vàng", "Lò")
MIDDLES = ("Thị", "Văn", "Gia", "Thúy", "Thuý", "Hòa", "Quốc", "A", "Ngọc")
GIVENS = ("An", "Hoà", "Hòa", "Trường", "Khánh", "Ly", "Lý", "Lì", "Đạt", "Không", "Con", "Mỹ", "Hùynh", "Phượng")
ODD_NAMES = (
    "Con bà Lê Thị An",
    "CB Trần Thị Bưởi",
    "Bé trai con sản phụ Vàng Thị Mỷ",
    "Con bà 12",
    "con bà-x 12",
    "chưa đặt tên",
    "Khong ro",
    "bé",
    "Bé An",
    "cháu Lê Gia Hân",
    "Em Trần Văn Tí",
    "H' Hen Niê",
    "H'Hen Niê",
    "HʼHen Niê",
    "Y Blơ̆ Êban",
    "Nguyễn-Lê An",
    "Nguy?n Van An",
    "Trần \ufffd An",
    "Lê \x00An",
    "0123",
    "=1+1",
    "-",
    "N A",
    "N/A",
    "An  (Tí)",
    "\u200bTrần\u00a0Văn\u200b Tí",
    "李 An",
    "Ðặng Văn Ơn",
    "A Rất Lâu" * 15,
    "Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi Đỗ Hồ",
    "Krongpangkhumvilaysonphetdalavanhsavannakhet An",
    "Á́n Lê",
    "\u0301An",
    "C Thị Bê",
    "Trẻ sơ sinh",
    "So Sinh Con Chị Mai",
    "vo danh",
    "Vô Danh",
    "Cu Tí",
    "Bà Mai",
)
ODD_NUMBERS = (
    "040.311.497.002",
    "'040311497002",
    "40311497002",
    "40311497002.0",
    "4.0311497002E+10",
    "04031149700",
    "123456789",
    "123 456 789",
    "không có",
    "0403114970O2",
    "０４０３１１４９７００２",
    "000000000000",
    "000000000 12",
    "/////////////",
)
ODD_DATES = (
    "2014-05",
    "2014",
    "03/05/2014",
    "2014-02-30",
    "2031-01-01",
    "1/1/2015",
    "ngày 3 tháng 5 năm 2014",
    "?",
    "-",
)
SEXES = ("1", "2", "Nam", "Nữ", "male", "FEMALE", "trai", "gái", "9", "x", "Nu\u031b\u0303", "không rõ", "=nam")
COMMUNES = ("00097", "26740", "97", "'00097", "318", "00001", "99999", "P. 5", "-", "500")
SCHEMES = ("2024", "2025", "2023", " 2025 ", "x")
ETHNICITIES = ("01", "1", "Kinh", "dân tộc Mông", "Ê Đê", "99", "người trời", "không rõ")
YEARS = ("1990", "1990.0", "05/1988", "năm 1985", "88", "1850", "-")


def whole_name(chance: random.Random) -> str:
    """Return a name in one of the ways in which systems write them."""
    parts = [chance.choice(SURNAMES), *chance.choices(MIDDLES, k=chance.randrange(3)), chance.choice(GIVENS)]
    name = " ".join(parts)
    ways = (name, name, name, name.upper(), unicodedata.normalize("NFD", name), f" {name.replace(' ', '  ')} ")
    return chance.choice(ways)


def number(chance: random.Random, year: int) -> str:
    """Return a number of somebody born in `year`."""
    century = 2 * (year // 100 - 19) + chance.randrange(2)
    return f"0{chance.randrange(10, 96)}{century}{year % 100:02}{chance.randrange(30):06}"


def row(chance: random.Random, place: int) -> dict[str, str | None]:
    """Return one record; a tenth of its values are missing or odd."""
    year = chance.randrange(2009, 2026)
    mother, father = chance.randrange(1970, 2006), chance.randrange(1965, 2004)
    usual = {
        "personal_number": number(chance, chance.choice((year, year, year, mother))),
        "full_name": whole_name(chance),
        "sex": chance.choice(SEXES[:8]),
        "birth_date": f"{year}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "commune_code": chance.choice(COMMUNES[:6]),
        "commune_scheme": chance.choice(SCHEMES[:2]),
        "ethnicity": chance.choice(ETHNICITIES[:5]),
        "mother_name": whole_name(chance),
        "mother_number": number(chance, mother),
        "mother_birth_year": str(mother),
        "father_name": whole_name(chance),
        "father_number": number(chance, father),
        "father_birth_year": str(father),
    }
    odd = {
        column: chance.choice((None, None, "", " ", chance.choice(values)))
        for column, values in ODD_VALUES.items()
        if chance.random() < 0.1
    }
    if chance.random() < 0.05:
        usual["personal_number"] = chance.choice((usual["mother_number"], usual["father_number"]))
    return {"record_id": f"R{place:06}", **usual, **odd}


ODD_VALUES: Mapping[str, tuple[str, ...]] = {
    "personal_number": ODD_NUMBERS,
    "full_name": ODD_NAMES,
    "sex": SEXES,
    "birth_date": ODD_DATES,
    "commune_code": COMMUNES,
    "commune_scheme": SCHEMES,
    "ethnicity": ETHNICITIES,
    "mother_name": ODD_NAMES,
    "mother_number": ODD_NUMBERS,
    "mother_birth_year": YEARS,
    "father_name": ODD_NAMES,
    "father_number": ODD_NUMBERS,
    "father_birth_year": YEARS,
}


def rows(count: int, *, seed: int) -> list[dict[str, str | None]]:
    """Return so many records, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  a seed, no secret
    return [row(chance, place) for place in range(count)]


def table_of(records: list[dict[str, str | None]]) -> pa.Table:
    """Return records as the table that a file of them gives."""
    return pa.Table.from_pylist(records, schema=pa.schema([(column, pa.string()) for column in COLUMNS]))
