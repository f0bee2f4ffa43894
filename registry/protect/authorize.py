"""The one place where a permission is given. What it gives, the store demands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from matching import places
from registry.model.access import NATION, NOWHERE, PEOPLE_PURPOSES, Access, Area, Purpose, Role
from registry.model.errors import FreshSignInNeeded, NotFound, ReasonNeeded, Refused
from registry.protect.policy import SEPARATE_RIGHTS, Action, Duty, Extent, FieldGroup, Reach, Rule
from registry.protect.policy_rules import AREAS, RULES

__all__ = [
    "FRESH",
    "Action",
    "Duty",
    "FieldGroup",
    "Grant",
    "authorize",
    "cells_of",
    "opening_area",
    "permitted",
    "still_permitted",
]

FRESH: Final = timedelta(minutes=5)  # for so long a proof of who one is counts as fresh
_MINT: Final = object()  # only this module has it: a Grant is given, not made


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Permission for one action by one Access. Given by `authorize` alone."""

    access: Access
    action: Action
    field_groups: frozenset[str]  # may be shown whole
    masked: frozenset[str]  # may be shown shortened; disjoint from `field_groups`
    area: Area  # where it holds: a query is narrowed to it
    duties: frozenset[Duty]
    mint: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.mint is not _MINT:
            raise TypeError("a Grant is given by authorize()")

    def may_open(self, group: str) -> bool:
        """Say whether a field group may be unsealed at all, whole or to be shortened."""
        return group in self.field_groups or group in self.masked


def cells_of(rules: Iterable[Rule]) -> Mapping[tuple[Role, Action], Mapping[Purpose, Rule]]:
    """Return the rules by role, action and purpose.

    Raises: ValueError: two rules speak of the same cell.
    """
    table: dict[tuple[Role, Action], dict[Purpose, Rule]] = {}
    for rule in rules:
        for action in rule.actions:
            cell = table.setdefault((rule.role, action), {})
            for purpose in rule.purposes:
                if purpose in cell:
                    raise ValueError(f"two rules for {rule.role}, {action}, {purpose}")
                cell[purpose] = rule
    return table


_CELLS: Final = cells_of(RULES)


def permitted(role: Role, action: Action) -> Mapping[Purpose, Rule]:
    """Return the purposes for which a role may do this, each with its rule; empty: never. For menus and documents."""
    return _CELLS.get((role, action), {})


def authorize(
    access: Access,
    action: Action,
    *,
    province: str | None = None,
    commune: str | None = None,
    place_known: bool = False,
) -> Grant:
    """Return the permission for an action, or refuse it.

    Args:
        access: who asks, as what, where, why.
        action: what is to be done.
        province: where the child lives, in today's codes, like `commune`.
        commune: see `province`.
        place_known: check that place here. Otherwise the caller narrows its query to `Grant.area`, so that a child
            outside is as missing as one that does not exist.

    Raises:
        Refused: the role may never do this, or not for this purpose.
        ReasonNeeded: a child is to be seen and no reason for looking was given, or its sentence is missing.
        FreshSignInNeeded: who asks has not proved lately who they are.
        NotFound: the child is outside the area.

    """
    cell = _CELLS.get((access.role, action))
    if cell is None:
        raise Refused(place=action.value)
    rule = cell.get(access.purpose)
    if rule is None:
        raise _wrong_purpose(access, action, cell)
    if Duty.REASON in rule.duties and not (access.reason and access.reason.strip()):
        raise ReasonNeeded("a sentence is needed with this purpose", field="reason")
    if Duty.FRESH_SIGN_IN in rule.duties and not _is_fresh(access):
        raise FreshSignInNeeded(place=action.value)
    area = _area(rule, access)
    if place_known and not area.covers(province=province, commune=commune):
        raise NotFound
    return _grant(access, action, rule=rule, area=area)


def still_permitted(access: Access, action: Action) -> Grant:
    """Return the permission for what was begun under all its duties and lasts: they are not asked for anew.

    Raises:
        Refused: the role may not do this any more, or not for this purpose.
    """
    rule = permitted(access.role, action).get(access.purpose)
    if rule is None:
        raise Refused(place=action.value)
    return _grant(access, action, rule=rule, area=_area(rule, access))


def _grant(access: Access, action: Action, *, rule: Rule, area: Area) -> Grant:
    return Grant(
        access=access,
        action=action,
        field_groups=rule.shown if access.role is Role.ENGINE else _held(rule.shown, access.rights),
        masked=rule.masked,
        area=area,
        duties=rule.duties,
        mint=_MINT,
    )


@lru_cache(maxsize=1024)
def _held(shown: frozenset[FieldGroup], rights: frozenset[str]) -> frozenset[str]:
    """Return what an account is shown of what its role may be: the separate rights it does not hold are taken away."""
    return frozenset(shown - SEPARATE_RIGHTS | {group for group in shown & SEPARATE_RIGHTS if group.value in rights})


def _is_fresh(access: Access) -> bool:
    return access.proven_at is not None and timedelta(0) <= access.at - access.proven_at <= FRESH


def _wrong_purpose(access: Access, action: Action, cell: Mapping[Purpose, Rule]) -> ReasonNeeded | Refused:
    """Tell "say why" (no reason for looking at a person yet) from "not for this"."""
    if access.purpose not in PEOPLE_PURPOSES and not PEOPLE_PURPOSES.isdisjoint(cell):
        return ReasonNeeded("choose a purpose", field="purpose")
    return Refused("not for this purpose", field="purpose", place=action.value)


def _area(rule: Rule, access: Access) -> Area:
    if rule.reach is Reach.NOWHERE:
        return NOWHERE
    if rule.reach is Reach.NATION:
        return NATION
    areas = AREAS[access.role]
    return _reaching(access, areas.finding if rule.reach is Reach.FINDING else areas.opening)


def opening_area(access: Access) -> Area:
    """Return where this access may open records: beyond it a child is found at the most."""
    return _reaching(access, AREAS[access.role].opening)


def _reaching(access: Access, extent: Extent) -> Area:
    return access.area if extent is Extent.OWN else _extended(access.area, extent)


@lru_cache(maxsize=4096)
def _extended(area: Area, extent: Extent) -> Area:
    """Return how far an area of a role extends from the area of the account; kept, for accounts are few."""
    if area.nation:
        return area
    if extent is Extent.PROVINCE:
        around = {province for commune in area.communes if (province := places.province_of(commune))}
        return Area(provinces=area.provinces | around, communes=area.communes)
    return NATION if extent is Extent.NATION and area != NOWHERE else NOWHERE
