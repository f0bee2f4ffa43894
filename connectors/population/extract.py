"""The population database as a delivered extract: reading the file, and asking what was loaded of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from connectors.contract import (
    API,
    CallContext,
    CandidatePage,
    CandidateQuery,
    Capabilities,
    CitizenSnapshot,
    Claim,
    ExtractSource,
    Health,
    NotFound,
    Operation,
    Outcome,
    Verification,
)
from connectors.formats.stamps import read_iso_stamp
from connectors.formats.tables import CsvLayout, TableRow, open_csv
from connectors.population.agreement import same_birth_date, same_name
from connectors.records import Rejected

FILE_NAME = "population.csv"

CANDIDATES_LIMIT = 500  # of one query and block kind: a kind that brings more tells nothing and is named as too broad

LAYOUT = CsvLayout(
    columns=(
        "personal_number",
        "replaced_numbers",
        "full_name",
        "sex",
        "birth_date",
        "birth_registration_province",
        "residence_commune",
        "residence_old_ward",
        "residence_detail",
        "ethnicity",
        "nationality",
        "mother_name",
        "mother_number",
        "father_name",
        "father_number",
        "status",
        "updated_at",
    ),
    name_columns=("full_name", "mother_name", "father_name"),
)

_NUMBER = r"[0-9]{12}"
# What a value must look like; a column not named here holds free text.
_FORMS = {
    "personal_number": re.compile(_NUMBER),
    "replaced_numbers": re.compile(rf"({_NUMBER}(;{_NUMBER})*)?"),
    "sex": re.compile(r"[12]?"),
    "birth_date": re.compile(r"([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?"),
    "residence_commune": re.compile(r"([0-9]{5})?"),
    "residence_old_ward": re.compile(r"([0-9]{5})?"),
    "mother_number": re.compile(rf"({_NUMBER})?"),
    "father_number": re.compile(rf"({_NUMBER})?"),
    "status": re.compile(r"alive|deceased|missing"),
}
_NUMBER_INSTEAD = re.compile(r"[\d ./-]{6,}")


def read_extract(path: Path) -> Iterator[CitizenSnapshot | Rejected]:
    """Open a delivered extract and return its rows: one citizen each, or why the row cannot be read.

    Raises:
        FileRefused: the file is empty, of another kind, not in UTF-8, or lacks a column.
    """
    return (_citizen(row) for row in open_csv(path, LAYOUT, _utf_8_only).rows)


def _utf_8_only(words: Iterable[str]) -> float:
    """Recognise no name: an extract is in UTF-8, and no other encoding is looked for."""
    del words
    return 0.0


def _citizen(row: TableRow | Rejected) -> CitizenSnapshot | Rejected:
    if isinstance(row, Rejected):
        return row
    for column, form in _FORMS.items():
        if not form.fullmatch(row.text(column) or ""):
            return Rejected(row=row.row, rule=f"{column}_form", field=column, raw=row.raw)
    for column in LAYOUT.name_columns:
        if _NUMBER_INSTEAD.fullmatch(row.text(column) or ""):
            return Rejected(row=row.row, rule="columns_shifted", field=column, raw=row.raw)
    updated_at = read_iso_stamp(row.text("updated_at") or "")
    if updated_at is None:
        return Rejected(row=row.row, rule="stamp_broken", field="updated_at", raw=row.raw)
    return _snapshot(row, updated_at)


def _snapshot(row: TableRow, updated_at: datetime) -> CitizenSnapshot:
    return CitizenSnapshot(
        personal_number=row.text("personal_number") or "",
        former_numbers=tuple((row.text("replaced_numbers") or "").split(";")) if row.text("replaced_numbers") else (),
        full_name=row.text("full_name"),
        sex=row.text("sex"),
        birth_date=row.text("birth_date"),
        commune_code=row.text("residence_commune"),
        old_commune_code=row.text("residence_old_ward"),
        address=row.text("residence_detail"),
        ethnicity=row.text("ethnicity"),
        mother_name=row.text("mother_name"),
        mother_number=row.text("mother_number"),
        father_name=row.text("father_name"),
        father_number=row.text("father_number"),
        status=row.text("status") or "",
        updated_at=updated_at,
    )


class ExtractConnector:
    """Answers from a loaded extract; it knows what the population database knew `as_of`, and can also search."""

    api = API

    def __init__(self, source: ExtractSource, as_of: datetime) -> None:
        self._source = source
        self._as_of = as_of

    def describe(self) -> Capabilities:
        """Say what an extract can be asked."""
        return Capabilities(
            name="extract",
            api=API,
            operations=frozenset({Operation.VERIFY, Operation.GET, Operation.SEARCH}),
            required_together=("personal_number", "full_name", "birth_date"),
            calls_per_second=None,
            supports_partial_birth_date=True,
            tells_inactive=True,
        )

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        """Tell whether the extract knows the claimed number, and the name and birth date with it."""
        person = self._source.person_with_number(claim.personal_number)
        return Verification(outcome=_outcome(person, claim), as_of=self._as_of, source_ref=context.request_id)

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound:
        """Return the person whom all three facts of the claim describe."""
        person = self._source.person_with_number(claim.personal_number)
        if person is None or not _describes(claim, person):
            return NotFound(source_ref=context.request_id)
        return person

    def search(self, queries: Sequence[CandidateQuery], context: CallContext) -> Iterator[CandidatePage]:  # noqa: ARG002  an extract is ours: there is nobody to give account to
        """Yield the people who share a token with each query; kinds of token that bring too many are named."""
        yield from self._source.people_sharing(queries, limit=CANDIDATES_LIMIT)

    def health(self) -> Health:
        """Say whether anybody is in the extract."""
        size = self._source.size()
        return Health(ok=size > 0, detail=f"{size} people as of {self._as_of:%Y-%m-%d}")


def _describes(claim: Claim, person: CitizenSnapshot) -> bool:
    return same_name(claim.full_name, person.full_name) and same_birth_date(claim.birth_date, person.birth_date)


def _outcome(person: CitizenSnapshot | None, claim: Claim) -> Outcome:
    if person is None:
        return Outcome.NOT_FOUND
    if not _describes(claim, person):
        return Outcome.MISMATCH
    return Outcome.INACTIVE if person.status == "deceased" else Outcome.MATCH
