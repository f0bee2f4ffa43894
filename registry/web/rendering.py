"""Turns a template into an answer, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from matching.ethnicity import ethnic_name
from matching.places import commune_name, province_name
from registry.model.access import Role
from registry.protect.authorize import Action, permitted
from registry.store.staff import SignedIn
from registry.web import words
from registry.web.translation import LANGUAGES, Language, msgid, translations
from registry.web.visitor import Visitor

VIET_NAM: Final = timezone(timedelta(hours=7))  # the same all year, unchanged since 1975

MENU: Final[
    tuple[tuple[Action, tuple[str, ...], str], ...]
] = (  # the first path is the entry's, the others belong to it
    (Action.FIND, ("/find", "/searches", "/children"), msgid("Find a child")),
    (Action.REVIEW_EMERGENCY, ("/emergencies",), msgid("Emergencies")),
    (Action.REVIEW, ("/reviews", "/links"), msgid("Review pairs")),
    (Action.REVIEW, ("/record-pairs", "/record-joins"), msgid("Duplicate records")),
    (Action.FINDINGS, ("/findings",), msgid("Findings")),
    (Action.PROBLEMS, ("/problems",), msgid("Lists for the police")),
    (Action.ASK_EXPORT, ("/exports",), msgid("Lists of children")),
    (Action.APPROVE_EXPORT, ("/export-approvals",), msgid("Lists to agree to")),
    (Action.TABLE, ("/tables",), msgid("Tables")),
    (Action.SUBJECT_REQUEST, ("/requests",), msgid("Requests")),
    (Action.VERIFY, ("/population",), msgid("Population database")),
    (Action.SOURCES, ("/sources", "/source-proposals"), msgid("Sources")),
    (Action.LOG, ("/log",), msgid("Access log")),
    (Action.LOG, ("/looks",), msgid("Who looked")),
    (Action.LEGAL_BASES, ("/legal-bases", "/breaches", "/holds"), msgid("Duties of the law")),
    (Action.PROCESSING, ("/processing",), msgid("Record of processing")),
)
_TOLD_FIRST: Final = ("kind", "vaccine", "dose")  # of a list's entries, such as measures and doses
_UNTOLD: Final = frozenset({"cvx", "status"})  # codes for machines


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu."""

    path: str
    label: str  # an English text, the key of its translation
    current: bool


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one field of a form. The value itself is not repeated."""

    field: str
    rule: str  # an English text, the key of its translation


def menu(role: Role, path: str) -> tuple[MenuItem, ...]:
    """Return what a role may do on the pages; the entry that `path` belongs to is current."""
    return tuple(
        MenuItem(paths[0], label, current=path.startswith(paths))
        for action, paths, label in MENU
        if permitted(role, action)
    )


def render(visitor: Visitor, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401  any
    """Return a page."""
    signed_in = visitor.signed_in
    usable = signed_in is not None and not signed_in.account.password_is_one_time
    page = _environment(visitor.language).get_template(template)
    text = page.render(
        visitor=visitor,
        url=visitor.url,
        account=signed_in.account if signed_in else None,
        csrf=signed_in.csrf_token if signed_in else "",
        menu=menu(signed_in.account.role, visitor.path) if signed_in is not None and usable else (),
        demo=visitor.services.demo,
        may=partial(_may, signed_in),
        languages=LANGUAGES,
        stylesheet=stylesheet_address(),
        **{"mistakes": (), **context},
    )
    return HTMLResponse(text, status_code=status)


def _may(signed_in: SignedIn | None, action: str) -> bool:
    """Say whether the role of whoever is signed in may ever do this: whether a page offers it."""
    return signed_in is not None and bool(permitted(signed_in.account.role, Action(action)))


@cache
def stylesheet_address() -> str:
    """Return the address of the style sheet; it changes with the sheet, so a browser may keep it."""
    sheet = files("registry.web").joinpath("static", "registry.css").read_bytes()
    return f"/static/registry.css?v={sha256(sheet).hexdigest()[:12]}"


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("registry.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    spoken = translations(language)
    environment.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]  # made by the extension
    formats = Formats(language)
    environment.filters |= {
        "day": formats.day,
        "moment": formats.moment,
        "birth": formats.birth,
        "number": formats.number,
        "percent": formats.percent,
        "fact": formats.fact,
        "commune": lambda code: (code and commune_name(code)) or code,
        "province": lambda code: (code and province_name(code)) or code,
        "ethnic": lambda code: (code and ethnic_name(code)) or code,
        "ordered": _ordered,
        "word": lambda code, table: spoken.gettext(words.word(table, code)),
    }
    environment.globals |= {"language": language, "words": words}
    return environment


def _ordered(facts: Mapping[str, object], table: Mapping[str, str]) -> list[tuple[str, object]]:
    """Return facts in the order of a table of words, those without a word last."""
    order = {name: place for place, name in enumerate(table)}
    return sorted(facts.items(), key=lambda fact: order.get(fact[0], len(order)))


class Formats:
    """Dates and numbers as a language writes them."""

    def __init__(self, language: Language) -> None:
        self._locale = language
        self._spoken = translations(language)

    def day(self, value: date | datetime | None) -> str:
        """Return a date such as 03/05/2014 or 3 May 2014."""
        if value is None:
            return ""
        local = value.astimezone(VIET_NAM) if isinstance(value, datetime) else value
        return format_date(local, "dd/MM/yyyy" if self._locale == "vi" else "d MMM y", locale=self._locale)

    def moment(self, value: datetime | None) -> str:
        """Return a date with hours and minutes, in the time of Viet Nam."""
        if value is None:
            return ""
        pattern = "HH:mm dd/MM/yyyy" if self._locale == "vi" else "d MMM y, HH:mm"
        return format_datetime(value.astimezone(VIET_NAM), pattern, locale=self._locale)

    def birth(self, iso: str | None) -> str:
        """Return a birth date as far as it is known: yyyy, yyyy-mm or yyyy-mm-dd."""
        parts = (iso or "").split("-")
        if len(parts) == 3:
            return self.day(date(*map(int, parts)))
        return "/".join(reversed(parts))

    def number(self, value: float) -> str:
        """Return a number with the language's separators."""
        return str(format_decimal(value, locale=self._locale))

    def percent(self, value: float) -> str:
        """Return a share as a percentage with one digit."""
        return str(format_percent(value, "#,##0.0%", locale=self._locale))

    def fact(self, value: object) -> str:
        """Return a coded fact of a sector in words: a code, a date, a number, or a list of them."""
        if isinstance(value, Mapping):
            first = [value[name] for name in _TOLD_FIRST if name in value]
            rest = [one for name, one in value.items() if name not in _TOLD_FIRST and name not in _UNTOLD]
            return " – ".join(part for one in (*first, *rest) if (part := self.fact(one)))
        if isinstance(value, list | tuple):
            return "; ".join(self.fact(one) for one in value)
        if isinstance(value, bool) or value is None:
            return ""
        if isinstance(value, int | float):
            return self.number(value)
        return self._text(str(value))

    def _text(self, text: str) -> str:
        if text in words.VALUES:
            return self._spoken.gettext(words.VALUES[text])
        if len(text) < len("2026-01-01") or text[4:5] != "-":
            return text
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return self.day(moment if moment.tzinfo else moment.date())
