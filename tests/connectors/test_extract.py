"""The population extract: its rows, and what a loaded one answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import (
    CallContext,
    Candidate,
    CandidatePage,
    CandidateQuery,
    CitizenSnapshot,
    Claim,
    FileRefused,
    NotFound,
    OffersCandidates,
    Operation,
    Outcome,
    PopulationConnector,
)
from connectors.population.extract import CANDIDATES_LIMIT, LAYOUT, ExtractConnector, read_extract
from connectors.records import Rejected
from tests.connectors.deliveries import csv_bytes

AS_OF = datetime(2026, 10, 31, tzinfo=UTC)
CONTEXT = CallContext(
    request_id="R-1", agency_code="A", officer_ref="o", procedure_code="1.0", legal_basis="law", purpose="linkage"
)
CITIZEN = dict.fromkeys(LAYOUT.columns, "") | {
    "personal_number": "001314000001",
    "replaced_numbers": "001314000002;001314000003",
    "full_name": "TRẦN THỊ MẪU",
    "sex": "2",
    "birth_date": "2014-05-03",
    "residence_commune": "00004",
    "residence_old_ward": "00007",
    "residence_detail": "Thôn 1",
    "ethnicity": "01",
    "mother_name": "Lê Thị Mẫu",
    "mother_number": "001187000001",
    "status": "alive",
    "updated_at": "2026-01-02T03:04:05+07:00",
}


def rows_of(tmp_path: Path, content: bytes) -> list[CitizenSnapshot | Rejected]:
    """Return what is read from an extract of these bytes."""
    path = tmp_path / "population.csv"
    path.write_bytes(content)
    return list(read_extract(path))


def test_a_citizen_is_described_as_stored_there(tmp_path: Path) -> None:
    (citizen,) = rows_of(tmp_path, csv_bytes([CITIZEN]).encode())
    assert citizen == CitizenSnapshot(
        personal_number="001314000001",
        former_numbers=("001314000002", "001314000003"),
        full_name="TRẦN THỊ MẪU",
        sex="2",
        birth_date="2014-05-03",
        commune_code="00004",
        old_commune_code="00007",
        address="Thôn 1",
        ethnicity="01",
        mother_name="Lê Thị Mẫu",
        mother_number="001187000001",
        status="alive",
        updated_at=datetime(2026, 1, 1, 20, 4, 5, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"personal_number": "1314000001"}, "personal_number_form"),
        ({"replaced_numbers": "x"}, "replaced_numbers_form"),
        ({"sex": "X"}, "sex_form"),
        ({"birth_date": "03/05/2014"}, "birth_date_form"),
        ({"status": "dead"}, "status_form"),
        ({"updated_at": "2026-01-02"}, "stamp_broken"),
        ({"mother_name": "001187000001"}, "columns_shifted"),
    ],
)
def test_a_row_in_another_form_is_rejected_and_the_next_one_read(
    tmp_path: Path, change: dict[str, str], rule: str
) -> None:
    rejected, after = rows_of(tmp_path, csv_bytes([CITIZEN | change, CITIZEN]).encode())
    (column,) = change
    assert isinstance(rejected, Rejected)
    assert (rejected.row, rejected.rule, rejected.field) == (2, rule, column)
    assert isinstance(after, CitizenSnapshot)


def test_a_row_cut_short_is_rejected(tmp_path: Path) -> None:
    (rejected,) = rows_of(tmp_path, csv_bytes([CITIZEN]).encode().replace(b",alive", b""))
    assert isinstance(rejected, Rejected)
    assert (rejected.row, rejected.rule) == (2, "row_too_short")


def test_an_extract_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="encoding_unknown"):
        rows_of(tmp_path, csv_bytes([CITIZEN]).replace("Lê", "L*").encode().replace(b"*", b"\xea"))


class Loaded:
    """A loaded extract of a few people."""

    def __init__(self, *people: CitizenSnapshot) -> None:
        self.people = people
        self.limits: list[int] = []

    def people_sharing(self, queries: Sequence[CandidateQuery], *, limit: int) -> Iterable[CandidatePage]:
        """Return everybody for each query."""
        self.limits.append(limit)
        found = tuple(Candidate(person_ref=person.personal_number, shared=("name",)) for person in self.people)
        return [CandidatePage(query_id=query.query_id, candidates=found, too_broad=("year",)) for query in queries]

    def person_with_number(self, personal_number: str) -> CitizenSnapshot | None:
        """Return who has or had the number."""
        numbers = {person.personal_number: person for person in self.people}
        former = {number: person for person in self.people for number in person.former_numbers}
        return (former | numbers).get(personal_number)

    def size(self) -> int:
        """Return how many there are."""
        return len(self.people)


PERSON = CitizenSnapshot(
    personal_number="001314000001", former_numbers=("001314000002",), full_name="ĐỖ THỊ MẪU", birth_date="2014-05-03"
)


def claim(number: str = "001314000001", name: str = "Đỗ Thị Mẫu", born: str = "2014-05-03") -> Claim:
    """Return a claim that PERSON makes true."""
    return Claim(personal_number=number, full_name=name, birth_date=born)


def outcome(asked: Claim, *people: CitizenSnapshot) -> Outcome:
    """Return what an extract of these people says to the claim."""
    verification = ExtractConnector(Loaded(*(people or (PERSON,))), AS_OF).verify(asked, CONTEXT)
    assert (verification.as_of, verification.source_ref) == (AS_OF, "R-1")
    return verification.outcome


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (claim(), Outcome.MATCH),
        (claim(name="do thi mau"), Outcome.MATCH),
        (claim(born="2014"), Outcome.MATCH),
        (claim(number="001314000002"), Outcome.MATCH),
        (claim(name="Đỗ Thị Khác"), Outcome.MISMATCH),
        (claim(name=""), Outcome.MISMATCH),
        (claim(born="2014-05-04"), Outcome.MISMATCH),
        (claim(born="03/05/2014"), Outcome.MISMATCH),
        (claim(number="001314000009"), Outcome.NOT_FOUND),
    ],
)
def test_a_claim_is_confirmed_only_as_a_whole(asked: Claim, said: Outcome) -> None:
    assert outcome(asked) is said


def test_a_person_without_name_or_date_confirms_nothing_and_a_dead_one_is_inactive() -> None:
    assert outcome(claim(), CitizenSnapshot(personal_number="001314000001")) is Outcome.MISMATCH
    dead = CitizenSnapshot(
        personal_number="001314000001", full_name="Đỗ Thị Mẫu", birth_date="2014-05-03", status="deceased"
    )
    assert outcome(claim(), dead) is Outcome.INACTIVE


def test_a_person_is_shown_only_to_who_describes_them() -> None:
    connector = ExtractConnector(Loaded(PERSON), AS_OF)
    assert connector.get(claim(), CONTEXT) == PERSON
    assert connector.get(claim(name="Khác"), CONTEXT) == NotFound(source_ref="R-1")
    assert connector.get(claim(number="001314000009"), CONTEXT) == NotFound(source_ref="R-1")


def test_searching_is_left_to_the_source_with_a_limit() -> None:
    loaded = Loaded(PERSON)
    connector = ExtractConnector(loaded, AS_OF)
    (page,) = connector.search([CandidateQuery(query_id="q", tokens={"name": 1})], CONTEXT)
    assert (page.query_id, page.too_broad) == ("q", ("year",))
    assert loaded.limits == [CANDIDATES_LIMIT]


def test_an_extract_can_be_searched_too_and_says_whether_it_is_loaded() -> None:
    connector = ExtractConnector(Loaded(), AS_OF)
    asked: PopulationConnector = connector
    assert isinstance(connector, OffersCandidates)
    assert asked.describe().operations == {Operation.VERIFY, Operation.GET, Operation.SEARCH}
    assert not asked.health().ok
    assert ExtractConnector(Loaded(PERSON), AS_OF).health().ok
