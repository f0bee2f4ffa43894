"""Every text of the pages has its Vietnamese, and every sentence that a lower floor says there has one too."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from io import StringIO
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from matching import levels
from matching.levels import LEVELS, Level
from registry.actions.finding.find_advice import ADVICE
from registry.actions.finding.find_child import SAME_NUMBER
from registry.actions.intake.normalise import RULES
from registry.web.translation import translations

PROJECT = Path(__file__).parents[2]
WEB = PROJECT / "registry" / "web"
LAW = PROJECT / "registry" / "model" / "law.toml"
ACTIONS = PROJECT / "registry" / "actions"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "msgid": None}
PLACEHOLDER = re.compile(r"%\(\w+\)s")
# Actions whose refusals and reasons are read on the pages, and the calls that hold them.
SPEAKING = {
    "finding/find_scope.py": ("BadQuery",),
    "finding/question.py": ("BadQuery",),
    "finding/grading.py": ("Likeness",),
    "finding/name_likeness.py": ("Likeness",),
    "linkage/review.py": ("BadQuery",),
    "accounts/sign_in.py": ("BadQuery",),
    "intake/add_child.py": ("BadQuery",),
    "intake/add_case.py": ("BadQuery",),
    "looking/seal_child.py": ("BadQuery",),
    "accounts/one_time_codes.py": ("BadQuery",),
}


def catalog() -> Catalog:
    """Return the Vietnamese catalog."""
    text = (WEB / "locale" / "vi.po").read_text(encoding="utf-8")
    return read_po(StringIO(text), locale="vi")


def extracted() -> set[str]:
    """Return the English texts of templates and modules; of a plural its singular, which is the key."""
    found = extract_from_dir(str(WEB), method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def said(module: str, calls: tuple[str, ...]) -> Iterator[str]:
    """Yield the sentences that a module passes on as the second argument of some calls."""
    for node in ast.walk(ast.parse((ACTIONS / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls:
            for part in ast.walk(node.args[1]) if len(node.args) > 1 else ():
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def from_below() -> set[str]:
    """Return the sentences of lower floors that pages show."""
    single = [value for value in vars(levels).values() if isinstance(value, Level)]
    evidence = {level.reason for level in [*single, *chain.from_iterable(LEVELS.values())]}
    refusals = {text for module, calls in SPEAKING.items() for text in said(module, calls)}
    return evidence | refusals | ADVICE | set(RULES.values()) | set(SAME_NUMBER.reasons) | of_the_law()


def of_the_law() -> set[str]:
    """Return the texts of the legal numbers and bases that come with the program."""
    entries = chain.from_iterable(entry for entry in tomllib.loads(LAW.read_text(encoding="utf-8")).values())
    return {
        entry[name]
        for entry in entries
        for name in ("law", "article", "wording", "checked")
        if name in entry and "version" not in entry
    }


def test_the_pages_have_texts_to_translate() -> None:
    assert len(extracted()) > 200
    assert len(from_below()) > 100


def test_every_text_of_the_pages_is_translated() -> None:
    known = catalog()
    assert sorted(text for text in extracted() if text not in known or not known[text].string) == []


def test_every_sentence_from_below_is_translated() -> None:
    known = catalog()
    assert sorted(text for text in from_below() if text not in known or not known[text].string) == []


def test_no_translation_is_left_over() -> None:
    used = extracted() | from_below()
    keys = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog() if message.id}
    assert sorted(keys - used) == []


def test_translations_keep_the_places_of_values() -> None:
    for message in catalog():
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[-1]
            vietnamese = message.string if isinstance(message.string, str) else message.string[0]
            assert set(PLACEHOLDER.findall(english)) == set(PLACEHOLDER.findall(vietnamese)), english


def test_no_translation_is_marked_as_unsure() -> None:
    assert [message.id for message in catalog() if message.id and message.fuzzy] == []


@pytest.mark.parametrize(("count", "words"), [(1, "1 hồ sơ đang chờ quyết định"), (5, "5 hồ sơ đang chờ quyết định")])
def test_vietnamese_has_one_plural(count: int, words: str) -> None:
    texts = ("%(count)s record waits for a decision", "%(count)s records wait for a decision")
    assert translations("vi").ngettext(*texts, count) % {"count": count} == words
