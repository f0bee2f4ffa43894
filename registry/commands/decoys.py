"""Commands for decoys: plant children who do not exist, and tell how many there are."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import typer

from connectors import plugins
from matching.places import province_of
from registry.actions.oversight import decoys
from registry.actions.oversight.decoys import MOST, Invented
from registry.commands.console import AsJson, Data, Login, answer, opened, operator, out, table
from registry.demo.decoys import invented_pupils
from registry.jobs.enqueue import enqueue_linking
from registry.jobs.identity import permit
from registry.jobs.intake import today
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.protect.authorize import Action

decoys_app = typer.Typer(help="Children who do not exist, whose opening raises an alarm.", no_args_is_help=True)

SYSTEM = "education"  # among whose records they stand


@decoys_app.command("plant")
def plant(
    *,
    per_commune: Annotated[int, typer.Option(help="How many a commune is to have.", min=1, max=MOST)] = 1,
    commune: Annotated[
        list[str] | None, typer.Option(help="Codes of communes; without it, wherever children are known to live.")
    ] = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Plant what decoys are missing; to do it twice changes nothing."""
    unknown = [code for code in commune or () if province_of(code) is None]
    if unknown:
        raise BadQuery("commune", "codes of five digits of today's list")
    with opened(data) as installed:
        permit(installed, operator(login), Action.DECOYS, Purpose.ADMINISTRATION)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            missing = decoys.announce(transaction, installed.vault, per_commune=per_commune, communes=commune or None)
        _store(installed, _invent(installed, missing))
    if json:
        answer({"planted": len(missing)})
    else:
        out.print(f"{len(missing):,} decoys planted")


def _invent(installed: Installation, missing: Mapping[UUID, str]) -> dict[UUID, Invented]:
    by_commune: dict[str, list[UUID]] = defaultdict(list)
    for child, commune in missing.items():
        by_commune[commune].append(child)
    seed, on = secrets.randbits(62), today(installed)
    return {
        child: one
        for commune, ids in by_commune.items()
        for child, one in zip(ids, invented_pupils(commune, len(ids), seed=seed, on=on), strict=True)
    }


def _store(installed: Installation, invented: Mapping[UUID, Invented]) -> None:
    if not invented:
        return
    form = plugins.file_readers()[SYSTEM].format
    with installed.store.begin(installed.engine(Purpose.INGEST), system=SYSTEM) as transaction:
        decoys.plant(transaction, installed.vault, invented, form=form, today=today(installed))
        enqueue_linking(transaction)


@decoys_app.command("list")
def show(*, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """Tell how many decoys were planted when; which they are is told to nobody."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.DECOYS, Purpose.ADMINISTRATION)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            days = decoys.planted(transaction, installed.vault)
    if json:
        answer({"planted": [{"day": day, "number": number} for day, number in days]})
    else:
        table("Decoys", ("planted on", "number"), days)
