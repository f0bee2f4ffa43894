"""The list for the police: who is on it, how it leaves, and what comes back signed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook, load_workbook

from connectors.contract import FileRefused, Outcome
from connectors.formats.workbooks import rows_of
from registry.actions.lists.exports import ExportView
from registry.actions.lists.fetch_export import Form, fetch_export
from registry.actions.population.decide import decide_finding, findings_waiting, undo_finding
from registry.actions.population.problem_intake import AnswersRefused, Signature, TakenIn, take_in_answers
from registry.actions.population.problem_lists import ask_problems, fetch_problems
from registry.exports.problem_answers import Rule
from registry.exports.problem_sheet import COLUMNS
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.errors import BadQuery, NotFound, Refused
from tests.people import ELSEWHERE, HERE, citizen, numbered, record
from tests.registry.actions.installed import child_of, deliver, leaves, pass_time, query, reviewer, worker
from tests.registry.actions.population.scripted import Scripted, drained

SIGNED = Signature(by="Trung tá Bế Văn Chín", on=date(2026, 10, 30))
PLACE = {name: place for place, (name, _, _) in enumerate(COLUMNS)}
GIRL = citizen()


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """The population is there."""
    return peopled


@pytest.fixture
def commune(installed: Installation) -> Installation:
    """Three children: one without a number, one without a birth date, and one of whom all is well."""
    deliver(
        installed,
        numbered(
            [
                record("NONE", personal_number=None),
                record("DAY", name="Bế Thị Lan", birth_date="2015", personal_number="019315000111"),
                record("WELL", name="Bế Văn Tám", sex="Nam", birth_date="09/09/2012", personal_number="019212000222"),
                record("FAR", name="Bế Văn Xa", personal_number=None, commune_code=ELSEWHERE),
            ]
        ),
    )
    return installed


def ask(installed: Installation) -> ExportView:
    """Ask for the list of the commune."""
    with installed.store.begin(worker(installed, reason="Đối chiếu quý IV.")) as transaction:
        return ask_problems(transaction, installed.vault, HERE)


def sheet(installed: Installation) -> bytes:
    """Return the list of the commune as it leaves."""
    asked = ask(installed)
    with installed.store.begin(worker(installed, reason="Đối chiếu quý IV.")) as transaction:
        return fetch_problems(transaction, installed.vault, asked.export_id, language="vi").content


def rows(content: bytes) -> list[tuple[int, list[Any]]]:
    """Return the rows of the first sheet, as they are read when they come back."""
    return [(number, list(cells)) for number, cells in rows_of(io.BytesIO(content), "list.xlsx")]


def filled(content: bytes, name: str, answers: Mapping[str, str]) -> list[tuple[int, list[Any]]]:
    """Return the rows with the answers of the police about the child of a name."""
    told = rows(content)
    for _, cells in told:
        cells += [None] * (len(COLUMNS) - len(cells))
        if cells[PLACE["name"]] == name:
            for column, text in {"officer": "Đại uý Lò Thị Mười", **answers}.items():
                cells[PLACE[column]] = text
    return told


def take_in(installed: Installation, table: list[tuple[int, list[Any]]], signature: Signature = SIGNED) -> TakenIn:
    """Take in what came back."""
    with installed.store.begin(worker(installed, reason="Công an đã ký.")) as transaction:
        return take_in_answers(transaction, installed.vault, table, signature)


def is_answered(row: tuple[int, list[Any]]) -> bool:
    """Say whether the police have written something into a row of a child."""
    return row[0] > 2 and bool(row[1][PLACE["says"]])


GIVEN = {"says": "khác", "right_number": GIRL.personal_number}


def test_who_lacks_something_is_on_the_list_with_what_is_to_be_checked(commune: Installation) -> None:
    told = {cells[PLACE["name"]]: cells[PLACE["problems"]] for _, cells in rows(sheet(commune))[2:]}
    assert told == {"Nguyễn Thị Hoà": "chưa có số định danh", "Bế Thị Lan": "thiếu hoặc sai ngày sinh"}


def test_a_confirmed_citizen_needs_no_number_and_a_refuted_one_is_doubtful(installed: Installation) -> None:
    deliver(installed, [record("A")])
    link_all(installed)
    with pytest.raises(BadQuery):
        ask(installed)
    drained(installed, Scripted(clock=installed.clock, said={GIRL.personal_number: Outcome.NOT_FOUND}))
    (line,) = rows(sheet(installed))[2:]
    assert line[1][PLACE["problems"]] == "số định danh chưa khớp"


def test_the_list_leaves_with_a_name_a_code_in_every_row_and_no_formula(commune: Installation) -> None:
    content = sheet(commune)
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Trẻ em", "Hướng dẫn"]
    children = book["Trẻ em"]
    assert "hoa.tran" in str(children.cell(1, 1).value)
    codes = [children.cell(row, 1).value for row in (3, 4)]
    assert len(set(codes)) == 2
    assert {cell.data_type for line in children for cell in line} <= {"s", "n"}
    assert not [cell for line in children for cell in line if str(cell.value or "").startswith("=")]
    assert leaves(commune, "problems")[-1].children


def test_the_same_list_is_fetched_again_with_the_same_codes_and_not_as_another_list(commune: Installation) -> None:
    asked = ask(commune)
    contents = []
    for _ in range(2):
        with commune.store.begin(worker(commune, reason="Đối chiếu.")) as transaction:
            contents.append(fetch_problems(transaction, commune.vault, asked.export_id, language="vi").content)
    assert rows(contents[0]) == rows(contents[1])
    with pytest.raises(NotFound), commune.store.begin(worker(commune, reason="Đối chiếu.")) as transaction:
        fetch_export(transaction, commune.vault, asked.export_id, form=Form.XLSX, language="vi")


def test_only_who_may_open_these_children_gets_it(commune: Installation) -> None:
    with pytest.raises(Refused), commune.store.begin(reviewer(commune, reason="Xem.")) as transaction:
        ask_problems(transaction, commune.vault, HERE)
    with (
        pytest.raises(BadQuery),
        commune.store.begin(worker(commune, commune=ELSEWHERE, reason="Xem.")) as transaction,
    ):
        ask_problems(transaction, commune.vault, HERE)


def test_a_number_that_was_given_waits_for_a_reviewer_and_then_links_and_is_verified(commune: Installation) -> None:
    content = sheet(commune)
    assert take_in(commune, filled(content, "Nguyễn Thị Hoà", GIVEN)).findings == 1
    with commune.store.begin(reviewer(commune)) as transaction:
        (found,) = findings_waiting(transaction, commune.vault)
    assert (found.kind, found.signed) == (
        "number_given",
        {"officer": "Đại uý Lò Thị Mười", "signed_by": SIGNED.by, "signed_on": "2026-10-30"},
    )
    with commune.store.begin(reviewer(commune)) as transaction:
        decide_finding(transaction, commune.vault, found.child_id, found.finding_id, accept=True, reason="Công an ký.")
    assert drained(commune, Scripted(clock=commune.clock)).outcomes == {"match": 1}
    assert query(commune, "select status from number_history") == [{"status": "current"}]
    with commune.store.begin(reviewer(commune)) as transaction:
        undo_finding(transaction, commune.vault, found.child_id, found.finding_id, reason="Nhầm.")
    assert query(commune, "select state from link_state") == [{"state": "revoked"}]


def test_corrections_become_findings(commune: Installation) -> None:
    answers = {"says": "khác", "right_birth": "04/06/2015", "right_name": "Bế Thị Làn"}
    assert take_in(commune, filled(sheet(commune), "Bế Thị Lan", answers)).findings == 2
    with commune.store.begin(reviewer(commune)) as transaction:
        found = {one.kind: (one.before, one.said) for one in findings_waiting(transaction, commune.vault)}
    assert found == {"name": ("Bế Thị Lan", "Bế Thị Làn"), "birth": ("2015", "2015-06-04")}


def test_taking_in_a_file_again_changes_nothing(commune: Installation) -> None:
    told = filled(sheet(commune), "Nguyễn Thị Hoà", GIVEN)
    take_in(commune, told)
    before = query(commune, "select * from problem_answer"), query(commune, "select * from finding")
    pass_time(commune, hours=1)
    again = take_in(commune, told)
    assert (again.unchanged, again.findings, dict(again.answers)) == (1, 0, {})
    assert before == (query(commune, "select * from problem_answer"), query(commune, "select * from finding"))


def test_who_compared_who_signed_and_when_is_kept(commune: Installation) -> None:
    take_in(commune, filled(sheet(commune), "Nguyễn Thị Hoà", {"says": "không có", "signed_on": "29/10/2026"}))
    (row,) = query(commune, "select says, signed_on, taken_in_by from problem_answer")
    assert (row["says"], row["signed_on"]) == ("none", date(2026, 10, 29))
    assert query(commune, "select answered_at from problem where answered_at is not null")


def test_a_confirmed_number_is_asked_about_again(installed: Installation) -> None:
    deliver(installed, [record("A", mother=None, father=None)])
    link_all(installed)
    drained(installed, Scripted(clock=installed.clock, said={GIRL.personal_number: Outcome.NOT_FOUND}))
    take_in(installed, filled(sheet(installed), "Nguyễn Thị Hoà", {"says": "đúng"}))
    assert drained(installed, Scripted(clock=installed.clock)).outcomes == {"match": 1}


def altered(column: str, text: str | None) -> Callable[[list[Any]], None]:
    """Return what writes something else into a cell."""

    def write(cells: list[Any]) -> None:
        cells[PLACE[column]] = text

    return write


WRONG: list[tuple[Callable[[list[Any]], None], str, Rule]] = [
    (altered("code", "AAAA-BBBB-CCCC-DDDD"), "code", Rule.CODE_ALTERED),
    (altered("code", None), "code", Rule.NO_CODE),
    (altered("code", "1"), "code", Rule.NO_CODE),
    (altered("name", "Bế Thị Khác"), "name", Rule.ROW_ALTERED),
    (altered("number", "019314052001"), "name", Rule.ROW_ALTERED),
    (altered("says", "chắc vậy"), "says", Rule.ANSWER_UNKNOWN),
    (altered("says", None), "says", Rule.ANSWER_MISSING),
    (altered("says", "không có"), "says", Rule.CONTRADICTION),
    (altered("says", "đúng"), "says", Rule.CONTRADICTION),
    (altered("right_number", "12345"), "right_number", Rule.NUMBER_FORMAT),
    (altered("right_number", "=1+1"), "right_number", Rule.VALUE_BROKEN),
    (altered("right_name", "=cmd()"), "right_name", Rule.VALUE_BROKEN),
    (altered("right_birth", "31/02/2014"), "right_birth", Rule.VALUE_BROKEN),
    (altered("right_sex", "ba"), "right_sex", Rule.VALUE_BROKEN),
    (altered("officer", None), "officer", Rule.OFFICER_MISSING),
    (altered("officer", "x" * 201), "officer", Rule.TOO_LONG),
    (altered("signed_on", "hôm qua"), "signed_on", Rule.DATE_BROKEN),
    (altered("signed_on", "30/10/2099"), "signed_on", Rule.DATE_BROKEN),
]


@pytest.mark.parametrize(("write", "field", "rule"), WRONG, ids=[f"{rule}-{at}" for at, (*_, rule) in enumerate(WRONG)])
def test_each_fault_names_row_field_and_rule_and_nothing_is_taken_in(
    commune: Installation, write: Callable[[list[Any]], None], field: str, rule: Rule
) -> None:
    content = sheet(commune)
    told = filled(content, "Nguyễn Thị Hoà", GIVEN)
    fine = filled(content, "Bế Thị Lan", {"says": "khác", "right_birth": "04/06/2015"})
    place = next(place for place, row in enumerate(told) if is_answered(row))
    told = [row if at == place else other for at, (row, other) in enumerate(zip(told, fine, strict=True))]
    write(told[place][1])
    with pytest.raises(AnswersRefused) as refused:
        take_in(commune, told)
    assert [(fault.row, fault.field, fault.rule) for fault in refused.value.faults] == [(told[place][0], field, rule)]
    assert "Khác" not in str(refused.value)
    assert query(commune, "select count(*) as n from problem_answer") == [{"n": 0}]
    assert query(commune, "select count(*) as n from finding") == [{"n": 0}]


def test_a_row_twice_and_a_row_of_another_list_are_refused(commune: Installation) -> None:
    content = sheet(commune)
    told = filled(content, "Nguyễn Thị Hoà", GIVEN)
    line = next(row for row in told if is_answered(row))
    with pytest.raises(AnswersRefused) as refused:
        take_in(commune, [*told, (99, line[1])])
    assert [fault.rule for fault in refused.value.faults] == [Rule.CODE_REPEATED]
    other = next(row for row in filled(sheet(commune), "Bế Thị Lan", {"says": "không có"}) if is_answered(row))
    with pytest.raises(AnswersRefused) as refused:
        take_in(commune, [*told, (99, other[1])])
    assert [fault.rule for fault in refused.value.faults] == [Rule.OTHER_LIST]


def test_an_empty_list_and_a_list_without_its_columns_are_refused(commune: Installation) -> None:
    with pytest.raises(AnswersRefused):
        take_in(commune, rows(sheet(commune)))
    with pytest.raises(AnswersRefused) as refused:
        take_in(commune, [(1, ["Họ và tên", "Ngày sinh"])])
    assert {fault.rule for fault in refused.value.faults} == {Rule.COLUMN_MISSING}


@pytest.mark.parametrize("signature", [Signature(by=" ", on=SIGNED.on), Signature(by="A", on=date(2099, 1, 1))])
def test_who_signed_and_when_must_be_said(commune: Installation, signature: Signature) -> None:
    told = filled(sheet(commune), "Nguyễn Thị Hoà", GIVEN)
    with pytest.raises(BadQuery):
        take_in(commune, told, signature)


def test_another_commune_cannot_answer(commune: Installation) -> None:
    told = filled(sheet(commune), "Nguyễn Thị Hoà", GIVEN)
    far = worker(commune, commune=ELSEWHERE, reason="Công an đã ký.")
    with pytest.raises(AnswersRefused), commune.store.begin(far) as transaction:
        take_in_answers(transaction, commune.vault, told, SIGNED)


def test_a_workbook_that_unpacks_to_far_more_than_it_is_is_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    bomb.seek(0)
    with pytest.raises(FileRefused):
        rows_of(bomb, "list.xlsx")


def test_a_workbook_of_somebody_else_is_refused(commune: Installation) -> None:
    book = Workbook()
    saved = io.BytesIO()
    book.save(saved)
    with pytest.raises(AnswersRefused):
        take_in(commune, rows(saved.getvalue()))


def test_a_child_who_has_died_is_on_no_list(commune: Installation) -> None:
    child: UUID = child_of(commune, "NONE")
    query(
        commune,
        "insert into child_mark (child_id, mark, finding_id, marked_at) values (%s, 'died', %s, now()) returning 1",
        child,
        child,
    )
    names = {cells[PLACE["name"]] for _, cells in rows(sheet(commune))[2:]}
    assert names == {"Bế Thị Lan"}
