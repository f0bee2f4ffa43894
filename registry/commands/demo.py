"""The demo: an invented province, or a delivered drop, through the main job, and the pages served."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from connectors.contract import CitizenSnapshot
from connectors.population.extract import read_extract
from connectors.population.npdb import NpdbConnector, NpdbSettings
from connectors.simulators.npdb_people import Account
from connectors.simulators.npdb_server import serve as simulate
from registry.commands.connection import listening
from registry.commands.console import AsJson, Bars, Data, answer, err, now, out, table
from registry.commands.records import file_document, print_files, write_links
from registry.commands.serving import PortOption, address_of, run_until_interrupted
from registry.demo.invention import invent
from registry.demo.staffing import DemoAccount, staff_the_demo
from registry.jobs import drop as drops
from registry.jobs import linking
from registry.jobs.drop import Drop, DropAccount
from registry.jobs.opening import Installation, installation
from registry.model.access import Purpose
from registry.model.errors import DemoRefused
from registry.settings import Settings

SEED: Final = 42
CHILDREN: Final = 1500
INVENTED_ON: Final = date(2026, 10, 31)
REASONS: Final[Mapping[str, str]] = {
    Purpose.CASE_WORK.value: "taking over or working on her case",
    Purpose.REFERRAL.value: "referring her to another office",
    Purpose.EMERGENCY.value: "danger now; the log marks the look as one",
    Purpose.DUPLICATE_CHECK.value: "checking whether two records are one child",
    Purpose.OTHER.value: "something else, with a sentence that says what",
}
VERIFIED: Final = 100  # links asked about: enough to show, soon done
SIMULATED = Account(user="child-registry", secret="simulated", api_key="simulated")  # noqa: S106  opens a simulator only


def demo(
    *,
    drop: Annotated[Path | None, typer.Option("--drop", help="A folder of delivered files instead.")] = None,
    links: Annotated[Path | None, typer.Option("--links", help="Write the list of links here, mode 0600.")] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop when the work is done.")] = False,
    children: Annotated[int, typer.Option(help="How many children to invent.", min=50)] = CHILDREN,
    port: PortOption = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Invent a small province (or take a drop), run the main job on it, and serve the pages."""
    settings = Settings.load(data)
    if settings.mark != "demo":
        raise DemoRefused("the demo is for installations marked demo; this one is marked real")
    with ExitStack() as stack:
        listener = None
        if not no_serve:
            chosen = settings.port if port is None else port
            listener = stack.enter_context(listening(settings.host, chosen))
        installed = stack.enter_context(installation(settings, clock=now, may_create=True))
        account, verified = _work(installed, drop, children=children, quiet=json)
        people = staff_the_demo(installed)
        if links is not None:
            write_links(installed, links)
        address = address_of(listener, settings) if listener else None
        if json:
            answer(_report(installed, account, verified, people, address=address))
        else:
            _print(account, verified, people)
        if listener is not None:
            out.print(f"Open {address} and sign in with a one-time password; Ctrl-C stops everything.")
            run_until_interrupted(installed, listener)


def _work(
    installed: Installation, folder: Path | None, *, children: int, quiet: bool
) -> tuple[DropAccount | None, Mapping[str, int]]:
    """Run the main job unless the invented province is there already; return its account and what was verified."""
    connectors = drops.all_connectors()
    with ExitStack() as stack, Bars(quiet=quiet) as bars:
        if folder is None:
            if drops.is_done(installed, _invention(installed, children)):
                return None, {}
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="child-registry-", dir=_in_memory())))
            invented = bars.step("inventing a province", total=children)
            invent(folder, seed=SEED, children=children, on=INVENTED_ON)
            invented(children)
            digest = _invention(installed, children)
            drop = drops.look_into(folder, connectors)
        else:
            drop = drops.look_into(folder, connectors)
            digest = drops.drop_digest(installed.vault, drop)
        account = drops.run_drop(installed, drop, connectors, digest=digest, step=bars.step)
        verified = _verify(installed, drop, bars)
        drops.count_and_seal(installed)
    for name in drop.unknown:
        err.print(
            f"child-registry: {name} is no file that a connector knows; it was left alone", markup=False, soft_wrap=True
        )
    return account, verified


def _in_memory() -> Path | None:
    """Return a folder that lies in memory, where there is one: delivered files in clear touch no disk of ours."""
    shared = Path("/dev/shm")  # noqa: S108  what is made in it has mode 0700 and a random name
    return shared if shared.is_dir() and os.access(shared, os.W_OK | os.X_OK) else None


def _invention(installed: Installation, children: int) -> bytes:
    """Return the digest that stands for the invented drop: the same numbers invent the same files."""
    return installed.vault.index.bytes_digest(f"invented {SEED} {children} {INVENTED_ON}".encode())


def _verify(installed: Installation, drop: Drop, bars: Bars) -> Mapping[str, int]:
    """Ask a simulated population service about some links, over real HTTP on loopback."""
    people = (
        (person.personal_number, person.full_name or "", person.birth_date or "")
        for person in read_extract(drop.population)
        if isinstance(person, CitizenSnapshot)
    )
    with simulate(people, SIMULATED, clock=now) as url:
        settings = NpdbSettings(
            endpoint=url,
            user=SIMULATED.user,
            secret=SIMULATED.secret,
            api_key=SIMULATED.api_key,
            x_road_client="VN/GOV/DEMO/CHILD-REGISTRY",
        )
        with NpdbConnector(settings, clock=now, sleep=time.sleep) as connector:
            progress = bars.step("verifying links", total=VERIFIED)
            return linking.verify_some(installed, connector, limit=VERIFIED, progress=progress)


def _report(
    installed: Installation,
    account: DropAccount | None,
    verified: Mapping[str, int],
    people: list[DemoAccount],
    *,
    address: str | None,
) -> dict[str, Any]:
    accounts = [{"login": one.login, "role": one.role.value, "office": one.office} for one in people]
    for shown, one in zip(accounts, people, strict=True):
        if one.one_time_password is not None:
            shown["one_time_password"] = one.one_time_password
    if account is None:
        standing: Mapping[str, int] = drops.standing(installed)
        return {"already_done": True, "links": standing, "accounts": accounts, "address": address}
    return {
        "already_done": False,
        "left_alone": list(account.left_alone),  # files that no connector knows
        "population": account.population,
        "files": [file_document(file) for file in account.files],
        "links": account.links.standing,
        "clusters": account.links.clusters,
        "run": account.links.run_id,
        "verified": verified,
        "accounts": accounts,
        "address": address,
    }


def _print(account: DropAccount | None, verified: Mapping[str, int], people: list[DemoAccount]) -> None:
    if account is None:
        out.print("The demo data is there already; nothing was read again.")
    else:
        out.print(f"Population extract: {account.population.get('people', 0):,} people")
        print_files(list(account.files))
        table("Links", ("decision", "records"), account.links.standing.items())
        table("Records without a citizen that are one child", ("what", "number"), account.links.clusters.items())
        table("Verified by the simulated population service", ("answer", "links"), verified.items())
    table("Reasons for looking at a child", ("code", "meaning"), REASONS.items())
    table(
        "Accounts",
        ("login", "role", "office", "one-time password"),
        [(one.login, one.role.value, one.office, one.one_time_password or "(chosen by its owner)") for one in people],
    )
