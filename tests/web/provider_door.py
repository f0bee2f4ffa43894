"""A registry with an identity provider, and people who come through it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from registry.actions.accounts.identity_provider import invite
from registry.actions.accounts.sign_in import SignInRefused
from registry.model.access import Purpose, Role
from registry.protect.signing_in.identity_provider import Client, IdentityProvider
from registry.protect.signing_in.identity_tokens import TokenRules
from tests.fake_identity_provider import CLIENT_ID, SECRET, FakeProvider, Mood, fake_provider
from tests.web.world import ACCOUNTS, World, served

GO_ON = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')


class Door:
    """A registry with an identity provider, and people who come through it."""

    def __init__(self, world: World, provider: FakeProvider, address: str) -> None:
        self.world = world
        self.provider = provider
        self.address = address

    def browser(self) -> httpx.Client:
        """Return a new browser."""
        return self.world.open_things.enter_context(httpx.Client(base_url=self.address, timeout=30))

    def account(self, **invitation: str | None) -> str:
        """Add a worker and let the provider vouch for it."""
        login = f"by-provider-{uuid4().hex[:8]}"
        self.world.add_account(login, *ACCOUNTS["worker"])
        access = self.world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
        with self.world.services.store.begin(access) as transaction:
            vault, issuer = self.world.services.vault, self.provider.issuer
            asked = {"subject": None, "name": None, **invitation}
            invite(transaction, vault, login=login, issuer=issuer, **asked)
        return login

    def leave(self, browser: httpx.Client, path: str = "/en/sign-in/provider") -> str:
        """Let a browser be sent to the provider; return where."""
        sent = browser.get(path)
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    def come_back(self, browser: httpx.Client, answer: dict[str, str]) -> httpx.Response:
        """Let a browser come back from the provider, which is another site."""
        return browser.get("/vi/sign-in/return", params=answer, headers={"sec-fetch-site": "cross-site"})

    def enter(self, subject: str, **claims: Any) -> tuple[httpx.Client, httpx.Response]:
        """Go there and back."""
        browser = self.browser()
        answer = self.provider.approve(self.leave(browser), subject, **claims)
        return browser, self.come_back(browser, answer)


def provider_of(fake: FakeProvider, **rules: Any) -> IdentityProvider:
    """Return our side of the provider."""
    asked = TokenRules(issuer=fake.issuer, client_id=CLIENT_ID, name_claim="preferred_username", **rules)
    return IdentityProvider(Client(rules=asked, secret=SECRET, seconds=0.5))


def refused(answer: httpx.Response) -> bool:
    """Say whether somebody was not let in, and not told why."""
    assert "child_registry_session" not in answer.headers.get("set-cookie", "")
    return answer.status_code == SignInRefused.status and "Không đăng nhập được" in answer.text


def subject() -> str:
    return uuid4().hex


@contextmanager
def provider_door(world: World, **rules: Any) -> Iterator[Door]:
    """Serve the registry with an identity provider that demands `rules`, and take no password beside it."""
    with fake_provider(world.clock) as fake, closing(provider_of(fake, **rules)) as provider:
        services = replace(world.services, identity_provider=provider, passwords=False)
        with served(services) as address:
            yield Door(world, fake, address)


@contextmanager
def well_again(door: Door) -> Iterator[Door]:
    """Let the provider be well again afterwards, and what was kept of it be read again."""
    fake, key = door.provider, door.provider.key
    yield door
    fake.mood, fake.change, fake.sign, fake.says_issuer, fake.key = Mood.WELL, None, None, True, key
    door.world.clock.forward(timedelta(hours=2))
