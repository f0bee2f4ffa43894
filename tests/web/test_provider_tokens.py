"""Every token of an identity provider that is not the one asked for: of a sign-in, and of a sign-out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fake_identity_provider import CLIENT_ID, FakeProvider
from tests.web import provider_forgeries as forged
from tests.web.provider_door import Door, provider_door, refused, subject, well_again
from tests.web.world import World


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Door]:
    with provider_door(world) as door:
        yield door


@pytest.fixture
def door(running: Door) -> Iterator[Door]:
    with well_again(running) as door:
        yield door


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1},
    "without an end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "made in the future": {"iat": 9_999_999_999, "exp": 99_999_999_999},
    "made long ago": {"iat": 1_700_000_000},
    "not yet good": {"nbf": 9_999_999_999},
    "a foreign issuer": {"iss": "https://another.example"},
    "a foreign audience": {"aud": "somebody else"},
    "no audience": {"aud": None},
    "several audiences without a party": {"aud": [CLIENT_ID, "somebody else"]},
    "a foreign party": {"azp": "somebody else"},
    "no nonce": {"nonce": None},
    "a foreign nonce": {"nonce": "x"},
    "the hash of another access token": {"at_hash": "x"},
    "nobody": {"sub": None},
    "a name that is no text": {"sub": 7},
    "a name without an end": {"sub": "x" * 300},
    "a sign-out": {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
def test_a_token_that_says_something_else_is_refused(door: Door, wrong: dict[str, Any]) -> None:
    who = subject()
    door.account(subject=who)

    def change(claims: dict[str, Any]) -> None:
        claims.update(wrong)
        for name in [name for name, value in claims.items() if value is None]:
            del claims[name]

    door.provider.change = change
    assert refused(door.enter(who)[1])


@pytest.mark.parametrize(
    "forge",
    [
        *(forged.unsigned, forged.by_public_key, forged.by_another_key, forged.by_an_unknown_key),
        *(forged.by_another_algorithm, forged.changed_afterwards, forged.with_a_key_of_its_own),
        *(forged.no_token, forged.without_an_end),
    ],
)
def test_a_token_that_the_provider_has_not_signed_is_refused(
    door: Door, forge: Callable[[FakeProvider], Callable[[dict[str, Any]], str]]
) -> None:
    who = subject()
    door.account(subject=who)
    door.provider.sign = forge(door.provider)
    assert refused(door.enter(who)[1])


WRONG_LOGOUTS: dict[str, dict[str, Any]] = {
    "a nonce": {"nonce": "x"},
    "no event": {"events": None},
    "another event": {"events": {"x": {}}},
    "no number": {"jti": None},
    "nobody": {"sub": None},
    "a foreign issuer": {"iss": "https://another.example"},
    "a foreign audience": {"aud": "somebody else"},
    "made long ago": {"iat": 1_700_000_000},
    "expired": {"exp": 1},
}


@pytest.mark.parametrize("wrong", WRONG_LOGOUTS.values(), ids=WRONG_LOGOUTS.keys())
def test_a_sign_out_that_the_provider_has_not_told_ends_nothing(door: Door, wrong: dict[str, Any]) -> None:
    who = subject()
    door.account(subject=who)
    browser, _ = door.enter(who)
    token = door.provider.logout_token(**{"sub": who, **wrong})
    told = browser.post("/v1/identity-provider/logout", data={"logout_token": token})
    assert told.status_code == 400
    assert token not in told.text
    assert browser.get("/en/find").status_code == 200
