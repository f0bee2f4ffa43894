"""Communes and provinces: a code or an address as a unit, and what it is in today's list.

On 1 July 2025 the districts went and 10,035 communes became 3,321; nearly every new code had been the code of some
old unit, mostly of a smaller one with another name. So a code means nothing without its list, and a commune that was
split is several of today's until a person says which. Nothing here is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from matching.gazetteer import (
    ANYWHERE,
    Entry,
    area_of,
    bare,
    district_area,
    gazetteer,
    mentions,
    unit_codes,
    unit_key,
)
from matching.identity import Certainty, Scheme, Unit
from matching.syllables import unmark

_COUNTRY = frozenset({"viet nam", "vn", "vietnam"})
_MOST_NAMESAKES = 5  # as many as the widest split of an old commune; more say no more than the province
_CODE = re.compile(r"'?([0-9]{1,5})(?:\.0+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """An address taken apart: the parts before district and province, and where to look a commune up."""

    parts: tuple[str, ...]
    areas: tuple[tuple[str, ...], ...]  # groups, the best first
    scheme: Scheme  # whose units it names
    province: str | None  # today's code


def _unit(scheme: Scheme, code: str) -> Unit:
    """Convert one code; an unknown one stays unknown."""
    lists = unit_codes()
    communes: tuple[str, ...] = ()
    province = None
    if scheme is Scheme.SINCE_2025 and code in lists.communes:
        communes, province = (code,), lists.communes[code].province
    elif scheme is Scheme.BEFORE_2025 and code in lists.old:
        communes, province = lists.old[code].targets, lists.old[code].now_in
    certainty = (Certainty.UNKNOWN, Certainty.EXACT, Certainty.AMBIGUOUS)[min(len(communes), 2)]
    return Unit(code=code, scheme=scheme, certainty=certainty, communes=communes, province=province)


def _one_of(units: Iterable[Unit], *, code: str = "") -> Unit | None:
    """Return what is known of a unit that is one of `units`: None when not even the province is.

    Among too many the commune counts as unknown.
    """
    several = list(dict.fromkeys(units))
    communes = tuple(dict.fromkeys(commune for unit in several for commune in unit.communes))
    if len(several) == 1:
        return several[0]
    if len(communes) == 1:
        return _unit(Scheme.SINCE_2025, communes[0])
    if len({unit.province for unit in several}) != 1:
        return None
    old = all(unit.scheme is Scheme.BEFORE_2025 for unit in several)
    few = len(communes) <= _MOST_NAMESAKES
    return Unit(
        code=code,
        scheme=Scheme.BEFORE_2025 if old else Scheme.SINCE_2025,
        certainty=Certainty.AMBIGUOUS if few else Certainty.UNKNOWN,
        communes=communes if few else (),
        province=several[0].province,
    )


def _take_apart(address: str) -> _Address:
    lists = gazetteer()
    parts = [key for part in re.split(r"[,;\n]", address) if (key := unit_key(part))]
    if parts and unmark(parts[-1]) in _COUNTRY:
        parts.pop()
    named = lists.province_names.named([ANYWHERE], bare(parts[-1])) if parts else []
    parts = parts[:-1] if named else parts
    within = [area_of(scheme, code) for scheme, code in named]
    typed = bool(parts) and bare(parts[-1]) != parts[-1]
    found = lists.district_names.named(within or [ANYWHERE], parts[-1]) if len(parts) > 1 or typed else []
    districts = tuple(district_area(code) for _, code in found)
    today = {lists.now_in[area] for area in districts}
    today = today or {code for scheme, code in named if scheme is Scheme.SINCE_2025}
    today = today or {lists.now_in[area] for area in within}
    areas: tuple[tuple[str, ...], ...] = (districts,)
    if districts:
        parts = parts[:-1]
    elif named:
        areas = tuple((area_of(scheme, code),) for scheme, code in sorted(named, reverse=True))  # today's list first
    else:
        areas = ((ANYWHERE,),)
    old = bool(districts) or (bool(named) and all(scheme is Scheme.BEFORE_2025 for scheme, _ in named))
    return _Address(
        parts=tuple(parts),
        areas=areas,
        scheme=Scheme.BEFORE_2025 if old else Scheme.SINCE_2025,
        province=today.pop() if len(today) == 1 else None,
    )


def _named_in(address: _Address) -> list[Entry]:
    """Return the communes that the address names: all that bear the name, from the best group of areas."""
    names = gazetteer().commune_names
    typed = [name for part in reversed(address.parts) for name in mentions(part)]
    for areas in address.areas:
        for name in [*address.parts[-1:], *typed]:  # without its type a name counts in the last part only
            if found := names.named(areas, name):
                return found
    return []


def units_in(address: str) -> Unit | None:
    """Return the unit that an address names: 'Phường 27, Quận Bình Thạnh, Thành phố Hồ Chí Minh'.

    A few namesakes make it ambiguous; its `code` is then empty. When only the province is known, the unit is
    unknown but for its province. None: the address says nothing sure.
    """
    apart = _take_apart(address)
    found = _named_in(apart)
    if found:
        return _one_of(_unit(scheme, code) for scheme, code in found)
    if apart.province is None:
        return None
    return Unit(code="", scheme=apart.scheme, certainty=Certainty.UNKNOWN, communes=(), province=apart.province)


def _names_it(unit: Unit, address: str) -> bool:
    """Tell whether `address` holds the name that the unit's code has in its own list."""
    lists = unit_codes()
    own = lists.old[unit.code].name if unit.scheme is Scheme.BEFORE_2025 else lists.communes[unit.code].name
    said = {name for part in re.split(r"[,;\n]", address) for name in mentions(unit_key(part))}
    key = unit_key(own)
    return key in said or unmark(key) in said


