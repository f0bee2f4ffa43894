"""The command line: `child-registry`, or `python -m registry`."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from registry.commands.alarms import alarms
from registry.commands.breaches import breaches_app
from registry.commands.clients import clients_app
from registry.commands.console import guarded
from registry.commands.database import backup, check, migrate, restore
from registry.commands.decoys import decoys_app
from registry.commands.demo import demo
from registry.commands.keys import erase, keys_app
from registry.commands.law import bases_app, holds_app, print_processing_record, retention_app
from registry.commands.limits import exports_app
from registry.commands.linkage import match, reviews
from registry.commands.log import log_app
from registry.commands.people import find, print_table, staff_app
from registry.commands.permissions import permissions
from registry.commands.problems import problems_app
from registry.commands.records import ingest, links
from registry.commands.serving import serve
from registry.commands.simulating_sectors import simulate_app
from registry.commands.sources import sources_app, sync
from registry.commands.verifying import verify
from registry.commands.witness import witness_app
from registry.protect.log_lines import write_lines
from registry.protect.process import harden_process

app = typer.Typer(
    name="child-registry",
    help="A database on children, interconnected with the population database and the sectors' systems.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with values is nobody's to see
    add_completion=False,
)

for command in (
    demo,
    serve,
    migrate,
    ingest,
    sync,
    match,
    reviews,
    links,
    verify,
    find,
    backup,
    restore,
    check,
    alarms,
    erase,
    permissions,
):
    app.command()(command)
app.command("table")(print_table)
app.command("processing-record")(print_processing_record)
app.add_typer(bases_app, name="legal-bases")
app.add_typer(retention_app, name="retention")
app.add_typer(holds_app, name="holds")
app.add_typer(breaches_app, name="breaches")
app.add_typer(staff_app, name="staff")
app.add_typer(clients_app, name="clients")
app.add_typer(decoys_app, name="decoys")
app.add_typer(exports_app, name="exports")
app.add_typer(problems_app, name="problems")
app.add_typer(keys_app, name="keys")
app.add_typer(simulate_app, name="simulate")
app.add_typer(sources_app, name="sources")
app.add_typer(log_app, name="log")
app.add_typer(witness_app, name="witness")


def main() -> NoReturn:
    """Run the command line and exit with its code; a signal to stop is an orderly end."""
    harden_process()
    write_lines(sys.stderr)
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(guarded(lambda: app()))


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
