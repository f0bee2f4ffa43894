"""Lists of children that leave the registry: few at once, many by two persons, marked, logged, and gone after a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from openpyxl import load_workbook

from registry.actions.lists.export_rows import Question
from registry.actions.lists.exports import (
    ALONE,
    LASTS,
    ExportView,
    State,
    ask_export,
    decide_export,
    own_export,
    own_exports,
    waiting_export,
    waiting_exports,
)
from registry.actions.lists.fetch_export import Form
from registry.jobs.opening import Installation
from registry.jobs.watching import watch
from registry.model.access import Area, Purpose, Role
from registry.model.errors import (
    BadQuery,
    Conflict,
    FreshSignInNeeded,
    NotFound,
    ReasonNeeded,
    Refused,
)
from tests.people import ELSEWHERE, NEXT_DOOR, PROVINCE, record, tombstone
from tests.registry.actions.installed import COLLEAGUE, STAFF, child_of, deliver, leaves, pass_time, query, somebody
from tests.registry.actions.listing import (
    EVERYBODY,
    WHY,
    ask,
    asker,
    auditor,
    boy,
    cells,
    children_in,
    decide,
    fetch,
    large,
    second,
    village,
)


@pytest.fixture
def installed(own: Installation) -> Installation:
    """A database of the test's own, with three children here and one next door."""
    village(own)
    return own


def test_a_short_list_is_had_at_once(installed: Installation) -> None:
    asked = ask(installed)
    assert (asked.state, asked.children, asked.needs_second) == (State.READY, 3, False)
    file = fetch(installed, asked.export_id)
    assert sorted(row[0] for row in children_in(file)) == sorted(
        ["Nguyễn Thị Hoà", "Trần Văn aaaaaacc", "Trần Văn aaaaaadd"]
    )
    girl = next(row for row in children_in(file) if row[0] == "Nguyễn Thị Hoà")
    assert girl[1] in ("03/05/2014", "3/5/2014")
    assert girl[2].lower() == "nữ"
    assert girl[4:6] == ["019***001", "… Mai"], "masked"
    assert file.name == f"{asked.export_id}.csv"


def test_only_the_children_that_are_asked_for_are_on_the_list(installed: Installation) -> None:
    assert ask(installed, replace(EVERYBODY, sex="female")).children == 1
    assert ask(installed, replace(EVERYBODY, first_year=2017)).children == 1
    assert ask(installed, replace(EVERYBODY, commune=None)).children == 3, "all of the own area, and nobody next door"


def test_every_child_on_a_list_stands_in_the_log_before_it_leaves(installed: Installation) -> None:
    asked = ask(installed)
    fetch(installed, asked.export_id)
    fetch(installed, asked.export_id, form=Form.XLSX)
    (ask_leaf,) = leaves(installed, "ask_export")
    assert ask_leaf.children == ()
    assert ask_leaf.row_digests[0].hex() == asked.digest
    fetched = leaves(installed, "fetch_export")
    assert [len(leaf.children) for leaf in fetched] == [3, 3]
    assert all(leaf.sealed_reason for leaf in fetched)
    assert own(installed, asked.export_id).fetches == 2


def own(installed: Installation, export_id: UUID) -> ExportView:
    """Return an own list."""
    with installed.store.begin(asker(installed, reason=None)) as transaction:
        return own_export(transaction, installed.vault, export_id)


def test_a_long_list_waits_for_a_second_person(installed: Installation) -> None:
    large(installed)
    asked = ask(installed)
    assert (asked.state, asked.needs_second, asked.children) == (State.WAITING, True, ALONE + 4)
    with pytest.raises(Conflict):
        fetch(installed, asked.export_id)
    with installed.store.begin(second(installed)) as transaction:
        (shown,) = waiting_exports(transaction)
        detail = waiting_export(transaction, installed.vault, asked.export_id)
    assert (shown.export_id, shown.login) == (asked.export_id, "hoa.tran")
    assert (detail.question, detail.reason) == (EVERYBODY, WHY)
    decide(installed, asked)
    assert fetch(installed, asked.export_id).children == ALONE + 4
    (leaf,) = leaves(installed, "approve_export")
    assert leaf.counts == {"approved": 1, "children": ALONE + 4}
    assert leaf.row_digests == leaves(installed, "fetch_export")[0].row_digests


