"""What the running program tells of itself: lines of its log and `/metrics`, of nobody, whatever is asked of it."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from registry.actions.oversight.meters import Meters
from registry.actions.services import Services
from registry.commands.serving import whole
from registry.model.access import Access
from registry.model.errors import DatabaseUnavailable
from registry.protect.log_lines import LineHandler
from registry.store.session import Store
from tests.web import invented
from tests.web.world import PASSWORD, World

SECRET = "Lò Thị Bí Mật"
TOKEN = "a token that is long enough"


class Broken(Store):
    """A database that fails in a way that nobody foresaw, or is down."""

    def __init__(self, error: Exception) -> None:
        super().__init__("postgresql+psycopg://nobody@/nothing")
        self._error = error

    def begin(self, access: Access, *, system: str | None = None) -> Any:
        """Fail."""
        del access, system
        raise self._error


class Log:
    """What stands in the log since the beginning of a test."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    """All lines of the log of this process, down to the least of everybody's."""
    kept = Log()
    handler = LineHandler(kept.stream)
    root, ours = logging.getLogger(), logging.getLogger("registry")
    before = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.INFO)
    yield kept
    root.removeHandler(handler)
    root.setLevel(before[0])
    ours.setLevel(before[1])


@contextmanager
def served(services: Services, *, token_file: Path | None = None) -> Iterator[httpx.Client]:
    """Serve the whole application as `serve` does, and give a client of it."""
    jobs: Mapping[str, int] = {"waiting": 3, "failed": 1, "stalled": 0}
    app = whole(services, jobs=lambda: jobs, token_file=token_file)
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()


@pytest.fixture
def services(world: World) -> Services:
    """The services of the running registry, with counters of the test's own."""
    return replace(world.services, meters=Meters())


def metrics(client: httpx.Client, **headers: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the samples of the page of metrics: (name, values of labels in the order of their names) → value."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(value for name, value in sorted(sample.labels.items()) if name != "le")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def told_of(log: Log, *secrets: str) -> list[str]:
    """Return the secrets that stand in the log, as written, folded into JSON, or in an address."""
    text = log.stream.getvalue()
    return [one for one in secrets if one in text or json.dumps(one)[1:-1] in text or quote(one) in text]


def test_every_request_is_one_line_with_the_template_of_its_address(services: Services, log: Log) -> None:
    with served(services) as client:
        token = client.post("/v1/session", json={"login": "worker", "password": PASSWORD}).json()["token"]
        headers = {"authorization": f"Bearer {token}", "purpose": "case_work"}
        found = client.post("/v1/searches", json={"text": invented.CHILD, "purpose": "case_work"}, headers=headers)
        child_id = found.json()["found"][0]["child_id"]
        assert client.get(f"/v1/children/{child_id}", headers=headers).status_code == 200
        client.get("/vi/sign-in")
        client.get(f"/vi/{quote(SECRET)}?text={quote(SECRET)}")
    lines = [line for line in log.lines if line.get("event") == "request"]
    assert [(line["route"], line["method"], line["status"]) for line in lines] == [
        ("/v1/session", "POST", 201),
        ("/v1/searches", "POST", 200),
        ("/v1/children/{child_id}", "GET", 200),
        ("/sign-in", "GET", 200),
        ("unmatched", "GET", 404),
    ] or [line["route"] for line in lines][3] == "/vi/sign-in"
    assert len({line["request_id"] for line in lines}) == len(lines)
    assert not told_of(log, child_id, token, PASSWORD, "worker", SECRET, *invented.SECRETS)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/v1/searches", {"json": {"text": SECRET, "born": [SECRET], "purpose": SECRET}}),
        ("/v1/searches", {"json": {SECRET: SECRET, "text": SECRET, "purpose": "case_work"}}),
        ("/v1/searches", {"content": f'{{"text": "{SECRET}'.encode(), "headers": {"content-type": "application/json"}}),
        ("/v1/searches", {"content": b'{"text": "\xff\xfe"}', "headers": {"content-type": "application/json"}}),
        ("/v1/searches", {"content": SECRET.encode() * 9000, "headers": {"content-type": "application/json"}}),
        ("/vi/searches", {"data": {"text": SECRET, "csrf": SECRET}}),
        ("/vi/sign-in", {"content": b"login=%ff%fe&password=\xff", "headers": {"content-type": "text/plain"}}),
        ("/vi/sign-in", {"data": {"login": SECRET, "password": SECRET}}),
        (f"/v1/children/{quote(SECRET)}", {"headers": {"purpose": quote(SECRET)}}),
        (f"/v1/{quote(SECRET)}", {}),
    ],
    ids=[
        "wrong",
        "unknown-field",
        "broken-json",
        "no-text",
        "too-large",
        "form",
        "no-form",
        "sign-in",
        "id",
        "address",
    ],
)
def test_what_is_refused_is_repeated_neither_in_the_answer_nor_in_the_log(
    services: Services, log: Log, path: str, sent: dict[str, Any]
) -> None:
    with served(services) as client:
        token = client.post("/v1/session", json={"login": "worker", "password": PASSWORD}).json()["token"]
        headers = {"authorization": f"Bearer {token}", **sent.pop("headers", {})}
        answer = client.post(path, headers=headers, **sent)
    assert 300 <= answer.status_code < 500
    assert SECRET not in answer.text
    assert quote(SECRET) not in answer.text
    assert not told_of(log, SECRET, token)
    assert [line["status"] for line in log.lines if line.get("event") == "request"] == [201, answer.status_code]


