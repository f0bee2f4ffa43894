"""Whatever becomes of an answer on its way, nobody else is ever read out of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.contract import (
    Ambiguous,
    BadClaim,
    CitizenSnapshot,
    ConnectorError,
    ContractDrift,
    Inactive,
    NotFound,
    Outcome,
)
from tests.connectors.npdb_world import CLAIM, CONTEXT, NOW, enveloped, saying

OTHER = "001314000002"
ENTRY = (
    "<c:CongdanCollection SoCongDan='1'><c:CongDan><c:SoDinhDanh>001314000001</c:SoDinhDanh><c:SoCMND/>"
    "<c:HoVaTen><c:Ho/><c:ChuDem/><c:Ten>TRẦN THỊ MẪU</c:Ten></c:HoVaTen><c:GioiTinh>2</c:GioiTinh>"
    "<c:NgayThangNamSinh><c:Nam>2014</c:Nam><c:NgayThangNam>20140503</c:NgayThangNam></c:NgayThangNamSinh>"
    "<c:Me><c:HoVaTen>LÊ THỊ MẪU</c:HoVaTen><c:SoDinhDanh>001187000001</c:SoDinhDanh></c:Me>"
    "</c:CongDan></c:CongdanCollection>"
)
ANSWER = enveloped(ENTRY, "<d:MaYeuCau>REQ-0001</d:MaYeuCau>").encode()
YES = enveloped("<d:KetQuaXacThuc><d:TonTai>true</d:TonTai></d:KetQuaXacThuc>").encode()
WRAPPED = json.dumps({"code": 200, "response": {"error_code0": "00", "data": ANSWER.decode()}}).encode()
BUS = {"transport": "lgsp", "token_url": "http://127.0.0.1:9/token"}

# A cut, a piece of other bytes in place of some, or a piece of the answer itself somewhere else.
MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, 1200),
        st.integers(0, 40),
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(
                [
                    b"0",
                    b"</c:Ten>",
                    b"<c:CongDan/>",
                    b"&x;",
                    b"<!--",
                    b"-->",
                    OTHER.encode(),
                    b"<!DOCTYPE a>",
                    b"<c:SoDinhDanh>001314000002</c:SoDinhDanh>",
                    b"\xef\xbb\xbf",
                    b"]]>",
                    b" ",
                ]
            ),
        ),
    ),
    min_size=1,
    max_size=3,
)


def mutated(content: bytes, mutations: list[tuple[int, int, bytes]]) -> bytes:
    """Return the answer with pieces of it replaced."""
    for place, length, piece in mutations:
        place %= len(content) + 1
        content = content[:place] + piece + content[place + length :]
    return content


def ask(content: bytes, **changes: object) -> object:
    """Return what a look-up makes of an answer; None: a failure."""
    connector, _ = saying(content, **changes)
    told: ConnectorError
    try:
        return connector.get(CLAIM, CONTEXT)
    except ConnectorError as failure:
        told = failure
    assert OTHER not in str(told)
    return None


@settings(max_examples=120)
@given(MUTATIONS)
@example([(0, 0, b" ")])
def test_a_spoilt_answer_is_a_failure_or_still_about_the_one_asked_for(mutations: list[tuple[int, int, bytes]]) -> None:
    for content, changes in ((ANSWER, {}), (WRAPPED, BUS)):
        found = ask(mutated(content, mutations), **changes)
        assert found is None or isinstance(found, CitizenSnapshot | NotFound | Ambiguous | Inactive)
        if isinstance(found, CitizenSnapshot):
            assert found.personal_number == CLAIM.personal_number
        if isinstance(found, Inactive):
            assert found.replaced_by is None or found.replaced_by.isdigit()


@settings(max_examples=100)
@given(MUTATIONS)
def test_a_spoilt_yes_is_a_yes_to_our_question_or_a_failure(mutations: list[tuple[int, int, bytes]]) -> None:
    connector, _ = saying(mutated(YES, mutations))
    try:
        said = connector.verify(CLAIM, CONTEXT)
    except ConnectorError:
        return
    assert said.outcome in (Outcome.MATCH, Outcome.NOT_FOUND)
    assert said.source_ref == CONTEXT.request_id


@given(st.from_regex(r"[0-9]{12}", fullmatch=True).filter(lambda number: number != CLAIM.personal_number))
def test_the_answer_to_another_number_is_never_data(number: str) -> None:
    content = ANSWER.replace(CLAIM.personal_number.encode(), number.encode(), 1)
    for whole, changes in ((content, {}), (WRAPPED.replace(b"001314000001", number.encode(), 1), BUS)):
        connector, _ = saying(whole, **changes)
        with pytest.raises(ContractDrift) as drift:
            connector.get(CLAIM, CONTEXT)
        assert number not in str(drift.value)


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "ignore")))
def test_no_bytes_are_taken_for_an_answer(content: bytes) -> None:
    for changes in ({}, BUS):
        connector, _ = saying(content, **changes)
        with pytest.raises(ConnectorError):
            connector.verify(CLAIM, CONTEXT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from([OTHER, "001314000001", "00"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "response",
                    "data",
                    "error_code0",
                    "CongdanCollection",
                    "congDan",
                    "SoDinhDanh",
                    "hoVaTen",
                    "ten",
                    "KetQuaXacThuc",
                    "tonTai",
                    "Body",
                    "@SoCongDan",
                    "ngayThangNamSinh",
                ]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=100)
@given(JSON)
def test_no_object_of_a_bus_is_somebody_else(value: object) -> None:
    found = ask(json.dumps(value).encode(), **BUS)
    assert not isinstance(found, CitizenSnapshot) or found.personal_number == CLAIM.personal_number


# Changes


def change(number: str, inside: str = "") -> str:
    """Return one entry of a page of changes."""
    return f"<c:CongDan><c:SoDinhDanh>{number}</c:SoDinhDanh>{inside}</c:CongDan>"


def page(*entries: str, counted: str = "") -> str:
    """Return a page of changes."""
    return enveloped(f"<c:CongdanCollection {counted}>{''.join(entries)}</c:CongdanCollection>")


def test_a_window_is_fixed_before_its_first_page_and_the_next_begins_before_its_end() -> None:
    numbers = [f"00131400000{place}" for place in range(1, 6)]
    connector, service = saying(
        page(*map(change, numbers[:2])), page(*map(change, numbers[2:4])), page(change(numbers[4])), page()
    )
    cursor, seen = None, []
    for more in (True, True, False, False):
        said = connector.changes(cursor, CONTEXT, limit=2)
        assert said.more is more
        seen += [event.personal_number for event in said.events]
        cursor = said.next
    assert seen == numbers
    asked = [request.content.decode() for request in service.asked]
    assert ["<dan:Trang>1<" in asked[0], "<dan:Trang>2<" in asked[1], "<dan:Trang>3<" in asked[2]] == [True] * 3
    assert all("<dan:TuNgay>20261121</dan:TuNgay><dan:DenNgay>20261121<" in one for one in asked)
    assert all("<dan:SoBanGhi>2</dan:SoBanGhi>" in one for one in asked)


@given(st.integers(0, 400), st.integers(0, 5))
def test_no_day_between_two_windows_is_left_out(days: int, overlap: int) -> None:
    today = date(2026, 11, 21)
    since = today - timedelta(days=days)
    cursor = json.dumps({"since": since.isoformat(), "until": since.isoformat(), "page": 1, "size": 10})
    connector, service = saying(page(), change_overlap_days=overlap)
    said = json.loads(connector.changes(cursor, CONTEXT, limit=10).next)
    sent = service.asked[0].content.decode()
    assert f"<dan:TuNgay>{since:%Y%m%d}<" in sent
    assert f"<dan:DenNgay>{today:%Y%m%d}<" in sent
    assert since.isoformat() <= said["since"] <= today.isoformat()


def test_a_clock_that_jumps_back_leaves_no_window_that_ends_before_it_begins() -> None:
    cursor = json.dumps({"since": "2027-01-01", "until": "2027-01-02", "page": 1, "size": 10})
    connector, service = saying(page())
    said = json.loads(connector.changes(cursor, CONTEXT, limit=10).next)
    assert b"<dan:DenNgay>20270101<" in service.asked[0].content
    assert said["since"] <= said["until"]


def test_what_nobody_keeps_any_more_is_not_asked_for() -> None:
    cursor = json.dumps({"since": "2026-01-01", "until": "2026-01-02", "page": 1, "size": 10})
    connector, service = saying(change_keep_days=90)
    said = connector.changes(cursor, CONTEXT, limit=10)
    assert (said.reset_required, said.more, said.events, service.asked) == (True, False, (), [])
    assert json.loads(said.next)["since"] == NOW.date().isoformat()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "{",
        "[]",
        '{"since": "2026-01-02", "until": "2026-01-01", "page": 1, "size": 1}',
        '{"since": "2026-01-01", "until": "2026-01-02", "page": 0, "size": 1}',
        '{"since": "2026-01-01", "until": "2026-01-02", "page": 1, "size": 1, "x": 1}',
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    connector, service = saying(page())
    with pytest.raises(BadClaim):
        connector.changes(cursor, CONTEXT, limit=10)
    assert service.asked == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (page(change("1314")), "SoDinhDanh"),
        (page("<c:CongDan/>"), "SoDinhDanh"),
        (page(change("001314000001", "<c:TrangThaiCongDan>9</c:TrangThaiCongDan>")), "TrangThaiCongDan"),
        (page(*[change("001314000001")] * 3), "CongDan[3]"),
        (page(change("001314000001"), counted="SoCongDan='7'"), "@SoCongDan"),
        (enveloped("<d:KetQuaXacThuc><d:TonTai>true</d:TonTai></d:KetQuaXacThuc>"), "KetQuaXacThuc"),
    ],
)
def test_a_page_that_is_not_what_was_asked_for_is_drift(said: str, told: str) -> None:
    connector, _ = saying(said)
    with pytest.raises(ContractDrift) as drift:
        connector.changes(None, CONTEXT, limit=2)
    assert told in drift.value.path


def test_pages_without_end_and_a_code_for_nobody_are_no_page_of_changes() -> None:
    last = json.dumps({"since": "2026-11-20", "until": "2026-11-21", "page": 100_000, "size": 1})
    connector, _ = saying(page(change("001314000001")))
    with pytest.raises(ContractDrift, match="without end"):
        connector.changes(last, CONTEXT, limit=1)
    connector, _ = saying('{"code": "NF"}', **BUS, not_found_codes=["NF"])
    with pytest.raises(ContractDrift, match="no page"):
        connector.changes(None, CONTEXT, limit=1)


def test_relatives_of_several_people_are_nobodys() -> None:
    connector, _ = saying(page(change(CLAIM.personal_number), change(CLAIM.personal_number)))
    with pytest.raises(ContractDrift):
        connector.relatives(CLAIM, CONTEXT)
    connector, _ = saying(page(change(OTHER)))
    with pytest.raises(ContractDrift):
        connector.relatives(replace(CLAIM), CONTEXT)
    with pytest.raises(ValueError, match="limit"):
        connector.changes(None, CONTEXT, limit=0)
