"""Tokens of client credentials: asked for once, renewed in time or when refused, and never shown."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.contract import ConnectorError, ContractDrift, Denied, Transient
from connectors.http import Answer, Call, HttpClient, HttpSettings
from connectors.oauth import ClientCredentials, OAuthSettings, Shown

TOKENS = "http://127.0.0.1:9/token"


@dataclass
class Giver:
    """Gives tokens in turn, and knows which one is good."""

    answers: Callable[[], httpx.Response]
    asked: list[httpx.Request] = field(default_factory=list)
    good: str | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            self.asked.append(request)
            return self.answers()
        shown = request.headers["Authorization"].removeprefix("Bearer ")
        return httpx.Response(200 if self.good in (None, shown) else 401, content=shown.encode())


def tokens(**members: object) -> Callable[[], httpx.Response]:
    """Return what gives the tokens t1, t2 and so on."""
    numbers = count(1)
    return lambda: httpx.Response(200, json={"access_token": f"t{next(numbers)}", **members})


def asking(giver: Giver, moments: Iterator[float] | None = None, **settings: object) -> HttpClient:
    """Return a client that shows tokens of the giver."""
    network = httpx.MockTransport(giver.answer)
    whole = {"token_url": TOKENS, "client_id": "we", "client_secret": "hu:sh", **settings}
    credentials = ClientCredentials(
        OAuthSettings.model_validate(whole),
        HttpClient(HttpSettings(endpoint=TOKENS, attempts=1), transport=network),
        beside={"X-Beside": "1"},
        elapsed=(lambda: next(moments)) if moments else lambda: 0.0,
    )
    return HttpClient(
        HttpSettings(endpoint="http://127.0.0.1:9/people", attempts=1), transport=network, credentials=credentials
    )


def shown(answer: Answer) -> str:
    """Return the token that was shown."""
    return answer.content.decode()


def test_one_token_serves_until_it_ends() -> None:
    giver = Giver(tokens(expires_in=100, token_type="bearer"))
    client = asking(giver, iter([0.0, 60.0, 71.0, 71.0]))
    assert [client.ask(Call(), read=shown) for _ in range(3)] == ["t1", "t1", "t2"]


def test_a_token_that_is_refused_is_renewed_once() -> None:
    giver = Giver(tokens(), good="t2")
    assert asking(giver).ask(Call(method="POST"), read=shown) == "t2"
    giver.good = "another"
    with pytest.raises(Denied) as refused:
        asking(giver).ask(Call(), read=shown)
    assert type(refused.value) is Denied


@pytest.mark.parametrize("how", list(Shown))
def test_the_secret_is_shown_as_the_giver_wants_it(how: Shown) -> None:
    giver = Giver(tokens())
    asking(giver, scope="read", shown=how).ask(Call(), read=shown)
    form = parse_qs(giver.asked[0].content.decode())
    assert form["scope"] == ["read"]
    if how is Shown.HEADER:
        pair = b64decode(giver.asked[0].headers["Authorization"].removeprefix("Basic "))
        assert pair == b"we:hu%3Ash"
    else:
        assert (form["client_id"], form["client_secret"]) == (["we"], ["hu:sh"])


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), Denied),
        (httpx.Response(401), Denied),
        (httpx.Response(503), Transient),
        (httpx.Response(200, content=b"<html>"), ContractDrift),
        (httpx.Response(200, json={}), ContractDrift),
        (httpx.Response(200, json={"access_token": ""}), ContractDrift),
        (httpx.Response(200, json={"access_token": "x", "token_type": "mac"}), ContractDrift),
        (httpx.Response(200, json={"access_token": "x", "expires_in": -1}), ContractDrift),
    ],
)
def test_without_a_token_nothing_is_asked(answer: httpx.Response, failure: type[ConnectorError]) -> None:
    with pytest.raises(failure) as raised:
        asking(Giver(lambda: answer)).ask(Call(), read=shown)
    assert "hu:sh" not in str(raised.value)


def test_settings_do_not_show_the_secret() -> None:
    assert "hush" not in repr(OAuthSettings(token_url=TOKENS, client_id="we", client_secret="hush"))
