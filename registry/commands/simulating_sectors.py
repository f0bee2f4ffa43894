"""`simulate sector KIND`: a sector's system on this machine, with invented children, changes and faults."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from connectors.simulators.sectors import fhir, oneroster
from connectors.simulators.sectors.faulty import TOKEN, SectorFault, SimulatedSource, serve_source
from connectors.simulators.sectors.hotline import HotlineSource
from connectors.simulators.sectors.paged import ChangesSource, PagedSource
from connectors.simulators.sectors.unrest import Unrest, filled_feed, filled_pages
from registry.commands.console import AsJson, answer, now, out, table
from registry.commands.simulating import interruption, simulate_app
from registry.model.errors import BadQuery

__all__ = ["simulate_app"]  # with the command of this module


class Kind(StrEnum):
    """Which system is simulated."""

    PAGED = "paged"
    CHANGES = "changes"
    HOTLINE = "hotline"
    ONEROSTER = "oneroster"
    FHIR = "fhir"


_CONNECTORS = {Kind.PAGED: "pull_window", Kind.CHANGES: "pull_changes", Kind.HOTLINE: "hotline"}
_STANDARD = {Kind.ONEROSTER: "oneroster", Kind.FHIR: "fhir_search"}  # of others, with their own ways of telling changes
_PATHS = {Kind.PAGED: "/pages", Kind.CHANGES: "/changes", Kind.HOTLINE: "/handovers"}


@simulate_app.command("sector")
def simulate_sector(
    kind: Annotated[Kind, typer.Argument(help="Pages of days, changes by number, the hotline, a roster, FHIR.")],
    *,
    rows: Annotated[int, typer.Option(help="How many records to invent.", min=0, max=1_000_000)] = 200,
    seed: Annotated[int, typer.Option(help="The same seed: the same records, the same faults.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="KIND=SHARE", help="Let a share of the requests fail so; repeatable.")
    ] = None,
    unrest: Annotated[
        float, typer.Option(help="Share of answers behind which a record changes, comes late, twice or goes.", min=0)
    ] = 0.0,
    slow_seconds: Annotated[float, typer.Option(help="How late a slow answer is.", min=0)] = 1.0,
    port: Annotated[int, typer.Option(help="0 for any free one.", min=0, max=65535)] = 0,
    json: AsJson = False,
) -> None:
    """Serve a sector's system on loopback until interrupted; the token is `simulated`."""
    shares = _shares(fault or [])
    if kind in _STANDARD:
        if unrest:
            raise BadQuery("unrest", "is for paged, changes and hotline")
        _serve_standard(kind, rows, SimulatedAs(seed, shares, slow_seconds), port=port, json=json)
        return
    source = _source(kind, rows, seed=seed, shares=shares, slow_seconds=slow_seconds)
    if unrest:
        source.afterwards = Unrest(source, unrest, clock=now)
    with interruption() as wait, serve_source(source, port=port) as url:
        told = {
            "connector": _CONNECTORS[kind],
            "endpoint": url,
            "path": _PATHS[kind],
            "token": TOKEN,
            "records": len(source.keys()),
        }
        _tell(told, json=json)
        wait()


def _source(
    kind: Kind, rows: int, *, seed: int, shares: dict[SectorFault, float], slow_seconds: float
) -> PagedSource | ChangesSource:
    if kind is Kind.PAGED:
        pages = PagedSource(seed=seed, shares=shares, slow_seconds=slow_seconds)
        return filled_pages(rows, seed=seed, at=now(), source=pages)
    make = HotlineSource if kind is Kind.HOTLINE else ChangesSource
    return filled_feed(rows, seed=seed, at=now(), source=make(seed=seed, shares=shares, slow_seconds=slow_seconds))


class SimulatedAs(NamedTuple):
    """How a source behaves."""

    seed: int
    shares: dict[SectorFault, float]
    slow_seconds: float


def _serve_standard(kind: Kind, rows: int, behaves: SimulatedAs, *, port: int, json: bool) -> None:
    """Serve a school's roster or a FHIR server until interrupted."""
    at = now() - timedelta(days=1)
    how: dict[str, Any] = behaves._asdict()
    source: SimulatedSource
    if kind is Kind.ONEROSTER:
        source = roster = oneroster.OneRosterSource(**how)
        oneroster.fill(roster, pupils=rows, at=at)
    else:
        source = server = fhir.FhirSource(now=now(), **how)
        fhir.fill(server, children=rows, at=at)
    with interruption() as wait, serve_source(source, port=port) as url:
        told: dict[str, Any] = {"connector": _STANDARD[kind], "endpoint": url, "path": "", "records": rows}
        if kind is Kind.ONEROSTER:
            name, secret = oneroster.CLIENT
            told |= {"token_url": url + oneroster.TOKEN_PATH, "client_id": name, "client_secret": secret}
        else:
            told |= {"endpoint": url + fhir.ROOT, "token": TOKEN}
        _tell(told, json=json)
        wait()


def _shares(said: list[str]) -> dict[SectorFault, float]:
    """Return the shares of faults as they were asked for.

    Raises:
        BadQuery: one is not written as KIND=SHARE, or they are more than all requests.
    """
    shares: dict[SectorFault, float] = {}
    for one in said:
        kind, _, share = one.partition("=")
        try:
            shares[SectorFault(kind)] = float(share)
        except ValueError:
            kinds = ", ".join(fault.value for fault in SectorFault)
            raise BadQuery("fault", f"must be KIND=SHARE; the kinds are {kinds}") from None
    if any(not 0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1:
        raise BadQuery("fault", "shares are from 0 to 1, and all together at most 1")
    return shares


def _tell(told: dict[str, Any], *, json: bool) -> None:
    if json:
        answer(told)
        return
    out.print(f"a simulated sector system answers at {told['endpoint']}{told['path']}; Ctrl-C stops it")
    table("Connect to it with", ("setting", "value"), ((name, str(value)) for name, value in told.items()))
