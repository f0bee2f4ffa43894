"""The exchange bus: identifiers, headers, and whose failure a failure is."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from connectors import xroad
from connectors.contract import ConnectorError, Denied, MediatorFailure

CLIENT = TypeAdapter[str](xroad.Client)
SERVICE = TypeAdapter[str](xroad.Service)
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_each_part_of_an_identifier_is_encoded_alone() -> None:
    assert xroad.identifier("VN", "GOV", "G01", "trẻ em", "a/b") == "VN/GOV/G01/tr%E1%BA%BB%20em/a%2Fb"
    service = SERVICE.validate_python("VN/GOV/G01/dân cư/tra%2Fcuu")
    assert xroad.service_path(service, "/v1?x=1") == "/r1/VN/GOV/G01/d%C3%A2n%20c%C6%B0/tra%2Fcuu/v1?x=1"
    with pytest.raises(ValidationError, match="service"):
        SERVICE.validate_python("VN/GOV/G01/S")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=4, max_size=4))
def test_whatever_the_parts_hold_there_are_four_of_them_and_they_are_ascii(parts: list[str]) -> None:
    written = xroad.identifier(*parts)
    assert written.isascii()
    assert written.count("/") == 3
    assert CLIENT.validate_python(written) == written


@pytest.mark.parametrize("client", ["", "VN/GOV/G01", "VN/GOV//S", "VN/GOV/G01/S/x", "VN%2FGOV%2FG01%2FS"])
def test_a_client_has_four_parts(client: str) -> None:
    with pytest.raises(ValidationError):
        CLIENT.validate_python(client)


def test_only_what_is_said_becomes_a_header() -> None:
    assert xroad.headers("a/b/c/d") == {"X-Road-Client": "a/b/c/d"}
    assert xroad.headers("a/b/c/d", message_id="m", user_id="VN1", issue="7") == {
        "X-Road-Client": "a/b/c/d",
        "X-Road-Id": "m",
        "X-Road-UserId": "VN1",
        "X-Road-Issue": "7",
    }


@pytest.mark.parametrize(
    ("kind", "failure", "told"),
    [
        ("Server.ServerProxy.NetworkError", MediatorFailure, "Server.ServerProxy.NetworkError"),
        ("Server.ClientProxy.OutdatedGlobalConf", MediatorFailure, "Server.ClientProxy.OutdatedGlobalConf"),
        ("Server.ServerProxy.AccessDenied", Denied, "AccessDenied"),
        ("Server.ServerProxy.UnknownService", Denied, "UnknownService"),
        ("Client.BadRequest", Denied, "Client.BadRequest"),
        ("Nguyễn Văn Mẫu 001314000001", MediatorFailure, "unnamed"),
        ("", MediatorFailure, "unnamed"),
    ],
)
def test_an_error_of_the_bus_is_no_answer_of_the_provider(kind: str, failure: type[ConnectorError], told: str) -> None:
    response = httpx.Response(500, headers=[(b"X-Road-Error", kind.encode()), (b"Retry-After", b"4")])
    with pytest.raises(failure) as raised:
        xroad.BusErrors(lambda: NOW)(response)
    assert str(raised.value).endswith(told)
    assert getattr(raised.value, "retry_after", 4.0) == 4.0


def test_the_providers_own_error_is_passed_through() -> None:
    xroad.BusErrors(lambda: NOW)(httpx.Response(405))
    assert xroad.is_from_the_bus("Server.ServerProxy.NetworkError")
    assert not xroad.is_from_the_bus("Server")
    assert not xroad.is_from_the_bus("Client")
