"""An identity as the documents that are sealed: one for who the child is, one for the family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matching.identity import BirthDate, Certainty, Flag, Identity, Name, Parent, Scheme, Sex, Unit

Document = Mapping[str, Any]


def identity_document(identity: Identity) -> dict[str, Any]:
    """Return who the child is: name, sex, birth date, numbers, unit, ethnicity, flags."""
    return {
        "name": _name(identity.name),
        "sex": identity.sex.value if identity.sex else None,
        "birth": _birth(identity.birth),
        "number": identity.number,
        "former_numbers": list(identity.former_numbers),
        "unit": _unit(identity.unit),
        "ethnicity": identity.ethnicity,
        "flags": sorted(flag.value for flag in identity.flags),
    }


def family_document(identity: Identity) -> dict[str, Any]:
    """Return the parents."""
    return {"mother": _parent(identity.mother), "father": _parent(identity.father)}


def identity_from(who: Document, family: Document) -> Identity:
    """Return the identity that the two documents were made from."""
    return Identity(
        name=_read_name(who["name"]),
        sex=Sex(who["sex"]) if who["sex"] else None,
        birth=BirthDate(**who["birth"]) if who["birth"] else None,
        number=who["number"],
        former_numbers=tuple(who["former_numbers"]),
        unit=_read_unit(who["unit"]),
        ethnicity=who["ethnicity"],
        mother=_read_parent(family.get("mother")),
        father=_read_parent(family.get("father")),
        flags=frozenset(Flag(flag) for flag in who["flags"]),
    )


def _name(name: Name | None) -> dict[str, Any] | None:
    if name is None:
        return None
    return {
        "written": name.written,
        "marked": name.marked,
        "folded": name.folded,
        "placeholder": name.placeholder,
    }


def _read_name(document: Document | None) -> Name | None:
    return Name(**document) if document else None


def _birth(birth: BirthDate | None) -> dict[str, Any] | None:
    if birth is None:
        return None
    return {
        "year": birth.year,
        "month": birth.month,
        "day": birth.day,
        "placeholder": birth.placeholder,
        "tolerance_years": birth.tolerance_years,
    }


def _unit(unit: Unit | None) -> dict[str, Any] | None:
    if unit is None:
        return None
    return {
        "code": unit.code,
        "scheme": unit.scheme.value,
        "certainty": unit.certainty.value,
        "communes": list(unit.communes),
        "province": unit.province,
    }


def _read_unit(document: Document | None) -> Unit | None:
    if not document:
        return None
    return Unit(
        code=document["code"],
        scheme=Scheme(document["scheme"]),
        certainty=Certainty(document["certainty"]),
        communes=tuple(document["communes"]),
        province=document["province"],
    )


def _parent(parent: Parent | None) -> dict[str, Any] | None:
    if parent is None:
        return None
    return {"name": _name(parent.name), "number": parent.number, "birth_year": parent.birth_year}


def _read_parent(document: Document | None) -> Parent | None:
    if not document:
        return None
    return Parent(name=_read_name(document["name"]), number=document["number"], birth_year=document["birth_year"])
