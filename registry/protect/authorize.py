"""The one place where a permission is given. What it gives, the store demands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from registry.model.access import NATION, NOWHERE, PEOPLE_PURPOSES, Access, Area, Purpose, Role
from registry.model.errors import NotFound, ReasonNeeded, Refused
from registry.protect.policy import (
    RULES,
    Action,
    Duty,
    FieldGroup,
    Reach,
    Rule,
)

__all__ = ["Action", "Duty", "FieldGroup", "Grant", "authorize", "cells_of", "permitted"]

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
    area = _area(rule, access)
    if place_known and not area.covers(province=province, commune=commune):
        raise NotFound
    return _grant(access, action, rule=rule, area=area)


def _grant(access: Access, action: Action, *, rule: Rule, area: Area) -> Grant:
    return Grant(
        access=access,
        action=action,
        field_groups=rule.shown,
        masked=rule.masked,
        area=area,
        duties=rule.duties,
        mint=_MINT,
    )


def _wrong_purpose(access: Access, action: Action, cell: Mapping[Purpose, Rule]) -> ReasonNeeded | Refused:
    """Tell "say why" (no reason for looking at a person yet) from "not for this"."""
    if access.purpose not in PEOPLE_PURPOSES and not PEOPLE_PURPOSES.isdisjoint(cell):
        return ReasonNeeded("choose a purpose", field="purpose")
    return Refused("not for this purpose", field="purpose", place=action.value)


def _area(rule: Rule, access: Access) -> Area:
    if rule.reach is Reach.NATION:
        return NATION
    return access.area if rule.reach is Reach.AREA else NOWHERE
