"""What all commands share: options, output for people and programs, and refusals in one clear line."""

from __future__ import annotations

import csv
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from connectors.contract import ConnectorError, FileRefused
from connectors.plugins import PluginRefused
from registry.jobs.identity import Operator
from registry.jobs.opening import Installation, installation
from registry.model.errors import RegistryError
from registry.settings import SettingRefused, Settings

REFUSED: Final = 1
BROKEN: Final = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED: Final = 130
PACKAGE: Final = Path(__file__).parents[1]

Data = Annotated[
    Path | None, typer.Option("--data", help="The data folder; also CHILD_REGISTRY_DATA.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for a program.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


Login = Annotated[
    str | None, typer.Option("--login", help="On a database that is not a demo: sign in as this account.")
]
Sentence = Annotated[str | None, typer.Option("--sentence", help="Why, in a sentence, where the role must say it.")]


def operator(login: str | None, sentence: str | None = None) -> Operator:
    """Return who runs the command; the password is asked for only if it is needed."""
    return Operator(login=login, password=ask_password, sentence=sentence)


def ask_password(what: str) -> str:
    """Ask for a password or a code: hidden on a terminal, else the next line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True))
    return sys.stdin.readline().rstrip("\n")


def now() -> datetime:
    """Return the time; the one clock of the command line."""
    return datetime.now(UTC)


@contextmanager
def opened(data: Path | None, *, may_create: bool = False) -> Iterator[Installation]:
    """Open the installation of the data folder as long as a command runs."""
    with installation(Settings.load(data), clock=now, may_create=may_create) as installed:
        yield installed


def is_demo(data: Path | None) -> bool:
    """Say whether the settings are a demo's: there a first delivery makes schema and keys by itself."""
    return Settings.load(data).mark == "demo"


def guarded(run: Callable[[], None]) -> int:
    """Run the command line; turn each refusal into one line and an exit code. No value of anybody is ever printed."""
    try:
        run()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else REFUSED
    except KeyboardInterrupt:
        _say("interrupted; what was stored stays, and the next run goes on from there")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last door: nothing but the kind and the place may be shown
        return _refuse(error)
    return 0


def _refuse(error: Exception) -> int:
    message = _refusal(error)
    if message is not None:
        _say(message)
        return REFUSED
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is this door
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    last = (ours or frames)[-1]
    _say(f"unexpected {type(error).__name__} in {Path(last.filename).name}, line {last.lineno}")
    return BROKEN


def _refusal(error: Exception) -> str | None:
    """Return what is refused and why; None: this was not foreseen."""
    if isinstance(error, FileRefused):
        return f"the file is refused: {error.rule} at {error.place}"
    if isinstance(error, RegistryError | SettingRefused | ConnectorError | PluginRefused):
        return str(error)
    if isinstance(error, OSError):
        where = f": {error.filename}" if isinstance(error.filename, str | Path) else ""
        return f"{error.strerror or type(error).__name__}{where}"
    return None


def _say(message: str) -> None:
    err.print(f"child-registry: {message}", markup=False, soft_wrap=True)


def answer(document: Mapping[str, Any]) -> None:
    """Print a JSON answer."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people."""
    shown = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        shown.add_column(column)
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    out.print(shown)


@contextmanager
def private_csv(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Iterable[Sequence[object]]], None]]:
    """Write a CSV file of mode 0600 that appears whole or not at all; the block gets a function that adds rows."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            os.fchmod(stream.fileno(), 0o600)
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            yield writer.writerows
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class Bars:
    """Progress bars on the terminal; silent where there is none or JSON is asked for."""

    def __init__(self, *, quiet: bool) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
            disable=quiet or not err.is_terminal,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, description: str, total: int | None = None) -> Callable[[int], None]:
        """Begin a step; the function returned is called with what was just done."""
        task = self._progress.add_task(description, total=total)

        def advance(done: int) -> None:
            self._progress.update(task, advance=done)

        return advance