def _of_either_list(code: str, address: str) -> Unit:
    """Return the unit of a code whose list the source does not name."""
    known = [unit for scheme in Scheme if (unit := _unit(scheme, code)).certainty is not Certainty.UNKNOWN]
    said = units_in(address) if address else None
    if said is not None and said.code == code:
        return said
    if said is not None and len(known) > 1:
        fitting = [unit for unit in known if set(unit.communes) & set(said.communes)]
        if len(fitting) != 1 and said.scheme is Scheme.BEFORE_2025:
            fitting = [unit for unit in known if unit.scheme is Scheme.BEFORE_2025]
        known = fitting if len(fitting) == 1 else known
    if len(known) > 1:
        named = [unit for unit in known if _names_it(unit, address)]
        known = named or known
    return (_one_of(known, code=code) if known else None) or _unit(Scheme.SINCE_2025, code)


def read_unit(code: str | None, scheme: Scheme | None, *, address: str | None = None) -> Unit | None:
    """Return the commune that a source's code means, in today's list as well; the address alone when there is no code.

    A code that a spreadsheet shortened gets its zeros back. Without a scheme the address decides: the list in which
    the code fits what the address names; if that says nothing, the unit is ambiguous over both lists.

    Returns: None when neither code nor address says anything.
    """
    text = (code or "").strip()
    if not text:
        return units_in(address) if address else None
    digits = _CODE.fullmatch(text)
    if digits is None:  # not repeated: what stands there may be anything
        return Unit(
            code="", scheme=scheme or Scheme.SINCE_2025, certainty=Certainty.UNKNOWN, communes=(), province=None
        )
    island = scheme is not Scheme.SINCE_2025 and digits[1] in unit_codes().old
    full = digits[1] if island else digits[1].zfill(5)
    if scheme is None:
        return _of_either_list(full, address or "")
    unit = _unit(scheme, full)
    said = units_in(address) if address and unit.certainty is Certainty.AMBIGUOUS else None
    if said is not None and said.certainty is Certainty.EXACT and said.communes[0] in unit.communes:
        return replace(unit, certainty=Certainty.EXACT, communes=said.communes)  # today's name stands in the address
    return unit


def commune_name(code: str) -> str | None:
    """Return the name of one of today's communes with its type; None for any other code."""
    commune = unit_codes().communes.get(code)
    return commune.name if commune else None


def province_name(code: str) -> str | None:
    """Return the name of one of today's provinces with its type; None for any other code."""
    return unit_codes().provinces.get(code)


def provinces() -> Mapping[str, str]:
    """Return the names of today's provinces by code."""
    return MappingProxyType(unit_codes().provinces)


def communes_of(province: str) -> tuple[str, ...]:
    """Return the codes of today's communes of a province, in the order of the codes."""
    return tuple(code for code, commune in unit_codes().communes.items() if commune.province == province)


def province_of(commune: str) -> str | None:
    """Return the code of the province of one of today's communes; None for any other code."""
    found = unit_codes().communes.get(commune)
    return found.province if found else None


def find_communes(text: str) -> tuple[str, ...]:
    """Return today's communes that a search form may mean by `text`: a code, or a name or its beginning.

    The name may lack its marks and its type; after a comma the province may follow. Best first: the same name, then
    names that begin so, then names that hold it.
    """
    lists = unit_codes()
    digits = _CODE.fullmatch(text.strip())
    if digits is not None and digits[1].zfill(5) in lists.communes:
        return (digits[1].zfill(5),)
    name, _, place = text.partition(",")
    key = unit_key(name)
    if not key:
        return ()
    within = {code for _, code in gazetteer().province_names.named([ANYWHERE], bare(unit_key(place)))}
    ranked = []
    for code, commune in lists.communes.items():
        rank = _likeness(key, unit_key(commune.name))
        if rank is not None and (not place.strip() or commune.province in within):
            ranked.append((rank, code))
    return tuple(code for _, code in sorted(ranked))


def _likeness(key: str, name: str) -> int | None:
    forms = (name, bare(name))
    if key in forms:
        return 0
    plain, plain_forms = unmark(key), tuple(map(unmark, forms))
    if plain in plain_forms:
        return 1
    if any(form.startswith(plain) for form in plain_forms):
        return 2
    return 3 if f" {plain}" in plain_forms[0] else None
