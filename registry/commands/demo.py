"""The demo: an invented province, or a delivered drop, through the main job, and the pages served."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from connectors.population.extract import read_extract
from registry.commands.connection import listening
from registry.commands.console import AsJson, Bars, Data, answer, err, now, out, table
from registry.commands.records import file_document, print_files, write_links
from registry.commands.serving import PortOption, address_of, run_until_interrupted
from registry.demo.invention import invent
from registry.demo.outside import HOTLINE, connected_outside, people_of
from registry.demo.staffing import DemoAccount, staff_the_demo
from registry.jobs import drop as drops
from registry.jobs import syncing, verifying
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
        work = _Work(installed, stack, children=children, serves=listener is not None)
        with Bars(quiet=json) as bars:
            account, verified = work.invented(bars) if drop is None else work.delivered(drop, bars)
        people = staff_the_demo(installed)
        if links is not None:
            write_links(installed, links)
        address = address_of(listener, settings) if listener else None
        if json:
            answer(_report(installed, account, verified, people, address=address))
        else:
            _print(account, verified, people)
        if listener is not None:
            if not json:
                out.print(f"Simulators are connected by {work.outside.settings.connections_file}", soft_wrap=True)
            out.print(f"Open {address} and sign in with a one-time password; Ctrl-C stops everything.")
            run_until_interrupted(installed if settings.connections_file else work.outside, listener)


class _Work:
    """The main job of the demo, with the simulators that it is connected to until the stack is closed."""

    def __init__(self, installed: Installation, stack: ExitStack, *, children: int, serves: bool) -> None:
        self.outside = installed  # connected to the simulators, once they run
        self._installed = installed
        self._stack = stack
        self._children = children
        self._serves = serves

    def invented(self, bars: Bars) -> tuple[DropAccount | None, Mapping[str, int]]:
        """Run the job on an invented province unless it is there already: its account, and what was verified."""
        digest = _invention(self._installed, self._children)
        done = drops.is_done(self._installed, digest)
        if done and not self._serves:
            return None, {}
        with tempfile.TemporaryDirectory(prefix="child-registry-", dir=_in_memory()) as folder:
            progress = bars.step("inventing a province", total=self._children)
            invent(Path(folder), seed=SEED, children=self._children, on=INVENTED_ON)
            progress(self._children)
            drop = drops.look_into(Path(folder), drops.all_connectors())
            if done:
                self._connect(drop, invented=True)
                return None, {}
            account, verified = self._run(drop, digest, bars, invented=True)
        _read_hotline(self.outside, bars)
        return account, verified

    def delivered(self, folder: Path, bars: Bars) -> tuple[DropAccount, Mapping[str, int]]:
        """Run the job on a delivered drop: its account, and what was verified."""
        drop = drops.look_into(folder, drops.all_connectors())
        digest = drops.drop_digest(self._installed.vault, drop)
        done = self._run(drop, digest, bars, invented=False)
        for name in drop.unknown:
            told = f"child-registry: {name} is no file that a connector knows; it was left alone"
            err.print(told, markup=False, soft_wrap=True)
        return done

    def _run(self, drop: Drop, digest: bytes, bars: Bars, *, invented: bool) -> tuple[DropAccount, Mapping[str, int]]:
        account = drops.run_drop(self._installed, drop, drops.all_connectors(), digest=digest, step=bars.step)
        self._connect(drop, invented=invented)
        verified = _verify(self.outside, bars)
        drops.count_and_seal(self._installed)
        return account, verified

    def _connect(self, drop: Drop, *, invented: bool) -> None:
        people = list(people_of(read_extract(drop.population)))
        outside = connected_outside(self._installed, people, seed=SEED, invented=invented)
        self.outside = self._stack.enter_context(outside)


def _in_memory() -> Path | None:
    """Return a folder that lies in memory, where there is one: delivered files in clear touch no disk of ours."""
    shared = Path("/dev/shm")  # noqa: S108  what is made in it has mode 0700 and a random name
    return shared if shared.is_dir() and os.access(shared, os.W_OK | os.X_OK) else None


def _invention(installed: Installation, children: int) -> bytes:
    """Return the digest that stands for the invented drop: the same numbers invent the same files."""
    return installed.vault.index.bytes_digest(f"invented {SEED} {children} {INVENTED_ON}".encode())


def _verify(outside: Installation, bars: Bars) -> Mapping[str, int]:
    """Ask the simulated population database about some links, over real HTTP on loopback; changes come first."""
    with verifying.connected(outside) as (connector, terms):
        at_once = replace(terms, calls_a_second=None)
        progress = bars.step("verifying links", total=VERIFIED)
        verifying.follow_changes(outside, connector, at_once)
        return verifying.drain(outside, connector, at_once, limit=VERIFIED, progress=progress).outcomes


def _read_hotline(outside: Installation, bars: Bars) -> None:
    """Read what the simulated hotline hands over; what waits in quarantine then is for a steward to see."""
    progress = bars.step("reading the hotline")
    with syncing.opened_source(HOTLINE, syncing.connection_of(outside, HOTLINE)) as source:
        for stream in syncing.streams_of(source):
            syncing.sync_stream(outside, source, stream, sleep=time.sleep, progress=progress)


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
