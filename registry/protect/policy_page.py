"""The policy as a page for people, made from the table itself: what stands in `docs/permissions.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from registry.model.access import Purpose, Role
from registry.protect.authorize import FRESH, permitted
from registry.protect.doors import DOORS, Door, Who
from registry.protect.policy import RESOURCE_OF, SEPARATE_RIGHTS, Action, Areas, Duty, FieldGroup, Reach, Rule
from registry.protect.policy_rules import AREAS

_REACH: Final = {Reach.FINDING: "F", Reach.OPENING: "O", Reach.NATION: "N", Reach.NOWHERE: "x"}
_NEVER: Final = "·"
_INTRODUCTION: Final = f"""# Permissions

Who may do what, where, for what purpose and with which duties. This page is made from the one table that decides
(`registry/protect/policy_rules.py`) by `child-registry permissions`; what is not in it is denied.

- **F** where the role may find, **O** where it may open, **N** in the nation, **x** allowed and touches no child,
  **{_NEVER}** never.
- Beyond the finding area, and when she is sealed, a child does not exist for whoever asks. Between the two areas she
  can be found, and opened by her own office or in an emergency alone.
- Every permission is logged in the transaction of the act. Duties beyond that stand with each rule;
  *fresh sign-in* means within {int(FRESH.total_seconds() // 60)} minutes.
- Values marked * are separate rights: shown only if the account itself holds the right as well.
"""


def policy_page() -> str:
    """Return the page in Markdown."""
    parts = (_INTRODUCTION, *_areas(), *_matrix(), *_rules(), *_doors())
    return "\n".join(parts) + "\n"


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = tuple(columns)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _areas() -> Iterator[str]:
    yield "## Two areas for each role\n"
    yield from _table(
        ("role", "finds in", "opens in"), ((_words(role), *_extents(areas)) for role, areas in AREAS.items())
    )


def _extents(areas: Areas) -> tuple[str, str]:
    return areas.finding.value, areas.opening.value


def _matrix() -> Iterator[str]:
    yield "## Actions by role\n"
    rows = ((_words(action), *(_sign(role, action) for role in Role)) for action in Action)
    yield from _table(("action", *(_words(role) for role in Role)), rows)


def _sign(role: Role, action: Action) -> str:
    signs = {_REACH[rule.reach] for rule in permitted(role, action).values()}
    return "".join(sorted(signs)) or _NEVER


def _rules() -> Iterator[str]:
    yield "## What each is shown, for which purpose\n"
    for role in Role:
        rows = [row for action in Action for row in _rows(role, action)]
        if rows:
            yield f"### {_words(role)}\n"
            yield from _table(("action", "on", "purposes", "where", "shown", "shortened", "duties"), rows)


def _rows(role: Role, action: Action) -> Iterator[tuple[str, ...]]:
    """Return a row for each rule, its purposes together."""
    purposes: dict[Rule, list[Purpose]] = {}
    for purpose, rule in permitted(role, action).items():
        purposes.setdefault(rule, []).append(purpose)
    for rule, given in purposes.items():
        yield (
            _words(action),
            RESOURCE_OF[action].value,
            ", ".join(sorted(map(_words, given))),
            rule.reach.value,
            _groups(rule.shown),
            _groups(rule.masked),
            ", ".join(sorted(_words(duty) for duty in rule.duties if duty is not Duty.LOG)),
        )


def _groups(groups: Iterable[FieldGroup]) -> str:
    order = list(FieldGroup)
    return ", ".join(
        _words(group) + ("*" if group in SEPARATE_RIGHTS else "") for group in sorted(groups, key=order.index)
    )


def _doors() -> Iterator[str]:
    yield "## Doors\n"
    yield "Pages stand under a language; `/v1` is the interface for systems. No other door exists.\n"
    paths: dict[tuple[str, Action | Who], list[Door]] = {}
    for door in DOORS:
        paths.setdefault((door.path, door.needs), []).append(door)
    rows = (
        (f"`{path}`", " ".join(door.method for door in doors), _words(needs)) for (path, needs), doors in paths.items()
    )
    yield from _table(("address", "methods", "needs"), rows)


def _words(code: str) -> str:
    return str(code).replace("_", " ")