@pytest.mark.parametrize("path", ["/v1/session", "/vi/sign-in"])
def test_an_error_that_nobody_foresaw_is_one_line_with_its_kind_and_place(
    services: Services, log: Log, path: str
) -> None:
    broken = replace(services, store=Broken(ValueError(SECRET)))
    with served(broken) as client:
        told = {"login": "worker", "password": SECRET}
        answer = client.post(path, json=told) if path.startswith("/v1") else client.post(path, data=told)
        assert answer.status_code == 500
        assert SECRET not in answer.text
        media_type = "application/problem+json" if path.startswith("/v1") else "text/html; charset=utf-8"
        assert answer.headers["content-type"] == media_type
    (line,) = [line for line in log.lines if line["logger"] == "registry"]
    assert (line["event"], line["status"], line["level"]) == ("request_failed", 500, "ERROR")
    assert line["error"]["kind"] == "builtins.ValueError"
    assert any(frame.startswith("registry/") for frame in line["error"]["frames"])
    assert not told_of(log, SECRET)


def test_metrics_count_requests_and_searches_by_route_and_tier_and_name_nobody(services: Services) -> None:
    with served(services) as client:
        for _ in range(3):
            client.get(f"/vi/{quote(SECRET)}")
        client.get("/vi/sign-in")
        services.meters.search("commune", 0.02)
        services.meters.search(SECRET, 0.02)
        found = metrics(client)
        text = client.get("/metrics").text
    assert found["child_registry_requests_total", ("GET", "unmatched", "4xx")] == 3
    assert found["child_registry_search_seconds_count", ("commune",)] == 1
    assert found["child_registry_search_seconds_count", ("other",)] == 1
    assert found["child_registry_jobs", ("waiting",)] == 3
    assert found["child_registry_database_up", ()] == 1
    assert found["child_registry_unsealed_leaves", ()] > 0
    assert SECRET not in text
    assert quote(SECRET) not in text
    assert not [secret for secret in invented.SECRETS if secret in text]


def test_a_database_that_does_not_answer_is_a_metric_and_no_error(services: Services, log: Log) -> None:
    with served(replace(services, store=Broken(DatabaseUnavailable(SECRET)))) as client:
        assert metrics(client)["child_registry_database_up", ()] == 0
    assert not told_of(log, SECRET)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"x-forwarded-for": "127.0.0.1"}, 400), ({"via": "1.1 proxy"}, 404), ({"forwarded": "for=127.0.0.1"}, 400)],
)
def test_metrics_are_not_there_for_whoever_comes_through_a_web_server(
    services: Services, headers: dict[str, str], status: int
) -> None:
    with served(services) as client:
        assert client.get("/metrics", headers=headers).status_code == status


def test_metrics_are_there_for_whoever_bears_the_token(services: Services, tmp_path: Path) -> None:
    elsewhere = {"via": "1.1 proxy"}
    bearing = {**elsewhere, "authorization": f"Bearer {TOKEN}"}
    file = tmp_path / "token"
    with served(services, token_file=file) as client:
        assert client.get("/metrics", headers=bearing).status_code == 404, "there is no file yet"
        file.write_text(TOKEN + "\n", encoding="utf-8")
        file.chmod(0o644)
        assert client.get("/metrics", headers=bearing).status_code == 404, "others can read the file"
        file.chmod(0o600)
        assert client.get("/metrics", headers=bearing).status_code == 200
        assert client.get("/metrics", headers=elsewhere).status_code == 404
        assert client.get("/metrics", headers={**elsewhere, "authorization": "Bearer no"}).status_code == 404
        assert client.get("/metrics").status_code == 200, "a program of this machine needs none"
        file.write_text("short\n", encoding="utf-8")
        assert client.get("/metrics", headers={**elsewhere, "authorization": "Bearer short"}).status_code == 404
