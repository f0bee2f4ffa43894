"""A handful of invented people as the files that a province delivers, for the tests of pages and interface."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path

HERE = "05443"  # the worker's commune
PROVINCE = "19"
ELSEWHERE, FAR_PROVINCE = "00004", "01"

MISSPELT = "Nguyen Thi Hao"  # what the worker types for the child below
CHILD = "Nguyễn Thị Hoà"
CHILD_NUMBER = "019314052001"
CHILD_KEY = "EDU0000001"
TWINS = ("Lê", "Đặng", "Bùi", "Hồ", "Ngô", "Lý")  # surnames of twins who are hard to tell apart
FAR_CHILD = "Phạm Gia Bảo"
FAR_KEY = "EDU0000003"
ABSENT = "Hồ Bảo Ngân"  # in nobody's database, and known to two systems
NICKNAME = "Quân"  # so are two records that only a person can tell to be one child
SECRETS = (CHILD, CHILD_NUMBER, "Nguyễn", "Hoà", "Hao", "Lê Thị Mai", "Thôn 5", FAR_CHILD)

PERSON_COLUMNS = [
    "personal_number",
    "replaced_numbers",
    "full_name",
    "sex",
    "birth_date",
    "birth_registration_province",
    "residence_commune",
    "residence_old_ward",
    "residence_detail",
    "ethnicity",
    "nationality",
    "mother_name",
    "mother_number",
    "father_name",
    "father_number",
    "status",
    "updated_at",
]
PUPIL_COLUMNS = [
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
]


def citizen(number: str, name: str, *, sex: str, birth: str, commune: str = HERE, **more: str) -> dict[str, str]:
    """Return a row of the population extract."""
    row = dict.fromkeys(PERSON_COLUMNS, "")
    return row | {
        "personal_number": number,
        "full_name": name,
        "sex": sex,
        "birth_date": birth,
        "birth_registration_province": number[:3],
        "residence_commune": commune,
        "residence_detail": "Thôn 5",
        "ethnicity": "01",
        "nationality": "VN",
        "status": "alive",
        "updated_at": "2026-04-16T12:43:14+07:00",
        **more,
    }


def pupil(key: str, name: str, *, sex: str, birth: str, commune: str = HERE, **more: str) -> dict[str, str]:
    """Return a row of the schools' file."""
    row = dict.fromkeys(PUPIL_COLUMNS, "")
    return row | {
        "Mã học sinh": key,
        "Họ và tên": name,
        "Ngày sinh": birth,
        "Giới tính": sex,
        "Dân tộc": "Kinh",
        "Mã xã": commune,
        "Hệ mã địa bàn": "2025",
        "Địa chỉ": "Thôn 5",
        "Trường": "Trường Tiểu học Số Một",
        "Lớp": "5A",
        "Trạng thái": "Đang học",
        "Năm học": "2026-2027",
        "Cập nhật lúc": "2026-09-29T23:56:14+07:00",
        **more,
    }


def citizens() -> list[dict[str, str]]:
    """Return the extract: the child, a pair of twins who are hard to tell apart, and many others."""
    found = [
        citizen(
            CHILD_NUMBER, CHILD, sex="2", birth="2014-05-03", mother_name="Lê Thị Mai", father_name="Nguyễn Văn Sáu"
        ),
    ]
    for place, surname in enumerate(TWINS):
        parents = {"mother_name": f"Hoàng Thị {surname}", "mother_number": f"01918400077{place}"}
        for digit, given in enumerate(("Anh", "Ánh")):
            number = f"0192160001{place}{digit}"
            found.append(citizen(number, f"{surname} Minh {given}", sex="1", birth=f"2016-02-1{place}", **parents))
    surnames, middles, givens = (
        ("Trần", "Phạm", "Hoàng", "Vũ"),
        ("Văn", "Đức", "Gia"),
        ("Bình", "Cường", "Dũng", "Sơn", "Tùng"),
    )
    names = [f"{one} {two} {three}" for one in surnames for two in middles for three in givens]
    for place, name in enumerate(names):
        year, month, day = 2012 + place % 8, 1 + place % 12, 2 + place % 26
        number = f"0192{year % 100:02d}{500000 + place:06d}"
        mother = f"Đỗ Thị {surnames[place % 4]} {givens[place % 5]}"
        found.append(citizen(number, name, sex="1", birth=f"{year}-{month:02d}-{day:02d}", mother_name=mother))
    return found


