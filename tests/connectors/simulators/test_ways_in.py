"""Who may ask the simulated population database, how much, and what the bus and the platform answer."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.simulators.population import Quirk, Quota
from tests.connectors.simulators.asking import LAN, NOW, about, asking, texts

QUESTION = about("XacThucThongTinCongDan", LAN)
KEYS = {
    "AccessKey": "child-registry",
    "SecretKey": "simulated",
    "AppName": "registry",
    "PartnerCode": "A",
    "PartnerCodeCus": "B",
}


def platform_headers(keys: object = KEYS, bearer: str = "simulated") -> dict[str, str]:
    """Return the headers of a provincial platform."""
    return {
        "Authorization": f"Bearer {bearer}",
        "lgspaccesstoken": base64.b64encode(json.dumps(keys).encode()).decode(),
        "Content-Type": "application/xml",
        "SOAPAction": '""',
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Authorization": "Basic Og=="}, 401),
        ({"Authorization": "Basic !"}, 401),
        ({"Authorization": "Bearer simulated"}, 401),
        ({"ApiKey": "another"}, 401),
        ({"Timestamp": "1"}, 401),
        ({"Timestamp": "yesterday"}, 401),
        ({"Timestamp": "9" * 400}, 401),
        ({"Timestamp": "9" * 5000}, 401),
        ({"X_Road_Client": "VN/GOV"}, 400),
        ({"X_Road_Client": ""}, 400),
        ({"Content_Type": "application/json"}, 415),
        ({"Content_Type": "text/xml; charset=utf-8"}, 200),
    ],
)
def test_headers_of_the_bus_are_checked(headers: dict[str, str], status: int) -> None:
    with asking() as asked:
        answer = asked.soap(QUESTION, **headers)
    assert answer.status_code == status
    assert ("X-Road-Error" in answer.headers) == (status == 400)


def test_a_right_answer_names_the_client_and_a_request_of_the_bus() -> None:
    with asking() as asked:
        headers = asked.soap(QUESTION).headers
    assert headers["X-Road-Client"] == "VN/GOV/G01/registry"
    assert len(headers["X-Road-Request-Id"]) == 32


def test_an_old_time_stamp_and_a_missing_action_are_refused() -> None:
    with asking() as asked:
        asked.clock.now = NOW - timedelta(seconds=301)
        sent = asked.soap(QUESTION)
        assert sent.status_code == 200
        headers = sent.request.headers
        asked.clock.now = NOW
        assert asked.client.post("/npdb", content=QUESTION.encode(), headers=headers).status_code == 401
        del headers["SOAPAction"]
        assert asked.client.post("/npdb", content=QUESTION.encode(), headers=headers).status_code == 400


def test_the_older_bus_and_paths_of_a_security_server_are_taken_too() -> None:
    with asking() as asked:
        older = {"X_Road_Client": "", "ESB_SOURCE_TYPE": "SYSTEM", "ESB_SOURCE_USERNAME": "child-registry"}
        sent = asked.soap(QUESTION).request.headers
        for name, value in older.items():
            sent[name if name.startswith("ESB") else name.replace("_", "-")] = value
        assert asked.client.post("/npdb", content=QUESTION.encode(), headers=sent).status_code == 200
        assert asked.soap(QUESTION, "/r1/VN/GOV/BCA/dancu/TraCuu").status_code == 200
        assert asked.client.get("/npdb").status_code == 405
        assert asked.client.get("/elsewhere").status_code == 404


def test_the_platform_wraps_answers_and_errors_alike_in_http_200() -> None:
    with asking() as asked:
        post = asked.client.post
        good = post("/lgsp/npdb", content=QUESTION.encode(), headers=platform_headers()).json()
        assert (good["code"], good["status"], good["response"]["error_code0"]) == (200, "OK", "00")
        assert texts(good["response"]["data"])["KetQuaXacThuc/TonTai"] == "true"
        bad = post("/lgsp/npdb", content=b"<x/>", headers=platform_headers())
        assert (bad.status_code, bad.json()["code"], bad.json()["response"]["data"]) == (200, 400, None)
        for fault, code in (("error-inside", 500), ("denied-inside", 403)):
            asked.simulated.fault(fault)
            failed = post("/lgsp/npdb", content=QUESTION.encode(), headers=platform_headers())
            assert (failed.status_code, failed.json()["code"]) == (200, code)


def test_the_platform_may_answer_in_objects_and_in_camel_case() -> None:
    with asking(quirks=frozenset({Quirk.JSON_DATA, Quirk.NAME_PARTS})) as asked:

        def data(request: str) -> Any:
            question = about("TraCuuThongTinCongDan", LAN, request=request).encode()
            answer = asked.client.post("/lgsp/npdb", content=question, headers=platform_headers())
            return answer.json()["response"]["data"]

        citizen = data("R-1")["CongdanCollection"]["CongDan"]
        assert (citizen["SoDinhDanh"], citizen["HoVaTen"]["Ten"]) == (LAN.number, "MẪU")
        asked.simulated.use({Quirk.JSON_DATA, Quirk.CAMEL_CASE})
        assert data("R-2")["congdanCollection"]["congDan"]["hoVaTen"]["ten"] == "TRẦN THỊ LAN MẪU"
        asked.simulated.change.double(LAN.number)
        assert len(data("R-3")["congdanCollection"]["congDan"]) == 2
        asked.simulated.fault("deep")
        assert isinstance(data("R-4"), str)


def test_the_platform_takes_questions_as_objects_too() -> None:
    context = {"maYeuCau": "R-1", "maDVC": "1.0", "maTichHop": "037", "maDonVi": "G01.001", "maCanBo": "officer-1"}
    facts = {"soDinhDanh": LAN.number, "hoVaTen": LAN.full_name, "ngayThangNamSinh": {"ngayThangNam": "20140503"}}
    headers = {**platform_headers(), "Content-Type": "application/json"}
    with asking() as asked:

        def answered(question: object) -> Any:
            return asked.client.post("/lgsp/npdb", content=json.dumps(question).encode(), headers=headers).json()

        good = answered({"type": "XacThucThongTinCongDan", **context, **facts})
        assert good["response"]["data"]["ketQuaXacThuc"] == {"tonTai": "true"}
        by_the_norm = {"type": "TraCuuThongTinCongDan", **context, "maYeuCau": "R-2", "congDan": facts}
        found = answered(by_the_norm)["response"]["data"]["congdanCollection"]["congDan"]
        assert found["soDinhDanh"] == LAN.number
        for bad in ([], {}, {"type": "Xoa", **context, **facts}, {"type": 1}, {**by_the_norm, "congDan": [1]},
                    {"type": "XacThucThongTinCongDan", **facts, **context}):  # fmt: skip
            assert answered(bad)["code"] == 400
        broken = asked.client.post("/lgsp/npdb", content=b"{", headers=headers)
        assert broken.json()["code"] == 400


@pytest.mark.parametrize(
    "headers",
    [
        platform_headers({**KEYS, "SecretKey": "wrong"}),
        platform_headers({"AccessKey": "child-registry"}),
        platform_headers([]),
        platform_headers(bearer="another"),
        {**platform_headers(), "lgspaccesstoken": "!"},
        {**platform_headers(), "lgspaccesstoken": base64.b64encode(b"[" * 40_000).decode()},
    ],
)
def test_the_platform_asks_for_its_keys_and_a_token(headers: dict[str, str]) -> None:
    with asking() as asked:
        assert asked.client.post("/lgsp/npdb", content=QUESTION.encode(), headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/oauth2/client/token", "/dci/oauth2/client/token", "/lgsp/token"])
def test_tokens_are_given_for_client_credentials_and_end(path: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "child-registry", "client_secret": "simulated"}
    with asking() as asked:
        given = asked.client.post(path, data=form).json()
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 600)
        basic = asked.client.post(path, data={"grant_type": "client_credentials"}, auth=("child-registry", "simulated"))
        assert basic.status_code == 200
        bearer = {"Authorization": f"Bearer {given['access_token']}"}
        ask = "/fhir/Patient?name=Lan"
        assert asked.client.get(ask, headers=bearer).status_code == 200
        asked.clock.now += timedelta(seconds=601)
        assert asked.client.get(ask, headers=bearer).status_code == 401
        assert asked.client.get(ask).status_code == 401
        for wrong in ({**form, "client_secret": "wrong"}, {**form, "grant_type": "password"}, {}):
            assert asked.client.post(path, data=wrong).status_code == 401
        assert asked.client.get(path).status_code == 401


def test_a_quota_a_second_and_a_day_turn_away_what_is_beyond() -> None:
    with asking(quota=Quota(a_second=2, a_day=3)) as asked:
        answers = [asked.soap(QUESTION) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["Retry-After"] == "1"
        asked.clock.now += timedelta(seconds=1)
        assert asked.soap(QUESTION).status_code == 200
        asked.clock.now += timedelta(seconds=1)
        over = asked.soap(QUESTION)
        assert over.status_code == 429
        assert int(over.headers["Retry-After"]) == 9 * 3600 - 2  # until midnight in Viet Nam
        assert asked.soap(QUESTION, X_Road_Client="VN/GOV/G02/other").status_code == 200
        asked.clock.now += timedelta(hours=9)
        assert asked.soap(QUESTION).status_code == 200
        assert asked.simulated.counts()["over-quota"] == 2
