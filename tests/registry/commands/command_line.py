"""The command line as its users meet it: an exit code, what it said, and where it worked."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from registry.__main__ import app
from registry.commands.console import guarded

COMMANDS = get_command(app)  # made once: of all that a command does this takes the longest
OURS = ("DATABASE_URL", "CHILD_REGISTRY_")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What was answered to a program."""
        return json.loads(self.out)

    @property
    def table(self) -> list[dict[str, str]]:
        """What was printed as comma-separated values."""
        return list(csv.DictReader(io.StringIO(self.out)))

    def refusal(self) -> str:
        """Return the one line of a refusal; it says what was refused to people and programs alike."""
        lines = self.err.splitlines()
        assert self.code == 1, self
        assert len(lines) == 1, self
        assert self.out == "", self
        assert lines[0].startswith("child-registry: ")
        assert "Traceback" not in lines[0]
        return lines[0]


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder, and the database that goes with it."""

    data: Path
    database_url: str | None = None  # None: the embedded server in the folder
    settings: Mapping[str, str] = field(default_factory=dict)  # environment variables

    def run(self, *arguments: object, password: str = "") -> Said:
        """Run a command in this process, with nothing of ours in the environment but what is said here."""
        variables = {"CHILD_REGISTRY_DATA": str(self.data), **self.settings}
        if self.database_url is not None:
            variables["DATABASE_URL"] = self.database_url
        said, complained = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(said), redirect_stderr(complained):
            for name in [name for name in os.environ if name.startswith(OURS)]:
                patched.delenv(name)
            for name, value in variables.items():
                patched.setenv(name, value)
            patched.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
            words = [str(argument) for argument in arguments]
            code = guarded(lambda: COMMANDS(words))
        return Said(code, said.getvalue(), complained.getvalue())

    def answer(self, *arguments: object, password: str = "") -> Any:
        """Run a command that is to end well, and return its document."""
        said = self.run(*arguments, "--json", password=password)
        assert said.code == 0, said
        return said.document

    def with_settings(self, **settings: str) -> Home:
        """Return the same place with other environment variables."""
        return replace(self, settings={**self.settings, **settings})


def lines_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of comma-separated values."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
