"""The notice of a breach: its fields as JSON, as a sheet, and as a page to print and sign."""

from __future__ import annotations

import csv
from html import escape
from io import StringIO
from typing import Any, Final

from registry.actions.law.breaches import BreachView
from registry.web.rendering import Formats
from registry.web.translation import Language, msgid, translations

TITLE: Final = msgid("Notice of a breach of the protection of personal data")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def notice_document(breach: BreachView) -> dict[str, Any]:
    """Return a breach for a program, with every version of what was known."""
    return {
        "breach_id": str(breach.breach_id),
        "discovered_at": breach.discovered_at.isoformat(),
        "entered_at": breach.entered_at.isoformat(),
        "notify_by": breach.notify_by.isoformat(),
        "notified_at": breach.notified_at.isoformat() if breach.notified_at else None,
        "late": breach.late,
        "versions": [
            {
                "number": version.number,
                "entered_at": version.entered_at.isoformat(),
                "what": version.facts.what,
                "kinds": list(version.facts.kinds),
                "children": version.facts.children,
                "consequences": version.facts.consequences,
                "measures": version.facts.measures,
                "contact": version.facts.contact,
                "late_because": version.facts.late_because,
            }
            for version in breach.versions
        ],
    }


def notice_fields(breach: BreachView, language: Language) -> list[tuple[str, str]]:
    """Return the fields of the notice as they are known now: name and value."""
    say, formats, facts = translations(language).gettext, Formats(language), breach.newest
    unknown = say(msgid("not known yet"))
    fields = [
        (msgid("Number of the record"), str(breach.breach_id)),
        (msgid("Discovered"), formats.moment(breach.discovered_at)),
        (msgid("Notice due by"), formats.moment(breach.notify_by)),
        (msgid("Notice given"), formats.moment(breach.notified_at) or say(msgid("not yet"))),
        (msgid("What happened"), facts.what),
        (msgid("Kinds of values"), "; ".join(facts.kinds)),
        (msgid("Children concerned"), unknown if facts.children is None else formats.number(facts.children)),
        (msgid("Possible consequences"), facts.consequences),
        (msgid("Measures"), facts.measures),
        (msgid("Who answers for it"), facts.contact),
        (msgid("Why the notice is late"), facts.late_because or "–"),
        (msgid("Version"), f"{breach.versions[-1].number}, {formats.moment(breach.versions[-1].entered_at)}"),
    ]
    return [(say(name), value) for name, value in fields]


def notice_csv(breach: BreachView, language: Language) -> str:
    """Return the notice as a sheet of two columns; nothing in it is taken for a formula."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows((name, _plain(value)) for name, value in notice_fields(breach, language))
    return text.getvalue()


def notice_html(breach: BreachView, language: Language) -> str:
    """Return the notice as a page that stands alone, to print and sign."""
    title = escape(translations(language).gettext(TITLE))
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(value)}</td></tr>\n"
        for name, value in notice_fields(breach, language)
    )
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n<table>\n{rows}</table>\n</body>\n</html>\n"
    )


def _plain(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
