"""Which of today's communes somebody means: by today's name or code, or by one from before the reform of July 2025."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from matching import places
from matching.gazetteer import area_of, bare, district_area, gazetteer, unit_codes, unit_key
from matching.identity import Scheme

MOST: Final = 12  # communes of one search: a name that more of them bear says too little

_CODE: Final = re.compile(r"[0-9]{1,5}")
_OLD: Final = area_of(Scheme.BEFORE_2025, "")


def communes_named(text: str, provinces: Iterable[str] | None) -> frozenset[str]:
    """Return today's communes that a text may mean, or what became of the old ones that it may mean.

    Args:
        text: a name or a code; the district and the province may follow behind commas.
        provinces: today's provinces in which the text is read; None: all.
    """
    within = frozenset(places.provinces() if provinces is None else provinces)
    written = text.strip()
    if _CODE.fullmatch(written):
        found = _by_code(written)
    else:
        said = places.units_in(written)
        found = {*places.find_communes(written), *_by_old_name(written, within), *(said.communes if said else ())}
    return frozenset(code for code in found if places.province_of(code) in within)


def _by_code(code: str) -> set[str]:
    """Return what a code means in either list: nearly every one of today's was an old commune's before."""
    lists = unit_codes()
    found = {full for full in (code.zfill(5),) if full in lists.communes}
    for full in (code, code.zfill(5)):
        if full in lists.old:
            found.update(lists.old[full].targets)
    return found


def _by_old_name(text: str, provinces: frozenset[str]) -> set[str]:
    """Return what became of the old communes of a name, with or without their district, in today's provinces."""
    lists = gazetteer()
    name, _, behind = text.partition(",")
    areas = [area for area, province in lists.now_in.items() if province in provinces and area.startswith(_OLD)]
    district = unit_key(behind.partition(",")[0])
    if district:
        found = lists.district_names.named(areas, district) or lists.district_names.named(areas, bare(district))
        areas = [district_area(code) for _, code in found]
    key = unit_key(name)
    for written in dict.fromkeys((key, bare(key))):
        entries = lists.commune_names.named(areas, written) if written else []
        if entries:
            return {target for _, code in entries for target in unit_codes().old[code].targets}
    return set()
