"""The command line: `child-registry`, or `python -m registry`."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from registry.commands.alarms import alarms
from registry.commands.console import guarded
from registry.commands.database import backup, check, migrate, restore
from registry.commands.decoys import decoys_app
from registry.commands.demo import demo
from registry.commands.keys import erase, keys_app
from registry.commands.linkage import match, reviews
from registry.commands.people import find, print_table, staff_app
from registry.commands.records import ingest, links
from registry.commands.serving import serve
from registry.commands.verifying import simulate_app, verify
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
):
    app.command()(command)
app.command("table")(print_table)
app.add_typer(staff_app, name="staff")
app.add_typer(decoys_app, name="decoys")
app.add_typer(keys_app, name="keys")
app.add_typer(simulate_app, name="simulate")


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
