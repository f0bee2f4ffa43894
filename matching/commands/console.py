"""What the commands share: options, which workspace a model needs, and refusals in one clear line."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from matching.bad_file import BadFile
from matching.child_workspace import ChildWorkspace
from matching.columns.workspace import ColumnWorkspace
from matching.dates import VIET_NAM
from matching.engines.report import Report, Seconds
from matching.keys import UnknownKind, check_kinds
from matching.weights import Model, ModelFault, Reads
from matching.workspace import Workspace

REFUSED: Final = 2
BROKEN: Final = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED: Final = 130
_PACKAGE: Final = Path(__file__).parents[1]

ModelName = Annotated[str, typer.Option("--model", help="A model that is shipped, or the path of a TOML file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")]
Year = Annotated[
    int | None, typer.Option(help="The year at which ages are reckoned; this year if not given.", show_default=False)
]


class Refusal(Exception):
    """The command cannot do what is asked; the message says why, in one line."""


def workspace_for(name: str, *, year: int | None) -> Workspace:
    """Return an empty workspace for a model.

    Raises: ModelFault: the model cannot be used.
    """
    model = Model.load(name)
    if model.reads is Reads.COLUMNS:
        return ColumnWorkspace(model)
    for stage in model.stages:
        check_kinds(stage.kinds)
    return ChildWorkspace(model, year=year or this_year())


def this_year() -> int:
    """Return the year it is in Viet Nam; the one clock of the command line but for durations."""
    return datetime.now(VIET_NAM).year


def seconds() -> Seconds:
    """Return a stopwatch for the steps of a run."""
    return Seconds(time.perf_counter)


def tell(report: Report, *, as_json: bool) -> None:
    """Print a report: for a program on standard output, for people on standard error."""
    if as_json:
        typer.echo(json.dumps(report.document(), indent=1))
        return
    for line in report.lines():
        typer.echo(line, err=True)


def guarded(run: Callable[[], object]) -> int:
    """Run the command line; turn each refusal into one line and an exit code. No value of anybody is ever printed."""
    try:
        run()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else REFUSED
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        return INTERRUPTED
    except (BadFile, ModelFault, UnknownKind, Refusal) as fault:
        _say(str(fault))
        return REFUSED
    except MemoryError:
        _say("there is not enough memory for these files; see the docs for what an engine needs")
        return BROKEN
    except Exception as error:  # noqa: BLE001  the last door: nothing but the kind and the place may be shown
        frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is this door
        ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
        last = (ours or frames)[-1]
        _say(f"unexpected {type(error).__name__} in {Path(last.filename).name}, line {last.lineno}")
        return BROKEN
    return 0


def _say(message: str) -> None:
    sys.stderr.write(f"matching: {message}\n")
