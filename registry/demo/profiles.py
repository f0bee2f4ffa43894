"""What differs from province to province: the region, and roughly which peoples live there.

The shares are rounded impressions for inventing people, keyed by the province codes valid from 2025-07-01; they are
no statistics. Codes of ethnic groups are those of the official list.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

KINH: Final = "01"


class Region(StrEnum):
    """A part of the country with its own surnames and its own words for a hamlet."""

    NORTH = "north"
    MOUNTAINS = "mountains"
    CENTRE = "centre"
    HIGHLANDS = "highlands"
    SOUTH = "south"


_REGIONS: Final = {
    Region.MOUNTAINS: ("04", "08", "11", "12", "14", "15", "19", "20"),
    Region.NORTH: ("01", "22", "24", "25", "31", "33", "37"),
    Region.CENTRE: ("38", "40", "42", "44", "46", "48", "51", "56"),
    Region.HIGHLANDS: ("52", "66", "68"),
    Region.SOUTH: ("75", "79", "80", "82", "86", "91", "92", "96"),
}
REGION_OF: Final = {code: region for region, codes in _REGIONS.items() for code in codes}

# Per mille of the groups other than the Kinh, who are the rest.
PEOPLES: Final[dict[str, dict[str, int]]] = {
    "01": {"04": 8, "02": 4, "03": 2, "07": 2},
    "04": {"02": 408, "07": 298, "08": 117, "09": 100, "13": 14, "45": 5},
    "08": {"02": 250, "08": 200, "09": 140, "07": 60, "13": 40, "36": 8, "26": 10, "41": 4, "47": 3},
    "11": {"08": 380, "03": 356, "23": 33, "09": 11, "33": 10, "35": 8, "37": 8, "32": 6},
    "12": {"03": 310, "08": 240, "09": 130, "33": 35, "26": 30, "39": 25, "23": 15, "42": 10, "46": 9, "49": 3},
    "14": {"03": 536, "08": 160, "04": 67, "32": 20, "09": 17, "23": 12, "37": 8, "40": 7, "35": 3},
    "15": {"08": 190, "02": 170, "09": 120, "03": 50, "07": 30, "26": 20, "04": 10, "38": 7, "23": 2},
    "19": {"02": 200, "07": 70, "09": 45, "17": 30, "13": 20, "08": 15, "06": 3},
    "20": {"07": 420, "02": 360, "09": 35, "06": 3, "13": 6, "08": 2},
    "22": {"09": 50, "02": 27, "17": 14, "13": 11, "06": 4},
    "24": {"07": 30, "02": 18, "17": 10, "13": 10, "06": 5},
    "25": {"04": 230, "17": 12, "09": 10, "02": 10, "03": 10, "08": 3, "13": 2},
    "31": {"06": 2, "02": 1, "04": 1},
    "33": {"04": 1, "02": 1},
    "37": {"04": 9, "02": 1},
    "38": {"04": 100, "03": 60, "08": 5, "21": 3, "09": 2, "23": 1},
    "40": {"03": 100, "21": 20, "23": 14, "08": 10, "54": 1},
    "42": {"04": 1, "35": 1, "44": 1},
    "44": {"24": 60, "27": 10, "44": 5},
    "46": {"27": 30, "25": 15, "24": 3},
    "48": {"25": 25, "16": 20, "29": 10, "30": 3, "06": 2},
    "51": {"16": 100, "18": 75, "12": 40, "29": 20, "30": 20, "10": 15, "04": 5, "03": 5, "53": 1, "52": 1},
    "52": {"10": 150, "12": 70, "02": 5, "07": 5, "18": 4, "04": 3, "14": 3, "09": 2},
    "56": {"19": 75, "14": 45, "15": 10, "06": 5, "11": 3},
    "66": {"11": 130, "07": 28, "02": 20, "20": 17, "08": 14, "14": 10, "10": 9, "03": 8, "04": 6, "09": 6, "16": 4},
    "68": {"15": 55, "20": 20, "07": 20, "08": 20, "28": 17, "02": 12, "14": 12, "06": 8, "34": 7, "19": 6, "03": 4},
    "75": {"22": 25, "06": 25, "07": 15, "02": 12, "05": 10, "31": 4, "14": 3, "20": 3},
    "79": {"06": 45, "05": 8, "14": 2, "02": 2, "04": 1},
    "80": {"05": 4, "14": 2, "06": 2},
    "82": {"06": 2, "05": 1},
    "86": {"05": 90, "06": 5},
    "91": {"05": 85, "06": 10, "14": 4},
    "92": {"05": 130, "06": 25},
    "96": {"05": 55, "06": 10},
}
DEFAULT_PROVINCE: Final = "66"  # many peoples, several ways of building a name, and old communes that were split

_HAMLETS: Final = {
    Region.NORTH: ("Thôn", "Thôn", "Xóm"),
    Region.MOUNTAINS: ("Bản", "Thôn", "Xóm"),
    Region.CENTRE: ("Thôn", "Thôn", "Xóm"),
    Region.HIGHLANDS: ("Buôn", "Thôn", "Thôn"),
    Region.SOUTH: ("Ấp",),
}
STREETS: Final = (
    *("Bà Triệu", "Bạch Đằng", "Điện Biên Phủ", "Hai Bà Trưng", "Hoàng Diệu", "Hùng Vương", "Lê Duẩn", "Lê Lợi"),
    *("Lý Thường Kiệt", "Ngô Quyền", "Nguyễn Du", "Nguyễn Huệ", "Nguyễn Tất Thành", "Nguyễn Trãi", "Phan Bội Châu"),
    *("Quang Trung", "Trần Hưng Đạo", "Trần Phú", "Võ Thị Sáu", "Y Jút"),
)


def hamlet_words(region: Region, *, urban: bool) -> tuple[str, ...]:
    """Return the words for the smallest neighbourhood in a region."""
    if urban:
        return ("Khu phố",) if region is Region.SOUTH else ("Tổ dân phố",)
    return _HAMLETS[region]
