"""Every command of the two READMEs exists, with every option it is shown with."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.__main__ import app

PROJECT = Path(__file__).parents[2]
READMES = ("README.md", "README.vi.md")
BLOCK = re.compile(r"^```(?:sh|bash|console|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:make|(?:\S*/)?child-registry)(?:\s|$)")
TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PROGRAM = "child-registry"


def commands(readme: str) -> list[list[str]]:
    """Return the words of each command that a README shows, without prompt and comment."""
    text = (PROJECT / readme).read_text(encoding="utf-8")
    prose = [line for line in BLOCK.sub("", text).splitlines() if line.startswith("    ")]
    lines = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()] + prose
    shown = [line.strip().removeprefix("$ ") for line in lines if COMMAND.match(line)]
    return [without_settings(shlex.split(line, comments=True)) for line in shown]


def without_settings(words: list[str]) -> list[str]:
    """Drop the `NAME=value` words before a command."""
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words


@cache
def help_of(*words: str) -> str:
    """Return the help of the command line or of one of its commands."""
    told = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).invoke(app, [*words, "--help"])
    assert told.exit_code == 0, words
    return told.stdout


def subcommand(words: list[str]) -> tuple[str, ...]:
    """Return the leading words that name a command: `staff add` has two, `table NAME` one."""
    named: tuple[str, ...] = ()
    for word in words:
        if word.startswith("-") or not re.search(rf"^\W*{re.escape(word)}\s", help_of(*named), re.MULTILINE):
            break
        named = (*named, word)
    return named


@pytest.mark.parametrize("readme", READMES)
def test_it_opens_with_the_two_commands(readme: str) -> None:
    shown = commands(readme)
    assert ["make", "demo"] in shown
    assert ["make", "test"] in shown


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_it_names_exists(readme: str) -> None:
    named = {words[1] for words in commands(readme) if words[0] == "make" and len(words) > 1}
    assert named - TARGETS == set()


@pytest.mark.parametrize("readme", READMES)
def test_every_command_and_option_it_shows_is_in_the_help(readme: str) -> None:
    for words in commands(readme):
        if Path(words[0]).name != PROGRAM:
            continue
        named = subcommand(words[1:])
        assert named or len(words) == 1 or words[1].startswith("-"), f"no such command: {words[1:2]}"
        options = [word.split("=", 1)[0] for word in words if word.startswith("--")]
        missing = [option for option in options if option not in help_of(*named)]
        assert missing == [], f"{' '.join(named)} has no such option"


def test_both_languages_show_the_same_commands() -> None:
    first, second = ({words[0] + " " + " ".join(words[1:2]) for words in commands(readme)} for readme in READMES)
    assert first == second