def unmarked(text: str) -> str:
    """Return a text as typed without marks."""
    plain = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return plain.replace("Đ", "D").replace("đ", "d")


def pupils() -> list[dict[str, str]]:
    """Return the schools' file: the child, one of the twins without marks or number, and a child far away."""
    one_of_twins = [
        pupil(
            f"EDU100000{place}",
            f"{unmarked(surname)} Minh Anh",
            sex="Nam",
            birth=f"1{place}/02/2016",
            **{"Họ tên mẹ": f"Hoàng Thị {surname}"},
        )
        for place, surname in enumerate(TWINS)
    ]
    absent = {"Họ tên mẹ": "Đinh Thị Thoa", "Họ tên cha": "Hồ Văn Quyết"}
    return [
        pupil("EDU0000004", ABSENT, sex="Nữ", birth="12/12/2015", **absent),
        pupil("EDU0000005", NICKNAME, sex="Nam", birth="07/08/2014", **{"Họ tên cha": "Bế Văn Thạo"}),
        pupil(
            CHILD_KEY,
            CHILD,
            sex="Nữ",
            birth="03/05/2014",
            **{"Số định danh cá nhân": CHILD_NUMBER, "Họ tên mẹ": "Lê Thị Mai", "Họ tên cha": "Nguyễn Văn Sáu"},
        ),
        pupil(FAR_KEY, FAR_CHILD, sex="Nam", birth="11/11/2015", commune=ELSEWHERE),
        *one_of_twins,
    ]


def case() -> dict[str, object]:
    """Return a protection case of the child."""
    return {
        "case_id": "BVTE-2026-000001",
        "received_at": "2026-09-09T22:26:04+07:00",
        "channel": "hotline_111",
        "form": "05",
        "child": {
            "name": CHILD,
            "birth_date": "2014-05-04",
            "sex": "female",
            "address": "Thôn 5",
            "commune_code": HERE,
            "personal_number": CHILD_NUMBER,
        },
        "mother": {"name": "Lê Thị Mai"},
        "father": None,
        "carer": {"name": "Lê Thị Nhàn", "relation": "bà ngoại"},
        "groups": [9],
        "harm_level": "medium",
        "settings": ["home"],
        "measures": [{"at": "2026-09-10T10:26:04+07:00", "kind": "counselling"}],
        "plan_at": None,
        "status": "in_progress",
        "notes": "Cháu đang ở với bà ngoại, tinh thần ổn định hơn.",
        "reporter": {"name": "Bùi Văn Tín", "phone": "01998000000", "relation": "neighbour", "confidential": True},
        "updated_at": "2026-09-10T12:26:04+07:00",
    }


def cases() -> list[dict[str, object]]:
    """Return the cases: of the child, of the absent one, and of the one known by a nickname."""
    bare = case() | {"mother": None, "carer": None, "groups": [3], "notes": None}

    def of(number: int, child: dict[str, str], father: str, **more: object) -> dict[str, object]:
        told = {"address": "Thôn 5", "commune_code": HERE, "personal_number": None, **child}
        return bare | {"case_id": f"BVTE-2026-{number:06d}", "child": told, "father": {"name": father}, **more}

    absent = {"name": ABSENT, "birth_date": "2015-12-12", "sex": "female"}
    nickname = {"name": NICKNAME, "birth_date": "2014-08-07", "sex": "male"}
    return [
        case(),
        of(2, absent, "Hồ Văn Quyết", mother={"name": "Đinh Thị Thoa"}),
        of(3, nickname, "Bế Văn Thạo"),
    ]


def write_drop(folder: Path) -> None:
    """Write the three files."""
    _write_csv(folder / "population.csv", PERSON_COLUMNS, citizens(), encoding="utf-8", line_end="\n")
    _write_csv(folder / "education.csv", PUPIL_COLUMNS, pupils(), encoding="utf-8-sig", line_end="\r\n")
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in cases())
    (folder / "protection-cases.jsonl").write_text(lines, encoding="utf-8")


def _write_csv(
    path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]], *, encoding: str, line_end: str
) -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(columns), lineterminator=line_end)
        writer.writeheader()
        writer.writerows(rows)
