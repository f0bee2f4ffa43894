"""Everything the registry refuses, named for what happened.

The class name is the message key. A message names the rule, the field and the place, never a value.

    RegistryError 400
    ├── SignInNeeded 401
    ├── Refused 403
    │   ├── FreshSignInNeeded     prove again who you are
    │   └── OutsideOpeningArea    may be found, not opened
    ├── NotFound 404          also: not allowed to find
    ├── Conflict 409
    ├── DemoRefused 409
    ├── ClockBack 409         the clock stands before something that has happened already
    ├── BadQuery 422          a field breaks a rule
    ├── ReasonNeeded 422      a purpose or its text is missing
    ├── TooMany 422           more answers than the limit: add a detail
    ├── LimitReached 429      so much in so short a time: later again
    ├── WrongKeys 500         a key file or keyring cannot be used
    │   └── KeyUnavailable    one key of the keyring is unknown or destroyed
    │       └── ProviderUnavailable 503   the keeper of the root key is away, refuses or answers rubbish
    ├── Tampered 500          a sealed value is not what was sealed at this place
    └── DatabaseUnavailable 503
"""

from __future__ import annotations

import re
from typing import ClassVar

_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")


class RegistryError(Exception):
    """A refusal. The class name is its message key; `status` is its HTTP code."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, rule: str | None = None, *, field: str | None = None, place: str | None = None) -> None:
        self.rule = rule
        self.field = field
        self.place = place
        super().__init__(rule, field, place)

    def __str__(self) -> str:
        said = [f"{name} {value}" for name, value in (("field", self.field), ("at", self.place)) if value]
        return ", ".join([f"{type(self).__name__}: {self.rule or self.title}", *said])

    def problem(self) -> dict[str, object]:
        """Return the members of a problem document.

        Source: RFC 9457, section 3; `key`, `field` and `rule` are extension members.
        """
        key = type(self).__name__
        answer: dict[str, object] = {
            "type": f"/problems/{_WORD_START.sub('-', key).lower()}",
            "title": self.title,
            "status": self.status,
            "key": key,
        }
        if self.field:
            answer["field"] = self.field
        if self.rule:
            answer["rule"] = self.rule
        return answer


class SignInNeeded(RegistryError):
    """Nobody is signed in, or the session has ended."""

    status = 401
    title = "Sign in first"


class Refused(RegistryError):
    """The role may not do it."""

    status = 403
    title = "Your role does not allow this"


class FreshSignInNeeded(Refused):
    """What is asked for needs somebody who has proved a moment ago who they are."""

    title = "Sign in again for this"


class OutsideOpeningArea(Refused):
    """The child may be found, and opened by other offices only, or in an emergency."""

    title = "This child is not in the area where you may open records"


class NotFound(RegistryError):
    """There is no such thing, or this person may not know of it: both look the same."""

    status = 404
    title = "Not found"


class Conflict(RegistryError):
    """Someone else has changed the thing since it was opened."""

    status = 409
    title = "This has been changed in the meantime"


class DemoRefused(RegistryError):
    """Demo data, demo keys or demo sign-in met something that is real."""

    status = 409
    title = "Demo and real must not meet"


class ClockBack(RegistryError):
    """The clock stands before something that has happened already: ages of keys and copies could not be trusted."""

    status = 409
    title = "The clock has gone back"


class BadQuery(RegistryError):
    """A field of the request breaks a rule."""

    status = 422
    title = "A field cannot be understood"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(rule, field=field)


class ReasonNeeded(RegistryError):
    """A purpose, or the sentence that goes with it, is missing."""

    status = 422
    title = "Say why you need this"


class TooMany(RegistryError):
    """More answers than may be shown."""

    status = 422
    title = "Too many possible answers: add a detail"


class LimitReached(RegistryError):
    """Somebody has looked at, or asked for, as much as may be in a while; `retry_after` says when it goes on."""

    status = 429
    title = "The limit is reached: try again later"

    def __init__(self, rule: str | None = None, *, retry_after: int, place: str | None = None) -> None:
        self.retry_after = retry_after  # seconds
        super().__init__(rule, place=place)


class WrongKeys(RegistryError):
    """A key file or keyring is missing, unsafe, damaged, or of another installation."""

    status = 500
    title = "The keys cannot be used"

    def problem(self) -> dict[str, object]:
        """Return the problem document without the rule: a caller outside learns nothing of the keys."""
        answer = super().problem()
        answer.pop("rule", None)
        return answer


class KeyUnavailable(WrongKeys):
    """One key of the keyring is unknown, retired or destroyed."""

    title = "A key is no longer available"


class ProviderUnavailable(KeyUnavailable):
    """The keeper of the root key is slow, down, sealed, refuses us, or answers rubbish; no key is lost by it."""

    status = 503
    title = "The keeper of the keys is not available"


class Tampered(RegistryError):
    """A sealed value is damaged, or was not sealed for the place it stands at."""

    status = 500
    title = "A sealed value cannot be trusted"


class DatabaseUnavailable(RegistryError):
    """The database does not answer, or has no room left."""

    status = 503
    title = "The database is not available"
