"""Signing in by an identity provider: the way there and back, and every answer that is not the one asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import httpx
import psycopg
import pytest

from registry.actions.accounts.identity_provider import QUESTION_LIVES
from registry.actions.accounts.staff import disable_account
from registry.model.access import Purpose, Role
from tests.fake_identity_provider import Mood, new_key
from tests.web.provider_door import GO_ON, Door, provider_door, refused, subject, well_again
from tests.web.provider_forgeries import by_an_unknown_key
from tests.web.world import PASSWORD, World


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Door]:
    with provider_door(world) as door:
        yield door


@pytest.fixture
def door(running: Door) -> Iterator[Door]:
    with well_again(running) as door:
        yield door


def test_whoever_was_invited_by_subject_comes_in_and_goes_on(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    browser = door.browser()
    answer = door.provider.approve(door.leave(browser, "/en/sign-in/provider?next=/en/find"), who)
    back = door.come_back(browser, answer)
    assert back.status_code == 200
    assert GO_ON.search(back.text).group(1) == "/en/find"
    assert "samesite=strict" in back.headers["set-cookie"].lower()
    assert browser.get("/en/find").status_code == 200


def test_an_invited_name_binds_its_subject_once_and_for_ever(door: Door) -> None:
    who, name = subject(), f"lan-{uuid4().hex[:6]}"
    door.account(name=name)
    assert refused(door.enter(subject(), email=name, name=name)[1])  # neither an e-mail address nor a full name
    assert door.enter(who, preferred_username=name)[1].status_code == 200
    assert refused(door.enter(subject(), preferred_username=name)[1])
    assert door.enter(who, preferred_username="another name by now")[1].status_code == 200


def test_whom_nobody_invited_and_who_was_disabled_stay_outside(door: Door) -> None:
    who = subject()
    assert refused(door.enter(who)[1])
    login = door.account(subject=who)
    access = door.world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
    with door.world.services.store.begin(access) as transaction:
        disable_account(transaction, door.world.services.vault, login=login)
    assert refused(door.enter(who)[1])


def test_beside_the_provider_no_password_is_taken(door: Door) -> None:
    browser = door.browser()
    page = browser.get("/en/sign-in").text
    assert "/en/sign-in/provider" in page
    assert 'name="password"' not in page
    said = {"login": "worker", "password": PASSWORD}
    assert browser.post("/en/sign-in", data=said).status_code == 403
    assert browser.post("/v1/session", json=said).json()["key"] == "PasswordsRefused"


def test_without_a_provider_there_is_no_such_way(world: World) -> None:
    browser = world.browser()
    assert browser.get("/en/sign-in/provider").status_code == 404
    assert browser.get("/en/sign-in/return?state=x&code=y").status_code == 404
    assert browser.post("/v1/identity-provider/logout", data={"logout_token": "x.y.z"}).status_code == 404


def test_a_code_that_was_used_opens_nothing_more(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    browser = door.browser()
    answer = door.provider.approve(door.leave(browser), who)
    cookie = dict(browser.cookies)
    assert door.come_back(browser, answer).status_code == 200
    thief = door.browser()
    thief.cookies.update(cookie)
    assert refused(door.come_back(thief, answer))
    fresh = door.browser()  # a used code with the state of a question of one's own
    other = door.provider.approve(door.leave(fresh), who)
    assert refused(door.come_back(fresh, {**other, "code": answer["code"]}))


def test_an_answer_is_good_in_its_own_browser_only(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    mine, victim = door.browser(), door.browser()
    answer = door.provider.approve(door.leave(mine), who)
    assert refused(door.come_back(victim, answer))  # forged sign-in: no cookie at all
    other = door.browser()
    door.leave(other)
    answer = door.provider.approve(door.leave(mine), who)
    assert refused(door.come_back(other, answer))  # with the cookie of another question


def test_an_answer_that_comes_late_or_out_of_nowhere_is_refused(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    browser = door.browser()
    answer = door.provider.approve(door.leave(browser), who)
    for wrong in ({"state": "x", "code": "y"}, {"state": "", "code": ""}, {"error": "access_denied"}, {}):
        assert refused(door.come_back(browser, wrong))
    late = door.browser()
    answer = door.provider.approve(door.leave(late), who)
    door.world.clock.forward(QUESTION_LIVES + timedelta(seconds=1))
    assert refused(door.come_back(late, answer))


@pytest.mark.parametrize("said", ["https://another.example", None, ""])
def test_an_answer_of_another_issuer_is_refused(door: Door, said: str | None) -> None:
    who = subject()
    door.account(subject=who)
    browser = door.browser()
    answer = {**door.provider.approve(door.leave(browser), who)}
    answer.pop("iss")
    assert refused(door.come_back(browser, answer if said is None else {**answer, "iss": said}))


def test_the_provider_may_change_its_keys(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    assert door.enter(who)[1].status_code == 200
    door.world.clock.forward(timedelta(minutes=2))
    door.provider.key = new_key()
    assert door.enter(who)[1].status_code == 200
    before = door.provider.asked.count("/jwks")
    door.provider.sign = by_an_unknown_key(door.provider)
    for _ in range(3):
        assert refused(door.enter(who)[1])
    assert door.provider.asked.count("/jwks") == before  # unknown names do not make us ask again and again


@pytest.mark.parametrize("mood", [Mood.DOWN, Mood.SLOW, Mood.RUBBISH, Mood.HUGE, Mood.ELSEWHERE, Mood.IN_CLEAR])
def test_a_provider_that_is_not_well_lets_nobody_in_and_nothing_out(door: Door, mood: Mood) -> None:
    who = subject()
    door.account(subject=who)
    browser = door.browser()
    answer = door.provider.approve(door.leave(browser), who)
    door.world.clock.forward(timedelta(minutes=9))
    door.provider.mood = mood
    if mood is not Mood.IN_CLEAR:
        assert door.come_back(browser, answer).status_code == 503
    door.world.clock.forward(timedelta(hours=2))
    assert door.browser().get("/en/sign-in/provider").status_code == 503


def test_nobody_waits_again_for_a_provider_that_has_just_not_answered(door: Door) -> None:
    door.world.clock.forward(timedelta(hours=2))
    door.provider.mood = Mood.SLOW
    assert door.browser().get("/en/sign-in/provider").status_code == 503
    asked = len(door.provider.asked)
    assert {door.browser().get("/en/sign-in/provider").status_code for _ in range(5)} == {503}
    assert len(door.provider.asked) == asked
    door.provider.mood = Mood.WELL
    door.world.clock.forward(timedelta(seconds=6))
    assert door.browser().get("/en/sign-in/provider").status_code == 303


def test_the_demanded_strength_is_checked(world: World) -> None:
    rules = {"acr": frozenset({"mfa", "hardware"}), "amr": frozenset({"otp", "pwd"})}
    with provider_door(world, **rules) as door:
        who = subject()
        door.account(subject=who)
        assert "acr_values=hardware+mfa" in door.leave(door.browser())
        assert door.enter(who, acr="mfa", amr=["pwd", "otp", "x"])[1].status_code == 200
        for weak in ({}, {"acr": "mfa"}, {"acr": "pwd", "amr": ["pwd", "otp"]}, {"acr": ["mfa"], "amr": "otp"}):
            assert refused(door.enter(who, **weak)[1])


def test_a_fresh_proof_comes_from_the_provider_too(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    browser, _ = door.enter(who)
    before = browser.cookies["child_registry_session"]
    door.world.clock.forward(timedelta(minutes=6))
    assert browser.post("/en/codes", data={"csrf": csrf(browser)}).headers["location"] == "/en/prove?next=/en/codes"
    assert "/en/prove/provider" in browser.get("/en/prove?next=/en/codes").text
    there = door.leave(browser, "/en/prove/provider?next=/en/codes")
    assert "prompt=login" in there
    assert "max_age=0" in there
    old = int((door.world.clock() - timedelta(minutes=6)).timestamp())
    assert refused(door.come_back(browser, door.provider.approve(there, who, auth_time=old)))
    there = door.leave(browser, "/en/prove/provider?next=/en/codes")
    assert refused(door.come_back(browser, door.provider.approve(there, subject())))  # somebody else there
    there = door.leave(browser, "/en/prove/provider?next=/en/codes")
    assert GO_ON.search(door.come_back(browser, door.provider.approve(there, who)).text).group(1) == "/en/codes"
    assert browser.cookies["child_registry_session"] != before
    assert browser.post("/en/codes", data={"csrf": csrf(browser)}).headers["location"] == "/en/codes/device"


def csrf(browser: httpx.Client) -> str:
    return re.search(r'name="csrf" value="([^"]*)"', browser.get("/en/sessions").text).group(1)


def test_a_sign_out_at_the_provider_ends_the_sessions_it_opened(door: Door) -> None:
    who = subject()
    door.account(subject=who)
    one, _ = door.enter(who, sid="first")
    two, _ = door.enter(who, sid="second")
    token = door.provider.logout_token(sid="first", sub=who)
    told = one.post("/v1/identity-provider/logout", data={"logout_token": token})
    assert told.status_code == 200
    assert [browser.get("/en/find").status_code for browser in (one, two)] == [303, 200]
    again = one.post("/v1/identity-provider/logout", data={"logout_token": token})
    assert again.status_code == 400
    everything = door.provider.logout_token(sub=who)
    assert one.post("/v1/identity-provider/logout", data={"logout_token": everything}).status_code == 200
    assert two.get("/en/find").status_code == 303


def test_neither_state_nor_cookie_nor_code_stand_in_the_database(door: Door) -> None:
    browser = door.browser()
    there = httpx.URL(door.leave(browser))
    state, cookie = there.params["state"], browser.cookies["child_registry_signing_in"]
    with psycopg.connect(door.world.url.replace("+psycopg", "")) as connection:
        connection.execute("alter table provider_question no force row level security")
        rows = connection.execute("select provider_question::text from provider_question").fetchall()
        connection.rollback()
    text = " ".join(row[0] for row in rows)
    assert sha256(state.encode()).hexdigest() in text
    assert not any(secret in text for secret in (state, cookie, there.params["nonce"]))
