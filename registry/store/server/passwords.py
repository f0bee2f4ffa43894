"""The passwords of an embedded cluster, in a file that its owner alone reads."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from registry.model.errors import WrongKeys
from registry.protect.keys.private_file import read_private, replace_private
from registry.store.server.embedded_errors import PasswordsNotUsable

LOGIN = "child_registry"  # the account of the application, and the name of its database
SUPERUSER = "postgres"


@dataclass(frozen=True, slots=True)
class Passwords:
    """The two passwords of a cluster."""

    superuser: str = field(repr=False)
    login: str = field(repr=False)

    @classmethod
    def invent(cls) -> Passwords:
        """Return two new random passwords."""
        return cls(superuser=secrets.token_urlsafe(32), login=secrets.token_urlsafe(32))

    @classmethod
    def read(cls, file: Path) -> Passwords:
        """Read the passwords.

        Raises: PasswordsNotUsable: the file is missing, open to other accounts, or damaged.
        """
        try:
            kept = json.loads(read_private(file))
            return cls(superuser=str(kept[SUPERUSER]), login=str(kept[LOGIN]))
        except WrongKeys as error:
            raise PasswordsNotUsable(f"the database needs this file: {error.rule}", place=str(file)) from None
        except (ValueError, KeyError, TypeError):
            raise PasswordsNotUsable("this is not a file of database passwords", place=str(file)) from None

    def write(self, file: Path) -> None:
        """Write the passwords in one step, readable by the owner alone.

        Raises: WrongKeys: the file cannot be written.
        """
        replace_private(file, json.dumps({SUPERUSER: self.superuser, LOGIN: self.login}).encode())
