"""JSON and XML of outside systems: what could be understood in two ways is not read, and nothing of it is repeated."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from connectors.contract import ContractDrift
from connectors.formats.strict_json import MAX_DEPTH, read_json, read_model
from connectors.formats.strict_xml import canonical, name_of, read_xml, text_of

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), below)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_plain_json_is_read_as_it_was_written(value: object) -> None:
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value
    assert read_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=80) | st.text('{}[]",:\\ud8e0123 a', max_size=60).map(str.encode))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for read in (read_json, read_xml):
        with suppress(ContractDrift):
            read(content)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        ('{"a": "ă"}'.encode("utf-16"), "no JSON"),
        (b'{"a": 1, "a": 2}', "a member twice"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "a member twice"),
        (b"[NaN]", "not a number"),
        (b"[-Infinity]", "not a number"),
        (b"[1e999]", "not a number"),
        (b"[" + b"1" * 41 + b"]", "a number without end"),
        (b'["\\ud800"]', "no JSON"),
        (b'{"\\uDFFF": 1}', "no JSON"),
        (b"[" * 65 + b"]" * 65, "nested too deep"),
        (b"[" * 1_000_000, "nested too deep"),
        (b'{"a":' * 1_000_000, "nested too deep"),
        (b'{"a": 1} {}', "no JSON"),
        (b"{'a': 1}", "no JSON"),
    ],
)
def test_json_that_two_readers_could_understand_differently_is_refused(content: bytes, rule: str) -> None:
    with pytest.raises(ContractDrift) as drift:
        read_json(content, place="answer")
    assert drift.value.path == f"answer: {rule}"


def test_brackets_within_texts_do_not_count_and_endless_quotes_cost_no_more_than_their_length() -> None:
    text = "[" * 500 + '"\\'
    assert read_json(json.dumps([text, "😀"]).encode()) == [text, "😀"]
    assert read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ContractDrift):
        read_json(b'"' + b'\\"' * 500_000)


class _Person(BaseModel):
    names: list[str]


def test_a_misfit_is_named_by_its_place_alone() -> None:
    assert read_model(_Person, {"names": ["Mai"]}).names == ["Mai"]
    with pytest.raises(ContractDrift) as drift:
        read_model(_Person, {"names": ["Mai", 79123456]}, place="people[0]")
    assert drift.value.path == "people[0].names.1"
    assert "79123456" not in str(drift.value)


ENTITY = b'<!DOCTYPE a [<!ENTITY x "Mai">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "no XML"),
        (b"<a>", "no XML"),
        (b"{}", "no XML"),
        (b"<a/><b/>", "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b'<?xml version="1.0" encoding="nobody-knows"?><a/>', "no XML"),
        (ENTITY, "a document type"),
        (b"<!DOCTYPE a><a/>", "a document type"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "a document type"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "a document type"),
        (b"<a>&unknown;</a>", "no XML"),
        (b"<a>" * 65 + b"</a>" * 65, "nested too deep"),
        (b"<a>" * 300_000, "no XML"),
    ],
)
def test_xml_with_more_than_elements_and_text_is_refused(content: bytes, rule: str) -> None:
    with pytest.raises(ContractDrift) as drift:
        read_xml(content, place="answer")
    assert drift.value.path == f"answer: {rule}"


def test_entities_that_would_unfold_into_gigabytes_unfold_into_nothing(tmp_path: Path) -> None:
    lines = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE a [<!ENTITY x0 "ha">{lines}]><a>&x11;</a>'
    with pytest.raises(ContractDrift):
        read_xml(bomb.encode())


def test_a_text_is_not_cut_by_what_stands_in_it() -> None:
    root = read_xml("<a xmlns='urn:a'><b> 00<!-- -->13<?skip?>14<![CDATA[15]]>\n</b></a>".encode("utf-16"))
    assert name_of(root) == ("urn:a", "a")
    assert text_of(root[0], place="a/b") == "00131415"
    with pytest.raises(ContractDrift) as drift:
        text_of(root, place="a")
    assert drift.value.path == "a"


def test_the_canonical_form_does_not_depend_on_prefixes_above() -> None:
    one = read_xml(b'<o xmlns:a="urn:a" xmlns:z="urn:z"><a:p  y="2" x="1" /></o>')[0]
    other = read_xml(b'<q xmlns:a="urn:a"><a:p x="1" y="2"></a:p></q>')[0]
    assert canonical(one) == canonical(other) == b'<a:p xmlns:a="urn:a" x="1" y="2"></a:p>'