def test_a_list_cannot_be_split_into_short_ones(installed: Installation) -> None:
    large(installed, 60)
    assert ask(installed).state is State.READY
    assert ask(installed, replace(EVERYBODY, first_year=2012)).state is State.WAITING
    pass_time(installed, hours=25)
    assert ask(installed).state is State.READY


@pytest.mark.parametrize("role", [Role.PROVINCE_WORKER, Role.AUDITOR])
def test_nobody_agrees_to_the_own_list(installed: Installation, role: Role) -> None:
    large(installed)
    asked = ask(installed)
    myself = somebody(
        installed, role, Purpose.ADMINISTRATION, area=Area(provinces=frozenset({PROVINCE})), reason="vì", staff_id=STAFF
    )
    with pytest.raises(NotFound):
        decide(installed, asked, by=myself)
    with installed.store.begin(myself) as transaction:
        assert waiting_exports(transaction) == []


def test_who_agrees_is_of_the_province_or_an_auditor(installed: Installation) -> None:
    large(installed)
    asked = ask(installed)
    with pytest.raises(NotFound):
        decide(installed, asked, by=second(installed, province="01"))
    with pytest.raises(Refused):
        decide(installed, asked, by=replace(asker(installed), staff_id=COLLEAGUE, purpose=Purpose.ADMINISTRATION))
    decide(installed, asked, by=auditor(installed))
    assert own(installed, asked.export_id).state is State.READY


def test_agreeing_needs_a_sentence_and_a_fresh_sign_in(installed: Installation) -> None:
    large(installed)
    asked = ask(installed)
    with pytest.raises(ReasonNeeded):
        decide(installed, asked, by=replace(second(installed), reason=None))
    stale = replace(second(installed), proven_at=installed.clock() - timedelta(minutes=6))
    with pytest.raises(FreshSignInNeeded):
        decide(installed, asked, by=stale)
    assert own(installed, asked.export_id).state is State.WAITING


def test_it_is_decided_once_and_for_the_list_that_was_shown(installed: Installation) -> None:
    large(installed)
    asked = ask(installed)
    with pytest.raises(Conflict), installed.store.begin(second(installed)) as transaction:
        decide_export(transaction, installed.vault, asked.export_id, approved=True, digest="00" * 32)
    decide(installed, asked, approved=False)
    with pytest.raises(Conflict):
        decide(installed, asked)
    assert own(installed, asked.export_id).state is State.REFUSED
    with pytest.raises(Conflict):
        fetch(installed, asked.export_id)


def test_a_list_expires_after_a_day_and_who_is_on_it_is_deleted(installed: Installation) -> None:
    asked = ask(installed)
    fetch(installed, asked.export_id)
    pass_time(installed, hours=LASTS.total_seconds() / 3600)
    with pytest.raises(Conflict):
        fetch(installed, asked.export_id)
    watch(installed)
    watch(installed)
    assert query(installed, "select from export_list") == []
    assert own(installed, asked.export_id).state is State.EXPIRED
    assert leaves(installed, "expire_exports")[0].counts == {"lists": 1}
    assert len(leaves(installed, "expire_exports")) == 1


def test_an_expired_list_is_not_agreed_to(installed: Installation) -> None:
    large(installed)
    asked = ask(installed)
    pass_time(installed, hours=25)
    with pytest.raises(Conflict):
        decide(installed, asked)


def test_a_child_of_whom_something_has_changed_is_left_out(installed: Installation) -> None:
    asked = ask(installed)
    deliver(installed, [boy("EDU0002", day=2, name="Trần Văn Khác")])
    deliver(installed, [tombstone("EDU0003")])
    file = fetch(installed, asked.export_id)
    assert (file.children, file.left_out) == (1, 2)
    assert any("2 trẻ em đã thay đổi" in row[0] for row in cells(file))
    assert leaves(installed, "fetch_export")[0].counts == {"children": 1, "left_out": 2}


def test_a_child_who_has_moved_away_is_left_out(installed: Installation) -> None:
    asked = ask(installed)
    deliver(installed, [record(day=3, commune_code=NEXT_DOOR)])
    assert "Nguyễn Thị Hoà" not in str(children_in(fetch(installed, asked.export_id)))


def test_a_child_who_is_sealed_is_on_no_list_and_in_no_count(installed: Installation) -> None:
    asked = ask(installed)
    seal(installed, child_of(installed, "EDU0001"), keeper=STAFF)
    assert "Nguyễn Thị Hoà" not in str(children_in(fetch(installed, asked.export_id)))
    assert ask(installed).children == 2, "not even for those who know of her"


