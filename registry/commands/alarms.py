"""The command for alarms: what somebody must look at, and that somebody has."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from registry.actions.oversight.alarms import AlarmView, acknowledge_alarm, list_alarms
from registry.commands.console import AsJson, Data, Login, answer, opened, out
from registry.commands.people import As, access_of
from registry.model.access import Purpose


def alarms(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that were acknowledged, too.")] = False,
    acknowledge: Annotated[UUID | None, typer.Option(help="Say that this alarm was looked at.")] = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List the alarms that wait for somebody, or acknowledge one; an auditor sees whose they are."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.ADMINISTRATION)
        with installed.store.begin(access) as transaction:
            if acknowledge is not None:
                acknowledge_alarm(transaction, installed.vault, acknowledge)
            found = list_alarms(transaction, installed.vault, waiting_only=not every)
    if json:
        names = ("alarm_id", "kind", "raised_at", "login", "child", "place", "acknowledged_at")
        answer({"alarms": [{name: getattr(one, name) for name in names} for one in found]})
        return
    if acknowledge is not None:
        out.print("acknowledged")
    for one in found:
        _print(one)
    out.print(f"{len(found)} alarms" if every else f"{len(found)} alarms wait for somebody")


def _print(alarm: AlarmView) -> None:
    """Print an alarm on two lines, so that its id stands whole on a narrow terminal."""
    details = {
        "account": alarm.login,
        "child": alarm.child,
        "place": alarm.place,
        "acknowledged": alarm.acknowledged_at and alarm.acknowledged_at.isoformat(timespec="minutes"),
    }
    told = ", ".join(f"{name} {value}" for name, value in details.items() if value)
    out.print(f"{alarm.raised_at.isoformat(timespec='minutes')}  {alarm.kind}", markup=False)
    out.print(f"  {alarm.alarm_id}{'  ' + told if told else ''}", markup=False, soft_wrap=True)
