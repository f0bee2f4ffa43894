"""A server that behaves like the population database's SOAP service, for demonstrations and tests.

It listens on loopback only, knows the people it is given, checks who asks, and fails on request in every way that the
real one and the bus before it can fail. It shares nothing with the connector: what both got wrong alike would not show.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.simulators.faults import Fault, seeded_faults
from connectors.simulators.npdb_people import Account, People, QuestionRefused, read_question

PATH = "/npdb"
MAX_QUESTION_BYTES = 100_000
START_SECONDS = 10.0
ANOTHER_REQUEST = "ANOTHER-REQUEST"

Clock = Callable[[], datetime]


class _CutShort(Response):
    """A response that promises `body` and closes the connection after `sent` bytes of it."""

    def __init__(self, body: str, *, sent: int) -> None:
        super().__init__(body, media_type="text/xml")
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning and return: the server closes a connection whose response is unfinished."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        beginning = bytes(self.body)[: self._sent]
        await send({"type": "http.response.body", "body": beginning, "more_body": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """Answers the requests of one server."""

    people: People
    account: Account
    faults: Iterator[Fault | None]
    clock: Clock
    slow_seconds: float

    async def ask(self, request: Request) -> Response:
        """Answer one question, or fail as the next fault says."""
        if not self._admitted(request):
            return JSONResponse({"error": "unauthorized"}, status_code=401)
        content = await request.body()
        fault = next(self.faults, None)
        if (refusal := _refusal(fault)) is not None:
            return refusal
        if fault is Fault.SLOW:
            await asyncio.sleep(self.slow_seconds)
        return self._answer(content, fault)

    async def health(self, request: Request) -> Response:
        """Say that the server is there."""
        del request
        return JSONResponse({"error": "post a question"}, status_code=405)

    def _admitted(self, request: Request) -> bool:
        headers = request.headers
        return (
            int(headers.get("Content-Length") or 0) <= MAX_QUESTION_BYTES
            and headers.get("ApiKey") == self.account.api_key
            and headers.get("X-Road-Client", "").count("/") == 3
            and self.account.admits(
                headers.get("Authorization", ""), headers.get("Timestamp", ""), request.url.path, self.clock()
            )
        )

    def _answer(self, content: bytes, fault: Fault | None) -> Response:
        try:
            question = read_question(content)
            other = ANOTHER_REQUEST if fault is Fault.OTHER_REQUEST else None
            answer = self.people.answer(question, as_if_to=other)
        except QuestionRefused as refusal:
            return JSONResponse({"code": "99", "message": f"refused: {refusal}"})
        if fault is Fault.WRONG_PERSON:
            answer = self.people.somebody_else(question)
        elif fault is Fault.HALF_XML:
            answer = answer[: len(answer) // 2]
        if fault in (Fault.DROP, Fault.CUT_SHORT):
            return _CutShort(answer, sent=0 if fault is Fault.DROP else len(answer) // 2)
        return Response(answer, media_type="text/xml")


def _refusal(fault: Fault | None) -> Response | None:
    """Return the response of a fault that brings no answer at all."""
    if fault is Fault.RATE_LIMITED:
        return Response(status_code=429, headers={"Retry-After": "2"})
    if fault is Fault.DENIED:
        return Response(status_code=403)
    if fault is Fault.SERVER_ERROR:
        return Response(status_code=503)
    if fault is Fault.BUS_ERROR:
        headers = {"X-Road-Error": "Server.ServerProxy.ServiceFailed"}
        return JSONResponse({"type": "Server.ServerProxy.ServiceFailed"}, status_code=500, headers=headers)
    return JSONResponse({"code": "01", "message": "error"}) if fault is Fault.ERROR_INSIDE else None


@contextmanager
def serve(
    people: Iterable[tuple[str, str, str]],
    account: Account,
    *,
    clock: Clock,
    faults: Iterable[Fault | None] = (),
    port: int = 0,
    slow_seconds: float = 1.0,
) -> Iterator[str]:
    """Run the service on loopback until the block ends; yields its URL.

    Args:
        people: number, full name and ISO birth date (possibly partial) of each person.
        account: who may ask.
        clock: tells whether a question's time stamp is fresh.
        faults: what happens to each admitted request in turn; None, and all after the last, are answered well.
        port: 0 for any that is free.
        slow_seconds: how late a slow answer is.

    Raises:
        OSError: the port is taken.
    """
    service = _Service(
        people=People(people), account=account, faults=iter(faults), clock=clock, slow_seconds=slow_seconds
    )
    app = Starlette(routes=[Route(PATH, service.ask, methods=["POST"]), Route(PATH, service.health, methods=["GET"])])
    listening = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)  # the protocol named: else answers wait for 40 ms
    try:
        listening.bind(("127.0.0.1", port))
        with _running(app, listening):
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}"
    finally:
        listening.close()


@contextmanager
def _running(app: Starlette, listening: socket) -> Iterator[None]:
    # No access log: it would be one more place that requests leave traces in.
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="npdb-simulator", daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    if not server.started:
        raise RuntimeError("the simulator did not start")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def read_people(path: Path) -> list[tuple[str, str, str]]:
    """Read number, name and birth date from a CSV file in the columns of a population extract."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [(row["personal_number"], row["full_name"], row["birth_date"]) for row in csv.DictReader(stream)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the people of a file until interrupted."""
    parser = argparse.ArgumentParser(description="Simulate the population database's SOAP service on this machine.")
    parser.add_argument("people", type=Path, help="CSV with personal_number, full_name, birth_date")
    parser.add_argument("--secret-file", type=Path, required=True, help="holds the secret that callers must know")
    parser.add_argument("--user", default="child-registry")
    parser.add_argument("--api-key", default="simulated")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault-share", type=float, default=0.0, help="share of requests that fail, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    chosen = parser.parse_args(arguments)
    secret = chosen.secret_file.read_text(encoding="utf-8").strip()
    account = Account(user=chosen.user, secret=secret, api_key=chosen.api_key)
    faults = seeded_faults(chosen.seed, chosen.fault_share)
    people = read_people(chosen.people)
    with serve(people, account, clock=lambda: datetime.now(UTC), faults=faults, port=chosen.port) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