def seal(installed: Installation, child_id: UUID, *, keeper: UUID) -> None:
    """Seal a child."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        transaction.connection.exec_driver_sql(
            "insert into child_seal (child_id, keepers, placed_at) values (%s, %s, now())", (child_id, [keeper])
        )


def test_a_list_is_its_askers_alone(installed: Installation) -> None:
    asked = ask(installed)
    other = replace(asker(installed), staff_id=COLLEAGUE)
    with pytest.raises(NotFound):
        fetch(installed, asked.export_id, access=other)
    with installed.store.begin(other) as transaction:
        assert own_exports(transaction) == []
        with pytest.raises(NotFound):
            own_export(transaction, installed.vault, asked.export_id)
    with pytest.raises(NotFound):
        fetch(installed, asked.export_id, access=asker(installed, purpose=Purpose.REFERRAL))
    with pytest.raises(NotFound):
        fetch(installed, uuid4())


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (replace(EVERYBODY, commune=NEXT_DOOR), "commune"),
        (replace(EVERYBODY, commune=ELSEWHERE), "commune"),
        (replace(EVERYBODY, commune="'; drop"), "commune"),
        (replace(EVERYBODY, first_year=3), "first_year"),
        (replace(EVERYBODY, last_year=2009), "last_year"),
        (replace(EVERYBODY, last_year=99999), "last_year"),
        (replace(EVERYBODY, sex="x"), "sex"),
        (replace(EVERYBODY, first_year=2025), "commune"),  # nobody
    ],
)
def test_a_question_that_breaks_a_rule_is_refused(installed: Installation, question: Question, field: str) -> None:
    with pytest.raises(BadQuery) as refused:
        ask(installed, question)
    assert refused.value.field == field
    assert query(installed, "select from export") == []


def test_asking_needs_a_sentence_of_a_fit_length(installed: Installation) -> None:
    for reason, error in ((None, ReasonNeeded), ("x" * 501, BadQuery)):
        with pytest.raises(error), installed.store.begin(asker(installed, reason=reason)) as transaction:
            ask_export(transaction, installed.vault, EVERYBODY)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR, Role.STATISTICIAN])
def test_other_roles_ask_for_no_list(installed: Installation, role: Role) -> None:
    access = somebody(installed, role, Purpose.CASE_WORK, reason=WHY)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        ask_export(transaction, installed.vault, EVERYBODY)
    with pytest.raises(Refused), installed.store.begin(access) as transaction:
        own_exports(transaction)


def test_nothing_of_a_child_stands_in_clear(installed: Installation) -> None:
    ask(installed)
    stored = str(query(installed, "select * from export, export_list")).encode()
    girl = child_of(installed, "EDU0001")
    assert str(girl).encode() not in stored
    assert girl.bytes not in bytes(query(installed, "select sealed_list from export_list")[0]["sealed_list"])
    assert WHY.encode() not in stored


def test_whoever_has_the_file_is_named_on_every_page(installed: Installation) -> None:
    asked = ask(installed)
    book = load_workbook(BytesIO(fetch(installed, asked.export_id, form=Form.XLSX).content))
    sheet = book.worksheets[0]
    told = f"hoa.tran, UBND phường Thử, lúc 15:00 01/11/2026. Danh sách số {asked.export_id}"
    assert told in str(sheet["A2"].value)
    for part in (sheet.oddHeader, sheet.oddFooter):
        assert part is not None
        assert told in str(part.center.text)
    assert sheet.print_title_rows == "$1:$3"
    lines = fetch(installed, asked.export_id).content.decode("utf-8-sig").splitlines()
    assert told in lines[1]
    assert told in lines[-1]


def test_no_name_is_a_formula(installed: Installation) -> None:
    deliver(installed, [boy("EDU0009", name='=HYPERLINK("http://x")')])
    asked = ask(installed)
    first = [row[0] for row in children_in(fetch(installed, asked.export_id))]
    assert not any(name.startswith(("=", "+", "-", "@")) for name in first)
    book = load_workbook(BytesIO(fetch(installed, asked.export_id, form=Form.XLSX).content))
    assert all(cell.data_type == "s" for row in book.worksheets[0].iter_rows() for cell in row if cell.value)
