"""A device that shows one-time codes, as somebody sets it up on the pages."""

from __future__ import annotations

import re
from base64 import b32decode
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from registry.protect.signing_in import totp
from tests.web.browsing import Person
from tests.web.world import ACCOUNTS, PASSWORD, World

LETTERS = re.compile(r"<p><code>([A-Z2-7 ]+)</code></p>")
RECOVERY = re.compile(r"<li><code>([a-z2-9-]+)</code></li>")


@dataclass
class Device:
    """An account with a device, and the person who holds both."""

    world: World
    login: str
    person: Person
    secret: bytes = field(repr=False)
    recovery: list[str] = field(repr=False)

    @property
    def code(self) -> str:
        """The next code: so much time passes that it was not used before."""
        self.world.clock.forward(timedelta(seconds=totp.STEP))
        return totp.code_at(self.secret, totp.step_at(self.world.clock()))


def own_account(world: World, role: str = "worker") -> str:
    """Return the login of a new account with a chosen password."""
    login = f"{role}-{uuid4().hex[:8]}"
    world.choose_password(login, world.add_account(login, *ACCOUNTS[role]), PASSWORD)
    return login


def set_up(someone: Person, login: str) -> Device:
    """Set up a device for somebody who has just signed in."""
    someone.get("/codes")
    someone.follow(someone.post("/codes"))
    secret = b32decode(LETTERS.findall(someone.page)[0].replace(" ", ""))
    code = totp.code_at(secret, totp.step_at(someone.world.clock()))
    answer = someone.post("/codes/device", code=code)
    assert answer.status_code == 200, someone.page
    return Device(someone.world, login, someone, secret, RECOVERY.findall(someone.page))


def enter(world: World, login: str, *, code: str = "", password: str = PASSWORD, language: str = "en") -> Person | None:
    """Sign in with a new browser; None: refused."""
    someone = Person(world, language=language)
    answer = someone.browser.post(f"/{language}/sign-in", data={"login": login, "password": password, "code": code})
    assert answer.status_code in {303, 401}
    return someone if answer.status_code == 303 else None
