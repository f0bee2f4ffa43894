"""The lists of administrative units before and since 1 July 2025, indexed by code and by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from matching import reference
from matching.identity import Scheme
from matching.names import clean
from matching.syllables import settle_tone, unmark

Entry = tuple[Scheme, str]  # a code, with the list that it is from
ANYWHERE = ""
_ABBREVIATIONS = {"t": "tỉnh", "tp": "thành phố", "tt": "thị trấn", "tx": "thị xã"}
_ABBREVIATIONS |= {"q": "quận", "h": "huyện", "p": "phường", "x": "xã"}
_COMMUNE_TYPES = ("phường", "xã", "thị trấn", "đặc khu")
_TYPES = (*_COMMUNE_TYPES, "tỉnh", "thành phố", "quận", "huyện", "thị xã")
_BARE = re.compile(rf"(?:{'|'.join(_TYPES)}|{unmark('|'.join(_TYPES))}) (?=.)")
_COMMUNE = re.compile(rf"\b(?:{'|'.join(_COMMUNE_TYPES)}|{unmark('|'.join(_COMMUNE_TYPES))}) (?=.)")
_GLUED = re.compile(r"(tp|tx|tt|[pqhxt])(\d+)")
_PROVINCE_ALIASES = {"hcm": "hồ chí minh", "tphcm": "hồ chí minh", "sài gòn": "hồ chí minh", "huế": "thừa thiên huế"}


def unit_key(written: str) -> str:
    """Return the name of a unit as it is compared: lower case, abbreviations in full, 'P.05' as 'phường 5'."""
    lower = unicodedata.normalize("NFC", clean(written).lower()).replace("'", "")
    words = "".join(char if char.isalnum() or unicodedata.combining(char) else " " for char in lower).split()
    if words and (glued := _GLUED.fullmatch(words[0])) is not None:
        words[:1] = glued.groups()
    if len(words) > 1:
        words[0] = _ABBREVIATIONS.get(words[0], words[0])
    return " ".join(str(int(word)) if word.isdecimal() else settle_tone(word) for word in words)


def bare(key: str) -> str:
    """Return a unit's key without the word for its type: 'ba đình' of 'phường ba đình'."""
    return _BARE.sub("", key, count=1) if _BARE.match(key) else key


