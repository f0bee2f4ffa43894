"""Places to live in: a commune of today together with the old commune that the home belonged to."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final

from registry.demo.chance import Weighted, generator, pick, whole
from registry.demo.profiles import DEFAULT_PROVINCE, KINH, PEOPLES, REGION_OF, STREETS, Region, hamlet_words

_CHILDREN_PER_COMMUNE: Final = 38
_FEWEST_COMMUNES: Final = 12
_SPLIT_COMMUNES: Final = 8  # how many communes that took part of a split old one are chosen before any other
_OLD_CITIES: Final = frozenset({"01", "31", "48", "79", "92"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A commune as both lists of units know it."""

    commune: str  # code valid from 2025-07-01
    commune_name: str
    province: str
    province_name: str
    ward: str  # code valid until 2025-06-30; empty for an island district, which had no communes
    ward_name: str
    district: str
    district_name: str
    old_province: str
    old_province_name: str
    split: bool  # the old commune went to several new ones

    @property
    def region(self) -> Region:
        """The part of the country."""
        return REGION_OF[self.province]

    @property
    def old_code(self) -> str:
        """The code that old records carry: the district's where there was no commune."""
        return self.ward or self.district

    def old_address(self, detail: str) -> str:
        """Return the address as it was written until 2025-06-30."""
        return _joined(detail, self.ward_name, self.district_name, self.old_province_name)

    def new_address(self, detail: str) -> str:
        """Return the address as it is written since 2025-07-01."""
        return _joined(detail, self.commune_name, self.province_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A place and the line that stands before it in an address."""

    place: Place
    detail: str


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def reference_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one code list; its first lines name the source and are skipped."""
    text = files("matching.reference").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def every_place() -> tuple[Place, ...]:
    """Return every pair of an old and a new commune in the country."""
    communes = {row["code"]: row["name"] for row in reference_rows("admin_communes_2025.csv")}
    provinces = {row["code"]: row["name"] for row in reference_rows("admin_provinces_2025.csv")}
    before = {row["old_province_code"]: row["name"] for row in reference_rows("id_province_codes.csv")}
    return tuple(
        Place(
            commune=row["new_ward_code"],
            commune_name=communes[row["new_ward_code"]],
            province=row["new_province_code"],
            province_name=provinces[row["new_province_code"]],
            ward=row["old_ward_code"],
            ward_name=row["old_ward"],
            district=row["old_district_code"],
            district_name=row["old_district"],
            old_province=row["old_province_code"],
            old_province_name=_old_province_name(row["old_province_code"], before),
            split=row["targets"] != "1",
        )
        for row in reference_rows("admin_old_to_new_2025.csv")
    )


def _old_province_name(code: str, names: dict[str, str]) -> str:
    return f"{'Thành phố' if code in _OLD_CITIES else 'Tỉnh'} {names[code]}"


@cache
def surviving_codes() -> dict[str, str]:
    """Return for each prefix of a number the prefix that the same area uses since the mergers of 2025."""
    return {row["id_code"]: "0" + row["new_province_code"] for row in reference_rows("id_province_codes.csv")}


class Gazetteer:
    """The communes of one invention, each with a size and a mixture of peoples of its own."""

    def __init__(self, seed: int, *, children: int, provinces: Sequence[str] | None = None) -> None:
        rng = generator(seed, "places")
        chosen = tuple(provinces) if provinces else (DEFAULT_PROVINCE,)
        by_commune: dict[str, list[Place]] = defaultdict(list)
        for place in every_place():
            if place.province in chosen:
                by_commune[place.commune].append(place)
        codes = _chosen_communes(by_commune, rng, wanted=max(_FEWEST_COMMUNES, children // _CHILDREN_PER_COMMUNE))
        self._places = {code: by_commune[code] for code in codes}
        self._communes = Weighted((code, 0.4 + rng.expovariate(1.6)) for code in codes)
        self._peoples = {code: _peoples(self._places[code][0].province, rng) for code in codes}

    @property
    def communes(self) -> tuple[str, ...]:
        """The codes of the chosen communes."""
        return self._communes.values

    def place(self, rng: Random) -> Place:
        """Return a place to live in."""
        return pick(rng, self._places[self._communes.draw(rng)])

    def people(self, rng: Random, place: Place) -> str:
        """Return the ethnic group of a household that lives in `place`."""
        return self._peoples[place.commune].draw(rng)

    def elsewhere(self, rng: Random, place: Place) -> Place:
        """Return another commune, mostly near by, at times anywhere in the country."""
        for _ in range(8):
            other = self.place(rng) if rng.random() < 0.75 else pick(rng, every_place())
            if other.commune != place.commune and other.ward:
                return other
        return pick(rng, every_place())


def home_in(rng: Random, place: Place) -> Home:
    """Return a home in `place` with an invented hamlet or street."""
    urban = not place.ward_name.startswith("Xã")
    if rng.random() < (0.35 if urban else 0.06):
        return Home(place=place, detail=f"Số {whole(rng, 1, 380)} đường {pick(rng, STREETS)}")
    word = pick(rng, hamlet_words(place.region, urban=urban))
    return Home(place=place, detail=f"{word} {whole(rng, 1, 15)}")


def _chosen_communes(by_commune: dict[str, list[Place]], rng: Random, *, wanted: int) -> list[str]:
    codes = sorted(by_commune)
    rng.shuffle(codes)
    split = [code for code in codes if any(place.split for place in by_commune[code])][:_SPLIT_COMMUNES]
    others = [code for code in codes if code not in split]
    return sorted((split + others)[:wanted])


def _peoples(province: str, rng: Random) -> Weighted[str]:
    """Return a commune's mixture: the province's, with the groups gathered here and thinned out there."""
    shares = PEOPLES[province]
    mixture = [(KINH, 1000.0 - sum(shares.values()))]
    mixture += [(code, share * rng.expovariate(1.0) ** 1.6) for code, share in shares.items()]
    return Weighted(mixture)
