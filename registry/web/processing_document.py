"""The record of processing as a document: sections with tables, in either language, as a page or as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from registry.actions.law.processing_record import ProcessingRecord
from registry.protect.policy import SEPARATE_RIGHTS, FieldGroup
from registry.web import duty_words, words
from registry.web.rendering import Formats
from registry.web.translation import Language, msgid, translations

Say = Callable[[str], str]
TITLE: Final = msgid("Record of processing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the document."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections_of(record: ProcessingRecord, language: Language) -> list[Section]:
    """Return the parts of the document in a language."""
    say = translations(language).gettext
    day = Formats(language).day
    return [
        _about(record, say, Formats(language)),
        _purposes(record, say, day),
        _values(say),
        _recipients(record, say),
        _sources(record, say),
        _kept(record, say),
        _clocks(record, say, day),
        _guards(record, say),
    ]


def markdown_of(record: ProcessingRecord, language: Language) -> str:
    """Return the document as Markdown."""
    parts = [f"# {translations(language).gettext(TITLE)}\n"]
    for section in sections_of(record, language):
        parts.append(f"\n## {section.title}\n\n")
        if section.note:
            parts.append(f"{section.note}\n\n")
        parts.append(_row(section.columns) + _row("---" for _ in section.columns))
        parts += [_row(row) for row in section.rows]
    return "".join(parts)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def _said(say: Say, table: Mapping[str, str], codes: Iterable[str]) -> str:
    return ", ".join(say(words.word(table, code)) for code in codes) or "–"


def _about(record: ProcessingRecord, say: Say, formats: Formats) -> Section:
    rows = (
        (say(msgid("System")), say(msgid("Children's registry"))),
        (say(msgid("Installation")), str(record.keyring_id)),
        (say(msgid("Children")), say(msgid("invented: a demo")) if record.is_demo else say(msgid("real"))),
        (say(msgid("As of")), formats.moment(record.made_at)),
        (say(msgid("Keeper of the root key")), record.keeper),
    )
    note = say(msgid("Made from the rules this installation works by; who answers for it is added by hand."))
    return Section(
        title=say(msgid("The installation")),
        note=note,
        columns=(say(msgid("Item")), say(msgid("Value"))),
        rows=rows,
    )


def _purposes(record: ProcessingRecord, say: Say, day: Callable[..., str]) -> Section:
    rows = [
        (
            say(words.word(words.PURPOSES, one.purpose)),
            say(one.law),
            say(one.article),
            say(one.wording),
            day(one.valid_from),
        )
        for one in record.bases
    ]
    missing = say(msgid("no law is entered"))
    rows += [(say(words.word(words.PURPOSES, one)), missing, "–", "–", "–") for one in record.without_basis]
    return Section(
        title=say(msgid("Purposes and legal bases")),
        note="",
        columns=tuple(
            map(say, (msgid("Purpose"), msgid("Law"), msgid("Article"), msgid("Wording"), msgid("Valid from")))
        ),
        rows=tuple(rows),
    )


def _values(say: Say) -> Section:
    rows = tuple(
        (
            say(words.word(duty_words.GROUPS, group)),
            say(msgid("a right of its own")) if group in SEPARATE_RIGHTS else say(msgid("by role")),
        )
        for group in FieldGroup
    )
    return Section(
        title=say(msgid("Kinds of values")),
        note=say(msgid("Of children, and of parents and carers as far as they are named there.")),
        columns=(say(msgid("Kind")), say(msgid("Shown"))),
        rows=rows,
    )


def _recipients(record: ProcessingRecord, say: Say) -> Section:
    rows = tuple(
        (
            say(words.word(words.ROLES, line.role)),
            _said(say, words.PURPOSES, line.purposes),
            _said(say, duty_words.GROUPS, line.shown),
            _said(say, duty_words.GROUPS, line.shortened),
            say(words.word(duty_words.EXTENTS, line.finding)),
            say(words.word(duty_words.EXTENTS, line.opening)),
        )
        for line in record.recipients
    )
    heads = (
        *(msgid("Role"), msgid("Purposes"), msgid("Sees"), msgid("Sees shortened")),
        *(msgid("May find in"), msgid("May open in")),
    )
    return Section(
        title=say(msgid("Who receives what")),
        note=say(msgid("Nobody outside receives data of a child, but lists that two persons have let out.")),
        columns=tuple(map(say, heads)),
        rows=rows,
    )


def _sources(record: ProcessingRecord, say: Say) -> Section:
    rows = tuple((say(words.word(words.SYSTEMS, line.system)), line.stream) for line in record.sources)
    return Section(
        title=say(msgid("Where data come from")),
        note="",
        columns=(say(msgid("System")), say(msgid("Stream"))),
        rows=rows,
    )


def _kept(record: ProcessingRecord, say: Say) -> Section:
    rows = tuple(
        (
            say(words.word(duty_words.KEPT, line.rule.name)),
            "–" if line.rule.age is None else str(line.rule.age),
            str(line.rule.months),
            say(line.rule.law),
            say(line.rule.checked),
        )
        for line in record.schedule
    )
    heads = (msgid("What"), msgid("After the age of"), msgid("Months"), msgid("Source"), msgid("Checked"))
    return Section(
        title=say(msgid("How long it is kept")),
        note=say(msgid("A legal hold, an open case and an open request of the family stop every rule about children.")),
        columns=tuple(map(say, heads)),
        rows=rows,
    )


def _clocks(record: ProcessingRecord, say: Say, day: Callable[..., str]) -> Section:
    rows = tuple(
        (
            say(words.word(duty_words.CLOCKS, one.name)),
            str(one.value),
            say(one.law),
            day(one.valid_from),
            say(one.checked),
        )
        for one in record.clocks
    )
    heads = (msgid("What"), msgid("Number"), msgid("Source"), msgid("Valid from"), msgid("Checked"))
    return Section(title=say(msgid("Clocks")), note="", columns=tuple(map(say, heads)), rows=rows)


_GUARDS: Final = (
    (msgid("Encryption"), msgid("Every value is sealed under a key of the child or of the case, AES-256-GCM.")),
    (msgid("Erasure"), msgid("The keys of an erased child are destroyed, in copies after 90 days at the latest.")),
    (msgid("Access"), msgid("Role, area, purpose and sentence decide; the database refuses what the program forgets.")),
    (msgid("Log"), msgid("Every look is written down before its answer, in a signed tree that shows any change.")),
    (msgid("Statistics"), msgid("Tables are published only in a form in which nobody is recognised.")),
)


def _guards(record: ProcessingRecord, say: Say) -> Section:
    del record
    return Section(
        title=say(msgid("How it is guarded")),
        note="",
        columns=(say(msgid("Measure")), say(msgid("How"))),
        rows=tuple((say(name), say(how)) for name, how in _GUARDS),
    )
