"""Signing in, staying signed in, and everything that ends it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import httpx
import pytest

from registry.actions.accounts.sign_in import IDLE, LOCKED_FOR, LONGEST_SESSION, MOST_FAILURES, nobody
from registry.actions.accounts.staff import disable_account, renew_password
from registry.model.access import Purpose, Role
from registry.store import staff
from registry.web.visitor import LOOPBACK_COOKIE
from tests.web.browsing import Person, person
from tests.web.world import ACCOUNTS, PASSWORD, World


def an_account(world: World) -> tuple[str, str]:
    """Return the login and the one-time password of a new worker."""
    login = f"worker-{uuid4().hex[:8]}"
    return login, world.add_account(login, *ACCOUNTS["worker"])


def test_whoever_is_not_signed_in_is_asked_and_comes_back_to_the_page(world: World) -> None:
    someone = Person(world)
    asked = someone.browser.get("/vi/find")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/vi/sign-in?next=/vi/find"
    entered = someone.browser.post("/vi/sign-in", data={"login": "worker", "password": PASSWORD, "next": "/vi/find"})
    assert entered.headers["location"] == "/vi/find"


@pytest.mark.parametrize("page", ["https://example.org/", "//example.org", "/vi/../x", "/vi/find?x=1", "javascript:x"])
def test_the_sign_in_leads_to_no_other_site(world: World, page: str) -> None:
    answer = world.browser().post("/en/sign-in", data={"login": "worker", "password": PASSWORD, "next": page})
    assert answer.headers["location"] == "/en/"


def test_a_wrong_password_and_an_unknown_account_look_the_same(world: World) -> None:
    answers = [Person(world, language="en").sign_in(login, "not the password") for login in ("worker", "nobody")]
    assert {answer.status_code for answer in answers} == {401}
    pages = {answer.text.replace("worker", "…").replace("nobody", "…") for answer in answers}
    assert len(pages) == 1
    assert "not the password" not in answers[0].text
    assert "set-cookie" not in answers[0].headers


def test_the_cookie_is_for_the_server_alone_and_only_its_digest_is_kept(world: World) -> None:
    answer = Person(world).sign_in("worker")
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))
    token = answer.cookies[LOOPBACK_COOKIE]
    with world.services.store.begin(nobody(at=world.clock(), request_id=uuid4())) as transaction:
        assert staff.session(transaction, sha256(token.encode()).digest()) is not None
        assert staff.session(transaction, token.encode()) is None


def test_behind_tls_the_cookie_is_secure_and_bound_to_the_host(world: World) -> None:
    answer = world.browser(headers={"X-Forwarded-Proto": "https"}).post(
        "/vi/sign-in", data={"login": "worker", "password": PASSWORD}
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_one_time_password_opens_nothing_but_the_choice_of_another(world: World) -> None:
    login, one_time = an_account(world)
    someone = Person(world, language="en")
    assert someone.sign_in(login, one_time).headers["location"] == "/en/password"
    assert someone.browser.get("/en/find").headers["location"] == "/en/password"
    before = someone.browser.cookies[LOOPBACK_COOKIE]
    someone.get("/password")
    chosen = someone.post("/password", password=PASSWORD, again=PASSWORD)
    assert chosen.headers["location"] == "/en/"
    assert someone.browser.cookies[LOOPBACK_COOKIE] != before
    assert someone.get("/find").status_code == 200
    assert Person(world).sign_in(login, one_time).status_code == 401


@pytest.mark.parametrize(
    ("password", "again", "told"),
    [
        ("tooFew", "tooFew", "fewer than 12"),
        ("x" * 257, "x" * 257, "more than 256"),
        ("abababababab", "abababababab", "too easy"),
        ("a sentence of mine", "another sentence", "not the same"),
    ],
)
def test_a_weak_password_is_refused_with_its_rule(world: World, password: str, again: str, told: str) -> None:
    login, one_time = an_account(world)
    someone = Person(world, language="en")
    someone.sign_in(login, one_time)
    someone.get("/password")
    answer = someone.post("/password", password=password, again=again)
    assert answer.status_code == 422
    assert told in someone.page
    assert password not in someone.page


def test_an_account_is_locked_after_ten_wrong_passwords_and_reopens(world: World) -> None:
    login, one_time = an_account(world)
    world.choose_password(login, one_time, PASSWORD)
    someone = Person(world)
    assert {someone.sign_in(login, "wrong wrong wrong").status_code for _ in range(MOST_FAILURES)} == {401}
    assert someone.sign_in(login).status_code == 401
    world.clock.forward(LOCKED_FOR + timedelta(seconds=1))
    assert someone.sign_in(login).status_code == 303


def test_a_success_starts_the_count_of_wrong_passwords_again(world: World) -> None:
    login, one_time = an_account(world)
    world.choose_password(login, one_time, PASSWORD)
    someone = Person(world)
    for _ in range(2):
        assert {someone.sign_in(login, "wrong wrong wrong").status_code for _ in range(MOST_FAILURES - 1)} == {401}
        assert someone.sign_in(login).status_code == 303


def is_signed_in(answer: httpx.Response) -> bool:
    """Say whether a page was shown, not the sign-in."""
    return answer.status_code == 200


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(world: World) -> None:
    someone = person(world, "worker")
    world.clock.forward(IDLE - timedelta(minutes=1))
    assert is_signed_in(someone.browser.get("/vi/find"))
    world.clock.forward(IDLE + timedelta(seconds=1))
    assert not is_signed_in(someone.browser.get("/vi/find"))
    someone = person(world, "worker")
    for _ in range(int(LONGEST_SESSION / IDLE) + 1):
        world.clock.forward(IDLE - timedelta(seconds=1))
        someone.browser.get("/vi/find")
    assert not is_signed_in(someone.browser.get("/vi/find"))


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    someone = person(world, "worker")
    token = someone.browser.cookies[LOOPBACK_COOKIE]
    someone.get("/")
    assert someone.post("/sign-out").headers["location"] == "/vi/sign-in"
    thief = world.browser(cookies={LOOPBACK_COOKIE: token})
    assert not is_signed_in(thief.get("/vi/find"))


def test_disabling_an_account_ends_its_sessions_at_once_and_a_new_password_reopens_it(world: World) -> None:
    login, one_time = an_account(world)
    world.choose_password(login, one_time, PASSWORD)
    someone = person(world, login)
    access = world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with world.services.store.begin(access) as transaction:
        disable_account(transaction, world.services.vault, login=login)
    assert not is_signed_in(someone.browser.get("/vi/find"))
    assert someone.sign_in(login).status_code == 401
    with world.services.store.begin(access) as transaction:
        fresh = renew_password(transaction, world.services.vault, login=login)
    assert someone.sign_in(login, fresh).headers["location"] == "/vi/password"


def test_guesses_that_come_at_once_are_counted_one_by_one(world: World) -> None:
    login, one_time = an_account(world)
    world.choose_password(login, one_time, PASSWORD)
    with ThreadPoolExecutor(max_workers=MOST_FAILURES) as guessing:
        guesses = guessing.map(lambda _: Person(world).sign_in(login, "wrong wrong wrong"), range(MOST_FAILURES))
        assert {guess.status_code for guess in guesses} == {401}
    assert Person(world).sign_in(login).status_code == 401
