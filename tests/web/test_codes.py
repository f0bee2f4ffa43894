"""One-time codes on the pages: set up, asked for, good for once, and replaced when the device is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from registry.actions.accounts.sign_in import LOCKED_FOR, MOST_FAILURES
from registry.actions.accounts.staff import renew_password
from registry.model.access import Purpose, Role
from registry.protect.signing_in import totp
from tests.web.browsing import Person, person
from tests.web.devices import enter, own_account, set_up
from tests.web.world import ACCOUNTS, PASSWORD, World, served


def test_a_device_is_set_up_and_asked_for_from_then_on(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    before = someone.browser.cookies["child_registry_session"]
    device = set_up(someone, login)
    assert len(device.recovery) == totp.RECOVERY_CODES
    assert someone.browser.cookies["child_registry_session"] != before
    assert "10 recovery codes are left" in someone.get("/codes").text
    assert enter(world, login) is None
    assert enter(world, login, code="000000") is None
    assert enter(world, login, code=device.code) is not None


def test_a_code_is_good_for_once_also_when_two_come_at_once(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    code = device.code
    with ThreadPoolExecutor(max_workers=4) as guessing:
        found = list(guessing.map(lambda _: enter(world, login, code=code), range(4)))
    assert [one is not None for one in found].count(True) == 1
    assert enter(world, login, code=code) is None


def test_a_code_without_the_password_opens_nothing_and_looks_the_same(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    said = [("not the password", device.code), (PASSWORD, ""), (PASSWORD, "123 456"), ("not the password", "")]
    pages = set()
    for password, code in said:
        answer = world.browser().post("/en/sign-in", data={"login": login, "password": password, "code": code})
        assert answer.status_code == 401
        pages.add(answer.text)
    assert len(pages) == 1


def test_wrong_codes_lock_the_account_as_wrong_passwords_do(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    for _ in range(MOST_FAILURES):
        assert enter(world, login, code="000000") is None
    assert enter(world, login, code=device.code) is None
    world.clock.forward(LOCKED_FOR)
    assert enter(world, login, code=device.code) is not None


def test_a_recovery_code_is_good_for_once_in_the_place_of_the_device(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    someone = enter(world, login, code=device.recovery[0].upper())
    assert someone is not None
    assert enter(world, login, code=device.recovery[0]) is None
    assert "9 recovery codes are left" in someone.get("/codes").text
    assert enter(world, login, code=device.recovery[1]) is not None


def test_a_wrong_code_sets_nothing_up_and_the_old_device_counts_until_the_new_one_does(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    device = set_up(someone, login)
    someone.get("/codes")
    someone.follow(someone.post("/codes"))
    assert someone.post("/codes/device", code="000000").status_code == 422
    assert "not the code" in someone.page
    assert enter(world, login, code=device.code) is not None


def test_setting_up_ends_the_other_sessions_of_the_account(world: World) -> None:
    login = own_account(world)
    other, someone = person(world, login, language="en"), person(world, login, language="en")
    set_up(someone, login)
    assert other.browser.get("/en/find").status_code == 303
    assert someone.browser.get("/en/find").status_code == 200


def test_a_device_is_set_up_by_whoever_has_proved_lately_who_they_are(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    world.clock.forward(timedelta(minutes=6))
    assert someone.post("/codes").headers["location"] == "/en/prove?next=/en/codes"
    assert someone.browser.get("/en/codes/device").headers["location"] == "/en/prove?next=/en/codes/device"
    assert someone.browser.get("/en/codes/picture").status_code == 303


def test_the_picture_shows_the_secret_and_is_kept_nowhere(world: World) -> None:
    login = own_account(world)
    someone = person(world, login, language="en")
    assert someone.browser.get("/en/codes/picture").status_code == 404
    someone.get("/codes")
    someone.post("/codes")
    picture = someone.browser.get("/en/codes/picture")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.text.startswith("<svg")
    assert "<script" not in picture.text


def test_a_new_one_time_password_takes_the_device_away(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    with world.services.store.begin(world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)) as transaction:
        fresh = renew_password(transaction, world.services.vault, login=login)
    assert enter(world, login, password=fresh) is not None
    assert enter(world, login, code=device.recovery[0]) is None


@pytest.mark.parametrize("role", ["worker", "province", "reviewer", "auditor", "custodian"])
def test_on_real_records_nothing_opens_before_codes_are_set_up(world: World, role: str) -> None:
    login = own_account(world, role)
    with served(replace(world.services, demo=False)) as address:
        someone = Person(world, language="en")
        someone.browser.base_url = address
        someone.sign_in(login)
        for page in ("/", "/find", "/reviews", "/log", "/sessions", "/tables"):
            assert someone.browser.get(f"/en{page}").headers["location"] == "/en/codes", page
        program = someone.browser.post("/v1/session", json={"login": login, "password": PASSWORD})
        assert program.json()["key"] == "CodesMustBeSetUp"
        assert "nothing else opens before" in someone.get("/codes").text
        set_up(someone, login)
        assert someone.browser.get("/en/").status_code == 200


def test_on_real_records_a_statistician_sees_no_child_and_needs_none(world: World) -> None:
    login = own_account(world, "statistician")
    with served(replace(world.services, demo=False)) as address:
        someone = Person(world, language="en")
        someone.browser.base_url = address
        someone.sign_in(login)
        assert someone.browser.get("/en/tables").status_code == 200


def test_a_one_time_password_is_replaced_before_a_device_is_set_up(world: World) -> None:
    login = f"new-{uuid4().hex[:8]}"
    someone = Person(world, language="en")
    someone.sign_in(login, world.add_account(login, *ACCOUNTS["worker"]))
    assert someone.browser.get("/en/codes").headers["location"] == "/en/password"
    assert someone.post("/codes").headers["location"] == "/en/password"


def test_the_secret_stands_sealed_and_the_recovery_codes_as_digests(world: World) -> None:
    login = own_account(world)
    device = set_up(person(world, login, language="en"), login)
    with psycopg.connect(world.url.replace("+psycopg", "")) as connection:
        connection.execute("alter table second_step no force row level security")
        rows = connection.execute("select second_step::text, sealed_secret from second_step").fetchall()
        connection.rollback()
    text, raw = " ".join(row[0] for row in rows), b"".join(bytes(row[1] or b"") for row in rows)
    assert device.secret not in raw
    assert device.secret.hex() not in text
    assert totp.recovery_digest(device.recovery[0]) in text
    assert not any(code in text or code.replace("-", "") in text for code in device.recovery)
