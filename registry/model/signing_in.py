"""How somebody who signs in proves who they are."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """By what a session was opened, or by what its holder last proved who they are."""

    PASSWORD = "password"  # noqa: S105  a kind of proof, no password
    PASSWORD_AND_CODE = "password_and_code"  # noqa: S105  as above
    RECOVERY_CODE = "recovery_code"  # with the password, in the place of a lost device
    PROVIDER = "provider"  # the identity provider vouches; it asks for what it was set up to ask for
