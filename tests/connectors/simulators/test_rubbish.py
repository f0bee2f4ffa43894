"""Whatever is sent, the simulator refuses it in the form of the way that was asked, and goes on."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.simulators.asking import (
    BEARER,
    LAN,
    about,
    asking,
    bus_headers,
    by_the_norm,
    dci_search,
    texts,
    uin,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
AS_JSON = {**BEARER, "Content-Type": "application/json"}
MATCH: dict[str, Any] = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "resource",
            "resource": {
                "resourceType": "Patient",
                "identifier": [{"system": "urn:vn:so-dinh-danh", "value": LAN.number}],
                "name": [{"family": "Trần", "given": ["Thị", "Lan", "Mẫu"]}],
                "birthDate": "2014-05-03",
            },
        },
        {"name": "count", "valueInteger": 3},
    ],
}


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of each value in a document."""
    found = [path] if path else []
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        found += places(value, (*path, key))
    return found


def altered(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a document with another value at a place."""
    copy = json.loads(json.dumps(document))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return copy


@given(st.sampled_from(places(MATCH)), JSON)
def test_a_description_with_anything_anywhere_is_matched_or_refused(path: tuple[Any, ...], value: Any) -> None:
    with asking() as asked:
        body = json.dumps(altered(MATCH, path, value)).encode()
        answer = asked.client.post("/fhir/Patient/$match", content=body, headers=AS_JSON)
    assert answer.status_code in (200, 400)
    assert answer.json()["resourceType"] in ("Bundle", "OperationOutcome")


SEARCH = dci_search(
    [{"seq_num": 1, "expression1": {"attribute_name": "UIN", "operator": "eq", "attribute_value": LAN.number},
      "condition": "and", "expression2": {"attribute_name": "YOB", "operator": "ge", "attribute_value": "2014"}}],
    kind="predicate", sender_uri="http://127.0.0.1:9/",
)  # fmt: skip


@given(st.sampled_from(places(SEARCH)), JSON, st.sampled_from(["sync/search", "search", "sync/txn/status"]))
def test_a_search_with_anything_anywhere_is_answered_or_refused(path: tuple[Any, ...], value: Any, way: str) -> None:
    with asking(callback_times=0) as asked:
        body = json.dumps(altered(SEARCH, path, value)).encode()
        answer = asked.client.post(f"/dci/registry/{way}", content=body, headers=AS_JSON)
    assert answer.status_code in (200, 202, 400, 404)
    assert {"message"} <= set(answer.json())


STEERING: dict[str, Any] = {
    "faults": {"next": ["5xx"], "times": 1, "shares": {"5xx": 0.1}},
    f"people/{LAN.number}": {"event": "correct", "full_name": "Trần Thị Mẫu", "sex": "2"},
    "outage": {"seconds": 1},
    "quirks": {"quirks": ["capitals"]},
}


@given(st.sampled_from([(door, path) for door, said in STEERING.items() for path in places(said)]), JSON)
def test_steering_with_anything_anywhere_is_done_or_refused(place: tuple[str, tuple[Any, ...]], value: Any) -> None:
    door, path = place
    with asking() as asked:
        answer = asked.door(door, altered(STEERING[door], path, value))
        assert answer.status_code in (200, 400)
        asked.simulated.outage(0)
        asked.simulated.shares({})
        for _ in range(2):
            asked.simulated.fault(None)
        assert asked.client.get("/fhir/metadata").status_code == 200


QUESTIONS = (about("XacThucThongTinCongDan", LAN), by_the_norm("TraCuuThongTinCongDan", LAN))


@settings(max_examples=200)
@given(st.sampled_from(QUESTIONS), st.integers(0, 700), st.integers(0, 60), st.text(max_size=12))
def test_a_question_with_a_piece_replaced_is_answered_or_refused(
    question: str, start: int, length: int, piece: str
) -> None:
    sent = f"{question[:start]}{piece}{question[start + length :]}".encode("utf-8", "surrogatepass")
    with asking() as asked:
        answer = asked.client.post("/npdb", content=sent, headers=bus_headers("/npdb", asked.clock()))
    told = texts(answer)
    assert answer.status_code == 200
    assert {"Fault", "KetQuaXacThuc", "CongdanCollection"} & set(told)


@given(st.binary(max_size=40))
def test_bytes_of_any_kind_are_refused(content: bytes) -> None:
    with asking() as asked:
        headers = bus_headers("/npdb", asked.clock())
        assert "Fault" in texts(asked.client.post("/npdb", content=content, headers=headers))
        for path in ("/dci/registry/sync/search", "/fhir/Patient/$match"):
            assert asked.client.post(path, content=content, headers=AS_JSON).status_code == 400
        assert asked.client.post("/_simulator/faults", content=content).status_code in (200, 400)


def test_the_questions_that_are_altered_are_good_ones() -> None:
    with asking() as asked:
        assert asked.dci(dci_search(uin(LAN))).status_code == 200
        assert asked.client.post("/fhir/Patient/$match", json=MATCH, headers=BEARER).json()["total"] == 1
        assert [texts(asked.soap(one)).get("Fault") for one in (QUESTIONS[0],)] == [None]
