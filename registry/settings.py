"""Settings: the environment, read once at the doors and handed on as one frozen object."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "CHILD_REGISTRY_"
DRIVER = "postgresql+psycopg"
LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


class SettingRefused(Exception):
    """A setting breaks a rule; the message names the setting and the rule, never the value."""

    def __init__(self, rule: str, *, field: str) -> None:
        self.rule = rule
        self.field = field
        super().__init__(f"{field}: {rule}")


class Settings(BaseSettings):
    """Where the data and the keys lie, which database is used, and where the pages are served."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    data: Path = Field(default_factory=lambda: user_data_path("child-registry"))
    keys: Path = Field(default_factory=lambda read: read["data"] / "keys", validate_default=True)
    database_url: SecretStr | None = Field(  # None: the embedded server in the data folder
        default=None, validation_alias=AliasChoices("database_url", PREFIX + "DATABASE_URL", "DATABASE_URL")
    )
    mark: Literal["demo", "real"] = "demo"  # what a new database and a new keyring are made for
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080  # 0: any free one
    locale: Literal["vi", "en"] = "vi"
    # systems that say they hold one record per child, separated by commas; none does unless it is declared
    one_record_per_child: Annotated[frozenset[str], NoDecode] = frozenset()

    @classmethod
    def load(cls, data: Path | None = None) -> Self:
        """Read the environment; `data`, the data folder named on the command line, wins over it.

        Raises: SettingRefused: which setting, and the rule it breaks.
        """
        try:
            return cls(data=data) if data is not None else cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            names = [str(part) for part in first["loc"]]
            field = names[0] if names else "settings"
            name = field if field.isupper() else PREFIX + field.upper()
            raise SettingRefused(first["msg"].removeprefix("Value error, "), field=name) from None

    @field_validator("one_record_per_child", mode="before")
    @classmethod
    def _systems(cls, names: object) -> object:
        """Read names separated by commas; whether there are such systems is known where connectors are."""
        if not isinstance(names, str):
            return names
        found = frozenset(name.strip() for name in names.split(","))
        if not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in found):
            raise ValueError("must be names of systems, separated by commas, such as civil_status,education")
        return found

    @field_validator("data", "keys")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        """Make a folder absolute once, so that a change of directory moves nothing."""
        return folder.expanduser().absolute()

    @field_validator("keys")
    @classmethod
    def _apart(cls, keys: Path, read: ValidationInfo) -> Path:
        """Keep the keys out of the folder of the database: a copy of the one must not carry the other."""
        data = read.data.get("data")
        if data is None or not keys.resolve().is_relative_to(data.resolve()):
            return keys
        inside = keys.resolve().relative_to(data.resolve()).parts
        if not inside or re.match(r"pg\d", inside[0]):
            raise ValueError("must not be the folder of the database: keys and data never lie together")
        return keys

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: SecretStr | None) -> SecretStr | None:
        """Accept the usual spellings of a PostgreSQL address, and name the driver."""
        if url is None:
            return None
        scheme, mark, rest = url.get_secret_value().strip().partition("://")
        known = mark and re.fullmatch(r"postgres(ql)?(\+psycopg)?", scheme)
        if not known or not re.fullmatch(r"[^/?#]*/[^/?#]+(\?\S*)?", rest):
            raise ValueError("must be the address of a PostgreSQL server: postgresql://USER:PASSWORD@HOST/DATABASE")
        return SecretStr(f"{DRIVER}://{rest}")

    @field_validator("host")
    @classmethod
    def _loopback(cls, host: str) -> str:
        """Refuse to serve children's data over a network in clear: there is no TLS in this process."""
        try:
            loopback = host in LOOPBACK_NAMES or ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError(
                "must be an address of this machine (127.0.0.1 or ::1): these pages are not encrypted on the way;"
                " to serve others, put a web server with TLS in front"
            )
        return host

    @property
    def embedded(self) -> bool:
        """Tell whether the database is our own server in the data folder."""
        return self.database_url is None
