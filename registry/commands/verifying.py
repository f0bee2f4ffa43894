"""Asks the population database about links, and shows what waits."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Final

import typer

from registry.actions.population.overview import Overview
from registry.commands.console import AsJson, Bars, Data, Login, answer, now, opened, operator, table
from registry.jobs import verifying
from registry.jobs.identity import permit
from registry.model.access import Purpose
from registry.protect.authorize import Action

LONGEST_WAIT: Final = 300.0  # seconds that the command waits for more to be let through


def verify(
    *,
    limit: Annotated[int, typer.Option(help="How many links to ask about at most.", min=1)] = 100,
    once: Annotated[bool, typer.Option("--once", help="Ask what is let through now; do not wait for more.")] = False,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Ask the population database of the file of connections about links that wait, and show what waits then."""
    with opened(data) as installed, verifying.connected(installed) as (connector, terms), Bars(quiet=json) as bars:
        permit(installed, operator(login), Action.VERIFY, Purpose.VERIFICATION)
        verifying.look_after(installed, terms)
        progress = bars.step("verifying links", total=limit)
        said: Counter[str] = Counter()
        while said.total() < limit:
            drained = verifying.drain(installed, connector, terms, limit=limit - said.total(), progress=progress)
            said.update(drained.outcomes)
            wait = (drained.again_at - now()).total_seconds() if drained.again_at else None
            if once or wait is None or wait > LONGEST_WAIT or said.total() >= limit:
                break
            time.sleep(max(wait, 0.1))
        waits = verifying.what_waits(installed, connector.describe().name, terms)
    if json:
        answer({"answers": said, "waits": asdict(waits)})
    else:
        table("Answers", ("answer", "links"), said.items())
        _show(waits)
    if said.get("unknown"):
        raise SystemExit(1)


def _show(waits: Overview) -> None:
    table("Links", ("state", "links"), waits.states.items())
    rows = (
        ("to be asked about now", waits.due),
        ("oldest of them since", waits.oldest_due or ""),
        ("without an answer the last time", waits.failing),
        ("findings for a person", waits.findings),
        ("breaker", f"{waits.breaker} {waits.failure or ''}".strip()),
        ("asked today", waits.asked_today),
        ("left of today's quota", "no quota" if waits.left_today is None else waits.left_today),
    )
    table("What waits", ("what", "now"), rows)
