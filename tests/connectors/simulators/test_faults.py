"""Every fault is really produced, for every way of asking, and the same ones for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as Tree

import httpx
import pytest

from connectors.simulators.population import Fault, fault_named
from tests.connectors.simulators.asking import BROTHER, LAN, NOW, SYSTEM, Asking, about, asking, dci_search, texts, uin

CITIZEN = "CongdanCollection/CongDan"
LOOK_UP = "TraCuuThongTinCongDan"

Ask = Callable[[Asking], httpx.Response]


def by_soap(asked: Asking) -> httpx.Response:
    """Look a child up over the bus."""
    return asked.soap(about(LOOK_UP, LAN))


def by_dci(asked: Asking) -> httpx.Response:
    """Search for a child in the DCI registry."""
    return asked.dci(dci_search(uin(LAN)))


def by_fhir(asked: Asking) -> httpx.Response:
    """Match a child on the FHIR server."""
    number = [{"system": SYSTEM, "value": LAN.number}]
    return asked.match({"resourceType": "Patient", "identifier": number})


EVERY_WAY = pytest.mark.parametrize("ask", [by_soap, by_dci, by_fhir])


@EVERY_WAY
@pytest.mark.parametrize(
    ("fault", "status"), [("429", 429), ("429-date", 429), ("403", 403), ("5xx", 503), ("bus", 500)]
)
def test_instead_of_an_answer_a_status_comes(ask: Ask, fault: str, status: int) -> None:
    with asking() as asked:
        asked.simulated.fault(fault)
        answer = ask(asked)
        assert answer.status_code == status
        assert ("X-Road-Error" in answer.headers) == (fault == "bus")
        if fault == "429":
            assert answer.headers["Retry-After"] == "2"
        if fault == "429-date":
            assert parsedate_to_datetime(answer.headers["Retry-After"]) == NOW + timedelta(seconds=2)
        assert ask(asked).status_code == 200


@EVERY_WAY
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.CUT_SHORT])
def test_the_connection_breaks(ask: Ask, fault: Fault) -> None:
    with asking() as asked:
        asked.simulated.fault(fault)
        with pytest.raises(httpx.RemoteProtocolError):
            ask(asked)


@EVERY_WAY
def test_an_answer_is_late_or_later_than_the_client_waits(ask: Ask) -> None:
    with asking(slow_seconds=31) as asked:
        asked.simulated.fault(Fault.SLOW)
        with pytest.raises(httpx.ReadTimeout):
            ask(asked)
        assert asked.clock.slept == [30]
    with asking(slow_seconds=3) as asked:
        asked.simulated.fault(Fault.SLOW)
        assert ask(asked).status_code == 200
        assert asked.clock.slept == [3]


@EVERY_WAY
def test_an_answer_drips(ask: Ask) -> None:
    with asking(slow_seconds=3) as asked:
        whole = ask(asked).content
        asked.simulated.fault(Fault.DRIP)
        dripped = ask(asked).content
        assert len(dripped) == len(whole)
        assert asked.clock.slept == [3] * 10
    with asking(slow_seconds=31) as asked:
        asked.simulated.fault(Fault.DRIP)
        with pytest.raises(httpx.ReadTimeout):
            ask(asked)


@EVERY_WAY
def test_an_answer_is_longer_than_any_as_it_is_or_unpacked_and_another_address_is_named(ask: Ask) -> None:
    with asking() as asked:
        asked.simulated.fault(Fault.HUGE)
        assert len(ask(asked).content) > 30_000_000
        asked.simulated.fault(Fault.BOMB)
        packed = ask(asked)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.num_bytes_downloaded < 1_000_000 < len(packed.content)
        asked.simulated.fault(Fault.REDIRECT)
        assert ask(asked).headers["Location"].startswith("http://127.0.0.1:9/")


@EVERY_WAY
def test_half_an_answer_is_no_document(ask: Ask) -> None:
    with asking() as asked:
        whole = ask(asked).content
        asked.simulated.fault(Fault.HALF)
        half = ask(asked)
        assert half.status_code == 200
        assert len(half.content) == len(whole) // 2
        assert whole.startswith(half.content[:200])


@EVERY_WAY
def test_an_error_and_a_refusal_stand_inside_http_200(ask: Ask) -> None:
    with asking() as asked:
        whole = ask(asked).text
        for fault in (Fault.ERROR_INSIDE, Fault.DENIED_INSIDE):
            asked.simulated.fault(fault)
            answer = ask(asked)
            assert answer.status_code == 200
            assert answer.text != whole
            assert LAN.number not in answer.text
            words = ("Fault", '"code"', "OperationOutcome", "ERR")
            assert any(word in answer.text for word in words)


def test_both_forms_of_an_error_inside_are_met_over_the_bus() -> None:
    with asking() as asked:
        forms = set()
        for request in ("R", "R2"):
            asked.simulated.fault(Fault.ERROR_INSIDE)
            forms.add(asked.soap(about(LOOK_UP, LAN, request=request)).headers["Content-Type"].partition(";")[0])
    assert forms == {"text/xml", "application/json"}


@EVERY_WAY
def test_a_page_for_people_comes_instead(ask: Ask) -> None:
    with asking() as asked:
        asked.simulated.fault(Fault.WRONG_TYPE)
        answer = ask(asked)
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.text.startswith("<!doctype html>")


@EVERY_WAY
def test_names_are_not_the_agreed_ones(ask: Ask) -> None:
    with asking() as asked:
        whole = ask(asked).text
        asked.simulated.fault(Fault.WRONG_NAMESPACE)
        other = ask(asked).text
    agreed = ("http://www.mic.gov.vn/dancu/1.0", '"message":', '"resourceType":')
    assert any(name in whole for name in agreed)
    assert not any(name in other for name in agreed)


@EVERY_WAY
def test_entities_and_depth(ask: Ask) -> None:
    with asking() as asked:
        asked.simulated.fault(Fault.ENTITIES)
        text = ask(asked).text
        assert ("<!ENTITY" in text) or text.startswith('{"x":NaN,"x":1,')
        asked.simulated.fault(Fault.DEEP)
        text = ask(asked).text
        assert ("<x>" * 10_000 in text) or ("[" * 10_000 in text)


def numbers_of(answer: httpx.Response) -> set[str]:
    """Return the numbers of the family that an answer names."""
    return {person.number for person in (LAN, BROTHER) if person.number in answer.text}


@EVERY_WAY
def test_somebody_elses_entry_comes(ask: Ask) -> None:
    with asking() as asked:
        asked.simulated.fault(Fault.WRONG_CHILD)
        assert LAN.number not in ask(asked).text
        asked.simulated.fault(Fault.DUPLICATE)
        doubled = ask(asked).text
        assert doubled.count(LAN.full_name.upper()) + doubled.count('"Mẫu"') >= 2


def test_a_lie_over_the_bus_is_well_formed() -> None:
    with asking() as asked:
        asked.simulated.fault(Fault.DECEASED)
        assert texts(by_soap(asked))[f"{CITIZEN}/TrangThaiCongDan"] == "2"
        asked.simulated.fault(Fault.NUMBER_REPLACED)
        told = texts(by_soap(asked))
        assert (told[f"{CITIZEN}/TrangThaiCongDan"], told[f"{CITIZEN}/SoDinhDanhMoi"]) == ("4", "001314999999")
        asked.simulated.fault(Fault.OTHER_REQUEST)
        assert "<dan:MaYeuCau>ANOTHER-REQUEST<" in by_soap(asked).text
        asked.simulated.fault(Fault.WRONG_CHILD)
        verified = asked.soap(about("XacThucThongTinCongDan", LAN, request="R-2"))
        assert LAN.number not in verified.text
        assert "TonTai" not in verified.text
        assert texts(by_soap(asked))[f"{CITIZEN}/TrangThaiCongDan"] == "1"


def test_a_lie_of_the_dci_registry_is_well_formed() -> None:
    with asking() as asked:

        def records(fault: Fault) -> list[dict[str, object]]:
            asked.simulated.fault(fault)
            found = by_dci(asked).json()["message"]["search_response"][0]
            return list(found["data"]["reg_records"])

        assert records(Fault.DECEASED)[0]["death_date"] == "2026-11-22"
        replaced = json.dumps(records(Fault.NUMBER_REPLACED)[0]["identifier"])
        assert "001314999999" in replaced
        assert "UIN_REPLACED" in replaced
        assert len(records(Fault.DUPLICATE)) == 2
        asked.simulated.fault(Fault.OTHER_REQUEST)
        message = by_dci(asked).json()["message"]
        assert message["transaction_id"] == "another-transaction"


def test_a_lie_of_the_fhir_server_is_well_formed() -> None:
    with asking() as asked:

        def patients(fault: Fault) -> list[dict[str, object]]:
            asked.simulated.fault(fault)
            return [entry["resource"] for entry in by_fhir(asked).json()["entry"]]

        assert patients(Fault.DECEASED)[0]["deceasedDateTime"] == "2026-11-22"
        replaced = patients(Fault.NUMBER_REPLACED)[0]
        assert replaced["active"] is False
        assert "replaced-by" in json.dumps(replaced["link"])
        first, second = patients(Fault.DUPLICATE)
        assert first["id"] != second["id"]
        asked.simulated.fault(Fault.OTHER_REQUEST)
        other = by_fhir(asked).json()
        assert other["link"][0]["url"].endswith("?another=request")
        assert LAN.number not in json.dumps(other)


def shares_met(seed: int, count: int = 400) -> list[str]:
    """Return what happened to requests of which shares fail."""
    with asking(seed=seed, faults={Fault.SERVER_ERROR: 0.2, Fault.RATE_LIMITED: 0.1}) as asked:
        return [str(by_soap(asked).status_code) for _ in range(count)]


def test_the_same_seed_brings_the_same_faults_and_their_shares_are_kept() -> None:
    first = shares_met(seed=7)
    assert first == shares_met(seed=7)
    assert first != shares_met(seed=8)
    met = Counter(first)
    assert 50 < met["503"] < 110
    assert 20 < met["429"] < 65


def test_an_outage_closes_connections_until_it_ends() -> None:
    with asking() as asked:
        asked.simulated.outage(60)
        for path in ("/fhir/metadata", "/npdb", "/oauth2/client/token"):
            with pytest.raises(httpx.RemoteProtocolError):
                asked.client.get(path)
        asked.clock.now += timedelta(seconds=60)
        assert by_soap(asked).status_code == 200
        assert asked.simulated.counts()["outage"] == 3


def test_faults_have_other_names_too() -> None:
    assert fault_named("cut_short") is Fault.CUT_SHORT
    assert fault_named("500") is Fault.SERVER_ERROR
    assert [fault_named(fault.value) for fault in Fault] == list(Fault)
    with pytest.raises(ValueError, match="nonsense"):
        fault_named("nonsense")
    for shares in ({"5xx": 0.7, "429": 0.7}, {"5xx": -0.1}):
        with asking() as asked, pytest.raises(ValueError, match="shares"):
            asked.simulated.shares(shares)


def test_an_xml_answer_is_whole_without_a_fault() -> None:
    with asking() as asked:
        assert Tree.iselement(Tree.fromstring(by_soap(asked).text))  # noqa: S314  of a simulator in this process
