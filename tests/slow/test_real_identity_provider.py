"""Signing in by a certified identity provider that somebody else has written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import ECKey

from registry.actions.accounts.identity_provider import invite
from registry.jobs.identity_provider import provider_of
from registry.model.access import Purpose, Role
from registry.protect.keys.keyring import Keyring
from registry.settings import Settings
from tests.database import DatabaseServer
from tests.slow.real_identity_provider import RealProvider, real_provider
from tests.web.world import ACCOUNTS, World, running_world, served

pytestmark = pytest.mark.slow

CLIENT_ID = "child-registry"
STRONG = {"x-acr": "mfa", "x-methods": "pwd otp"}
GO_ON = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')
HIDDEN = re.compile(r'name="xsrf" value="([^"]*)"')


class Door:
    """A registry and its provider."""

    def __init__(self, world: World, provider: RealProvider, address: str) -> None:
        self.world = world
        self.provider = provider
        self.address = address

    def browser(self, person: str, **headers: str) -> httpx.Client:
        """Return the browser of somebody."""
        said = {"x-person": person, **STRONG, **headers}
        return self.world.open_things.enter_context(httpx.Client(base_url=self.address, timeout=30, headers=said))

    def account(self, **invitation: str) -> None:
        """Add a worker for whom the provider vouches."""
        login = f"by-provider-{uuid4().hex[:8]}"
        self.world.add_account(login, *ACCOUNTS["worker"])
        asked: dict[str, str | None] = {"subject": None, "name": None, **invitation}
        access = self.world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
        with self.world.services.store.begin(access) as transaction:
            invite(transaction, self.world.services.vault, login=login, issuer=self.provider.issuer, **asked)

    def there_and_back(self, browser: httpx.Client, path: str = "/en/sign-in/provider") -> httpx.Response:
        """Follow a browser to the provider until it is back."""
        answer = browser.get(path)
        while answer.next_request is not None:
            answer = browser.get(answer.next_request.url)
        return answer


@pytest.fixture(scope="module")
def door(
    database_server: DatabaseServer, template: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    name, folder = database_server.clone(template), tmp_path_factory.mktemp("provider")
    key = ECKey.generate_key("P-256", parameters={"kid": "ours", "use": "sig"})
    key_file = folder / "client.pem"
    key_file.touch(mode=0o600)
    key_file.write_bytes(key.as_pem(private=True))
    with (
        running_world(database_server.url(name), keyring, datetime.now(UTC), tmp_path_factory.mktemp("drop")) as world,
        real_provider(folder / "provider") as provider,
    ):
        settings = Settings(
            data=folder,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_key_file=key_file,
            oidc_scope="openid profile",
            oidc_acr=frozenset({"mfa"}),
            oidc_amr=frozenset({"pwd", "otp"}),
            oidc_name_claim="preferred_username",
        )
        ours = provider_of(settings)
        assert ours is not None
        with closing(ours):
            services = replace(world.services, identity_provider=ours, passwords=False, clock=lambda: datetime.now(UTC))
            with served(services) as address:
                provider.know(client_of(address, key_file))
                yield Door(world, provider, address)
    database_server.drop(name)


def client_of(address: str, key_file: Path) -> dict[str, object]:
    """Return how the provider knows the registry."""
    public = ECKey.import_key(key_file.read_bytes())
    public.ensure_kid()
    return {
        "client_id": CLIENT_ID,
        "redirect_uris": [f"{address}/vi/sign-in/return"],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [{**public.as_dict(private=False), "use": "sig"}]},
        "default_acr_values": [],
        "backchannel_logout_uri": f"{address}/v1/identity-provider/logout",
        "backchannel_logout_session_required": True,
    }


def next_of(answer: httpx.Response) -> str:
    """Return where an answer leads."""
    assert answer.next_request is not None
    return str(answer.next_request.url)


def test_whoever_was_invited_comes_in_with_a_key_of_ours_and_two_proofs(door: Door) -> None:
    who = uuid4().hex
    door.account(subject=who)
    browser = door.browser(who)
    back = door.there_and_back(browser, "/en/sign-in/provider?next=/en/find")
    assert back.status_code == 200, back.text
    assert GO_ON.findall(back.text) == ["/en/find"]
    assert browser.get("/en/find").status_code == 200


def test_an_invited_name_is_bound_to_whoever_first_bears_it(door: Door) -> None:
    who = uuid4().hex
    door.account(name=f"name-of-{who}")
    assert door.there_and_back(door.browser(who)).status_code == 200
    assert door.there_and_back(door.browser(who)).status_code == 200


@pytest.mark.parametrize("weak", [{"x-acr": "pwd"}, {"x-methods": "pwd"}])
def test_a_weaker_proof_than_demanded_is_refused(door: Door, weak: dict[str, str]) -> None:
    who = uuid4().hex
    door.account(subject=who)
    assert door.there_and_back(door.browser(who, **weak)).status_code == 401


def test_whom_nobody_invited_stays_outside(door: Door) -> None:
    assert door.there_and_back(door.browser(uuid4().hex)).status_code == 401


def test_the_way_back_is_good_once(door: Door) -> None:
    who = uuid4().hex
    door.account(subject=who)
    browser = door.browser(who)
    answer, before = browser.get("/en/sign-in/provider"), dict(browser.cookies)
    while not (location := next_of(answer)).startswith(f"{door.address}/vi/sign-in/return"):
        answer = browser.get(location)
    assert "iss=" in location
    assert browser.get(location).status_code == 200
    thief = door.browser(who)
    thief.cookies.update(before)
    assert thief.get(location).status_code == 401
    other = door.browser(who)  # the used code in an answer to a question of one's own
    state = httpx.URL(other.get("/en/sign-in/provider").headers["location"]).params["state"]
    again = httpx.URL(location).copy_set_param("state", state)
    assert other.get(str(again)).status_code == 401


def test_a_fresh_proof_asks_at_the_provider_again(door: Door) -> None:
    who = uuid4().hex
    door.account(subject=who)
    browser = door.browser(who)
    door.there_and_back(browser)
    before = browser.cookies["child_registry_session"]
    back = door.there_and_back(browser, "/en/prove/provider?next=/en/codes")
    assert GO_ON.findall(back.text) == ["/en/codes"]
    assert browser.cookies["child_registry_session"] != before


def test_signing_out_at_the_provider_ends_the_session_here(door: Door) -> None:
    who = uuid4().hex
    door.account(subject=who)
    browser = door.browser(who)
    door.there_and_back(browser)
    assert browser.get("/en/find").status_code == 200
    page = browser.get(f"{door.provider.issuer}/session/end")
    token = HIDDEN.findall(page.text)[0]
    browser.post(f"{door.provider.issuer}/session/end/confirm", data={"xsrf": token, "logout": "yes"})
    ends = datetime.now(UTC) + timedelta(seconds=10)
    while browser.get("/en/find").status_code == 200:
        assert datetime.now(UTC) < ends, "the provider has told us nothing"
    assert browser.get("/en/find").status_code == 303
