"""The command line: `python -m matching`."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from matching.commands import console, dedupe, evaluate, explain, link, precompile, train

app = typer.Typer(
    name="matching",
    help="Which records describe one person? Links files, finds duplicates, learns and measures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with values is nobody's to see
    add_completion=False,
)
app.command("link")(link.command)
app.command("dedupe")(dedupe.command)
app.command("train")(train.command)
app.command("evaluate")(evaluate.command)
app.command("explain")(explain.command)
app.command("precompile")(precompile.command)


def main() -> NoReturn:
    """Run the command line and exit with its code; a signal to stop is an orderly end."""
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(console.guarded(app))


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
