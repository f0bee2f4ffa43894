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
    key_provider: Literal["keyfile", "transit", "pkcs11"] = "keyfile"  # who keeps the root of the keys
    transit_address: Annotated[str | None, Field(validate_default=True)] = None
    transit_mount: str = "transit"
    transit_key: Annotated[str | None, Field(validate_default=True)] = None
    transit_token_file: Annotated[Path | None, Field(validate_default=True)] = None
    transit_namespace: str | None = None  # None: none is used
    transit_ca_file: Path | None = None  # None: the usual authorities
    pkcs11_module: Annotated[Path | None, Field(validate_default=True)] = None
    pkcs11_token: Annotated[str | None, Field(validate_default=True)] = None  # label
    pkcs11_key: Annotated[str | None, Field(validate_default=True)] = None  # label
    pkcs11_pin_file: Annotated[Path | None, Field(validate_default=True)] = None
    metrics_token_file: Path | None = None  # None: only programs of this machine may ask for /metrics

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

    @field_validator(
        *("transit_address", "transit_key", "transit_token_file"),
        *("pkcs11_module", "pkcs11_token", "pkcs11_key", "pkcs11_pin_file"),
    )
    @classmethod
    def _needed(cls, value: Path | str | None, read: ValidationInfo) -> Path | str | None:
        """Ask for what the chosen keeper of the root key needs; what belongs to another one may be set all the same."""
        keeper = read.data.get("key_provider")
        if value is None and keeper is not None and (read.field_name or "").startswith(keeper):
            raise ValueError(f"is needed when {PREFIX}KEY_PROVIDER is {keeper}")
        return value.expanduser().absolute() if isinstance(value, Path) else value

    @field_validator("transit_address")
    @classmethod
    def _sealed_way(cls, address: str | None) -> str | None:
        """Refuse an address that carries secrets, and one over which the keys would travel in clear."""
        if address is None:
            return None
        found = re.fullmatch(r"(https?)://([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?/?", address)
        if found is None:
            raise ValueError("must be https://HOST:PORT and nothing else")
        if found[1] == "http" and not _is_loopback(found[2].strip("[]")):
            raise ValueError("must begin with https:// unless the server is on this machine")
        return address.rstrip("/")

    @field_validator("transit_mount", "transit_key", "transit_namespace")
    @classmethod
    def _path(cls, name: str | None) -> str | None:
        """Accept names that stand in the path of a request; a mount and a namespace may have several parts."""
        if name is not None and not re.fullmatch(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*/?", name, re.ASCII):
            raise ValueError("must be letters, digits, dots, dashes and underscores")
        return name if name is None else name.rstrip("/")

    @field_validator("metrics_token_file")
    @classmethod
    def _anywhere(cls, file: Path | None) -> Path | None:
        """Make a file absolute once."""
        return None if file is None else file.expanduser().absolute()

    @field_validator("host")
    @classmethod
    def _loopback(cls, host: str) -> str:
        """Refuse to serve children's data over a network in clear: there is no TLS in this process."""
        if not _is_loopback(host):
            raise ValueError(
                "must be an address of this machine (127.0.0.1 or ::1): these pages are not encrypted on the way;"
                " to serve others, put a web server with TLS in front"
            )
        return host

    @property
    def embedded(self) -> bool:
        """Tell whether the database is our own server in the data folder."""
        return self.database_url is None


def _is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, as far as its name says."""
    try:
        return host in LOOPBACK_NAMES or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
