"""Sessions: proved again, listed, ended by their owner, by an administrator and by a clock that goes back."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from registry.actions.accounts.sessions import KEPT, end_sessions_of, sweep
from registry.actions.accounts.sign_in import LONGEST_SESSION, MOST_FAILURES, current, nobody
from registry.model.access import Access, Purpose, Role
from registry.web.visitor import LOOPBACK_COOKIE
from tests.web.browsing import Person, person
from tests.web.devices import enter, own_account, set_up
from tests.web.world import PASSWORD, World

END = re.compile(r'action="/en/sessions/([0-9a-f]+)"')


def proven_at(world: World, someone: Person) -> object:
    """Return when a session was last proved."""
    with world.services.store.begin(nobody(at=world.clock(), request_id=uuid4())) as transaction:
        found = current(transaction, someone.browser.cookies[LOOPBACK_COOKIE])
    return found and found.proven_at


def test_a_proof_makes_the_session_fresh_and_gives_it_another_token(world: World) -> None:
    someone = person(world, own_account(world), language="en")
    world.clock.forward(timedelta(minutes=10))
    before = someone.browser.cookies[LOOPBACK_COOKIE]
    assert proven_at(world, someone) != world.clock()
    someone.get("/prove?next=/en/find")
    answer = someone.post("/prove", password=PASSWORD, next="/en/find")
    assert answer.headers["location"] == "/en/find"
    assert someone.browser.cookies[LOOPBACK_COOKIE] != before
    assert proven_at(world, someone) == world.clock()
    assert world.browser(cookies={LOOPBACK_COOKIE: before}).get("/en/find").status_code == 303


def test_a_proof_takes_the_code_too_and_ends_the_session_no_later(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    device = set_up(someone, login)
    someone.get("/prove")
    assert someone.post("/prove", password=PASSWORD).status_code == 401
    assert someone.post("/prove", password=PASSWORD, code=device.code).status_code == 303
    for _ in range(int(LONGEST_SESSION / timedelta(minutes=14)) + 1):
        world.clock.forward(timedelta(minutes=14))
        someone.get("/prove")
        someone.post("/prove", password=PASSWORD, code=device.code)
    assert someone.browser.get("/en/find").status_code == 303


def test_wrong_proofs_count_as_wrong_sign_ins(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    someone.get("/prove")
    for _ in range(MOST_FAILURES):
        assert someone.post("/prove", password="wrong wrong wrong").status_code == 401
    assert "wrong wrong" not in someone.page
    assert someone.post("/prove", password=PASSWORD).status_code == 401
    assert enter(world, login) is None


@pytest.mark.parametrize("page", ["https://example.org/", "//example.org", "/vi/../x", "javascript:x"])
def test_a_proof_leads_to_no_other_site(world: World, page: str) -> None:
    someone = person(world, own_account(world), language="en")
    someone.get("/")
    assert someone.post("/prove", password=PASSWORD, next=page).headers["location"] == "/en/"


def test_a_proof_needs_a_password_and_the_form_of_this_session(world: World) -> None:
    someone = person(world, own_account(world), language="en")
    someone.get("/")
    assert someone.post("/prove").status_code == 422
    assert someone.browser.post("/en/prove", data={"password": PASSWORD, "csrf": "x"}).status_code == 403


def test_one_sees_and_ends_the_own_sessions_and_no_others(world: World) -> None:
    login = own_account(world)
    here, there, other = (person(world, name, language="en") for name in (login, login, own_account(world)))
    assert here.get("/sessions").text.count("this one") == 1
    assert {digest_of(here), digest_of(there)} < set(END.findall(here.page))
    assert digest_of(other) not in here.page
    assert here.post(f"/sessions/{digest_of(other)}").status_code == 404
    here.get("/sessions")
    assert here.post(f"/sessions/{digest_of(there)}").headers["location"] == "/en/sessions"
    assert other.browser.get("/en/find").status_code == 200
    assert there.browser.get("/en/find").status_code == 303
    here.get("/sessions")
    assert here.post(f"/sessions/{digest_of(here)}").headers["location"] == "/en/sign-in"
    assert here.browser.get("/en/find").status_code == 303


def digest_of(someone: Person) -> str:
    return sha256(someone.browser.cookies[LOOPBACK_COOKIE].encode()).hexdigest()[:16]


def test_an_administrator_ends_every_session_of_an_account(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    with world.services.store.begin(world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)) as transaction:
        end_sessions_of(transaction, world.services.vault, login=login)
    assert someone.browser.get("/en/find").status_code == 303
    assert enter(world, login) is not None


def test_a_token_from_before_the_sign_in_is_never_used(world: World) -> None:
    login = own_account(world)
    someone = Person(world, language="en")
    someone.browser.cookies.set(LOOPBACK_COOKIE, "planted-by-somebody-else")
    someone.sign_in(login)
    tokens = {cookie.value for cookie in someone.browser.cookies.jar if cookie.name == LOOPBACK_COOKIE}
    assert tokens - {"planted-by-somebody-else"}
    assert world.browser(cookies={LOOPBACK_COOKIE: "planted-by-somebody-else"}).get("/en/find").status_code == 303


def test_a_second_sign_in_ends_the_session_that_the_browser_held(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    before = someone.browser.cookies[LOOPBACK_COOKIE]
    someone.sign_in(login)
    assert world.browser(cookies={LOOPBACK_COOKIE: before}).get("/en/find").status_code == 303
    assert someone.browser.get("/en/find").status_code == 200


def test_a_clock_that_goes_back_ends_the_session_for_good(world: World) -> None:
    someone = person(world, own_account(world), language="en")
    world.clock.forward(timedelta(minutes=-5))
    assert someone.browser.get("/en/find").status_code == 303
    world.clock.forward(timedelta(minutes=5))
    world.browser(cookies={LOOPBACK_COOKIE: someone.browser.cookies.get(LOOPBACK_COOKIE, "")})
    assert someone.browser.get("/en/find").status_code == 303


def test_a_link_on_another_site_leads_on_by_a_page_of_ours(world: World) -> None:
    browser = world.browser()  # the cookie of the session does not come along with such a request
    answer = browser.get("/en/find?x=1", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0;url=/en/find?x=1"' in answer.text
    assert "set-cookie" not in answer.headers
    assert browser.get("/en/find", headers={"sec-fetch-site": "same-origin"}).status_code == 303


def test_old_sessions_and_searches_are_swept_away(world: World) -> None:
    someone = person(world, own_account(world), language="en")
    world.clock.forward(KEPT + timedelta(minutes=1))
    engine = Access.of_engine(Purpose.MAINTENANCE, at=world.clock(), request_id=uuid4())
    with world.services.store.begin(engine) as transaction:
        assert sweep(transaction) > 0
    with world.services.store.begin(engine) as transaction:
        assert sweep(transaction) == 0
    assert someone.browser.get("/en/find").status_code == 303