def mentions(key: str) -> list[str]:
    """Return what in the key of a part of an address may name a commune, with its type: 'near the market, xã …'."""
    return [key[found.start() :] for found in _COMMUNE.finditer(key)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune:
    """One of today's communes."""

    name: str
    province: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCommune:
    """A commune until 30 June 2025, and what became of it."""

    name: str
    targets: tuple[str, ...]  # today's communes, the one that the source of the table takes for the chief one first
    now_in: str  # today's province


class Names:
    """Codes by area and name: the name with its marks counts first, without them when that finds nothing."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], list[Entry]] = {}
        self._folded: dict[tuple[str, str], list[Entry]] = {}

    def add(self, area: str, key: str, entry: Entry) -> None:
        """File `entry` under the name `key` in `area`."""
        self._exact.setdefault((area, key), []).append(entry)
        self._folded.setdefault((area, unmark(key)), []).append(entry)

    def named(self, areas: Iterable[str], key: str) -> list[Entry]:
        """Return the entries that `key` names in any of `areas`."""
        within = tuple(areas)
        exact = [entry for area in within for entry in self._exact.get((area, key), ())]
        return exact or [entry for area in within for entry in self._folded.get((area, unmark(key)), ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCodes:
    """Both lists of units by code."""

    provinces: Mapping[str, str]  # today's code → name
    communes: Mapping[str, Commune]  # today's
    old: Mapping[str, OldCommune]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gazetteer:
    """Both lists of units by name."""

    now_in: Mapping[str, str]  # old province or district area → today's province
    province_names: Names  # area: ANYWHERE
    district_names: Names  # area: of the old province, or ANYWHERE; the entry's code is the district's
    commune_names: Names  # area: of the province, of the district, or ANYWHERE (there with the type only)


def area_of(scheme: Scheme, province: str) -> str:
    """Return the area under which the communes of a province of that list are filed."""
    return f"{scheme} {province}"


def district_area(code: str) -> str:
    """Return the area under which the communes of an old district are filed."""
    return f"district {code}"


def _file(names: Names, written: str, *, areas: Iterable[str], entry: Entry) -> None:
    key = unit_key(written)
    for area in areas:
        names.add(area, key, entry)
        names.add(area, bare(key), entry)
    names.add(ANYWHERE, key, entry)


def _file_provinces(provinces: Mapping[str, str]) -> Names:
    names = Names()
    written = [((Scheme.SINCE_2025, code), bare(unit_key(name))) for code, name in provinces.items()]
    written += [
        ((Scheme.BEFORE_2025, row["old_province_code"]), unit_key(row["name"]))
        for row in reference.rows("id_province_codes")
    ]
    for entry, key in written:
        for name in {key, *(alias for alias, meant in _PROVINCE_ALIASES.items() if meant == key)}:
            names.add(ANYWHERE, name, entry)
    return names


def _old_code(row: Mapping[str, str]) -> str:
    """Return the old commune's code; an island district had no communes and goes by its own three digits."""
    return row["old_ward_code"] or row["old_district_code"]


def _old_communes(rows: Iterable[Mapping[str, str]]) -> dict[str, OldCommune]:
    by_code: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        by_code.setdefault(_old_code(row), []).append(row)
    old = {}
    for code, same in by_code.items():
        chief_first = sorted(same, key=lambda row: row["is_default"] != "1")
        targets = tuple(row["new_ward_code"] for row in chief_first)
        old[code] = OldCommune(
            name=same[0]["old_ward"] or same[0]["old_district"], targets=targets, now_in=same[0]["new_province_code"]
        )
    return old


def _file_old_units(names: Names) -> tuple[Names, dict[str, str]]:
    """File the communes of the old list under `names`; return its districts, and today's province of each area."""
    district_names, now_in = Names(), {}
    filed: set[str] = set()
    for row in reference.rows("admin_old_to_new_2025"):
        code, district = _old_code(row), row["old_district_code"]
        province = area_of(Scheme.BEFORE_2025, row["old_province_code"])
        now_in[province] = now_in[district_area(district)] = row["new_province_code"]
        if code not in filed:
            areas = [province, district_area(district)] if code != district else [province]
            _file(names, row["old_ward"] or row["old_district"], areas=areas, entry=(Scheme.BEFORE_2025, code))
        if district not in filed | {code}:
            _file(district_names, row["old_district"], areas=[province], entry=(Scheme.BEFORE_2025, district))
        filed |= {code, district}
    return district_names, now_in


@cache
def unit_codes() -> UnitCodes:
    """Return the lists that are shipped, by code; whoever has codes only need not wait for the names."""
    communes = reference.rows("admin_communes_2025")
    return UnitCodes(
        provinces={row["code"]: row["name"] for row in reference.rows("admin_provinces_2025")},
        communes={row["code"]: Commune(name=row["name"], province=row["province_code"]) for row in communes},
        old=_old_communes(reference.rows("admin_old_to_new_2025")),
    )


@cache
def gazetteer() -> Gazetteer:
    """Return the lists that are shipped, by name."""
    codes, names = unit_codes(), Names()
    for code, commune in codes.communes.items():
        areas = [area_of(Scheme.SINCE_2025, commune.province)]
        _file(names, commune.name, areas=areas, entry=(Scheme.SINCE_2025, code))
    district_names, now_in = _file_old_units(names)
    return Gazetteer(
        now_in=now_in,
        province_names=_file_provinces(codes.provinces),
        district_names=district_names,
        commune_names=names,
    )
