"""The simulator as a real server: on loopback alone, by several clients at once, through broken connections."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from connectors.simulators.population import Conduct, Fault, SimulatedPopulation, serve_population
from tests.connectors.simulators.asking import BEARER, LAN, PEOPLE, about, bus_headers, dci_search, texts, uin

pytestmark = pytest.mark.slow


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def asked(url: str, question: str, *, timeout: float = 10) -> httpx.Response:
    """Ask over a real connection."""
    headers = bus_headers("/npdb", now())
    return httpx.post(f"{url}/npdb", content=question.encode(), headers=headers, trust_env=False, timeout=timeout)


def test_it_listens_on_loopback_alone_and_ends_with_its_block() -> None:
    with serve_population(PEOPLE, clock=now) as simulated:
        host, port = "127.0.0.1", int(simulated.url.rpartition(":")[2])
        assert simulated.url == f"http://{host}:{port}"
        assert simulated.soap_url == f"{simulated.url}/npdb"
        told = texts(asked(simulated.url, about("XacThucThongTinCongDan", LAN)))
        assert told["KetQuaXacThuc/TonTai"] == "true"
        addresses = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
        for address in {str(one) for one in addresses} - {host}:
            if not address.startswith("127."):
                with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
                    socket.create_connection((address, port), timeout=2)
    with pytest.raises(httpx.ConnectError):
        asked(simulated.url, about("XacThucThongTinCongDan", LAN))


def test_a_port_that_is_taken_is_an_error() -> None:
    with (
        serve_population(PEOPLE, clock=now) as simulated,
        pytest.raises(OSError, match="in use"),
        serve_population(PEOPLE, clock=now, port=int(simulated.url.rpartition(":")[2])),
    ):
        pass


def test_connections_really_break_and_answers_are_really_late() -> None:
    with serve_population(PEOPLE, clock=now, conduct=Conduct(slow_seconds=0.7)) as simulated:
        question = about("TraCuuThongTinCongDan", LAN)
        for fault in (Fault.DROP, Fault.CUT_SHORT):
            simulated.fault(fault)
            with pytest.raises(httpx.RemoteProtocolError):
                asked(simulated.url, question)
        simulated.fault(Fault.SLOW)
        with pytest.raises(httpx.ReadTimeout):
            asked(simulated.url, question, timeout=0.3)
        simulated.fault(Fault.DRIP)
        assert texts(asked(simulated.url, question, timeout=5))["CongdanCollection/CongDan/SoDinhDanh"] == LAN.number
        simulated.outage(60)
        with pytest.raises(httpx.RemoteProtocolError):
            asked(simulated.url, question)
        simulated.outage(0)
        assert asked(simulated.url, question).status_code == 200
        assert simulated.counts()["fault:cut-short"] == 1


def test_many_ask_at_once() -> None:
    with serve_population(PEOPLE, clock=now) as simulated, ThreadPoolExecutor(8) as pool:

        def ask(number: int) -> str:
            question = about("XacThucThongTinCongDan", LAN, request=f"R-{number}")
            return texts(asked(simulated.url, question))["KetQuaXacThuc/TonTai"]

        assert set(pool.map(ask, range(40))) == {"true"}
        assert simulated.counts() == {"answered": 40, "soap": 40}


def test_a_message_larger_than_any_question_is_refused() -> None:
    with serve_population(PEOPLE, clock=now) as simulated:
        assert asked(simulated.url, "x" * 2_100_000).status_code == 413


class _Receiver(BaseHTTPRequestHandler):
    """Takes callbacks."""

    def do_POST(self) -> None:
        """Keep the body."""
        length = int(self.headers["Content-Length"])
        self.server.taken.append(json.loads(self.rfile.read(length)))  # type: ignore[attr-defined]  set just below
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.called.set()  # type: ignore[attr-defined]  set just below

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002  the library's name
        """Write nothing."""


def test_an_answer_is_called_back_to_a_real_receiver() -> None:
    with HTTPServer(("127.0.0.1", 0), _Receiver) as receiver, serve_population(PEOPLE, clock=now) as simulated:
        receiver.taken, receiver.called = [], threading.Event()  # type: ignore[attr-defined]  what the handler needs
        listening = threading.Thread(target=receiver.serve_forever, daemon=True)
        listening.start()
        address = f"http://127.0.0.1:{receiver.server_address[1]}/on-search"
        sent = dci_search(uin(LAN), sender_uri=address)
        url = f"{simulated.dci_url}/registry/search"
        acknowledged = httpx.post(url, json=sent, headers=BEARER, trust_env=False)
        assert acknowledged.status_code == 202
        assert receiver.called.wait(20)  # type: ignore[attr-defined]  as above
        receiver.shutdown()
        listening.join()
        correlation = acknowledged.json()["message"]["correlation_id"]
        assert [one["message"]["correlation_id"] for one in receiver.taken] == [correlation]  # type: ignore[attr-defined]  as above


def test_a_callback_that_nobody_takes_is_given_up() -> None:
    with serve_population(PEOPLE, clock=now) as simulated:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}/"
        sent = dci_search(uin(LAN), sender_uri=address)
        url = f"{simulated.dci_url}/registry/search"
        assert httpx.post(url, json=sent, headers=BEARER, trust_env=False).status_code == 202
        assert asked(simulated.url, about("XacThucThongTinCongDan", LAN)).status_code == 200


def test_it_is_an_asgi_application_too() -> None:
    simulated = SimulatedPopulation(PEOPLE, clock=now)

    async def statuses() -> list[int]:
        transport = httpx.ASGITransport(app=simulated.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            question = about("XacThucThongTinCongDan", LAN).encode()
            answers = [
                await client.get("/fhir/metadata"),
                await client.post("/_simulator/faults", json={"next": ["5xx"]}),
                await client.post("/npdb", content=question, headers=bus_headers("/npdb", now())),
            ]
        return [answer.status_code for answer in answers]

    assert asyncio.run(statuses()) == [200, 200, 503]
