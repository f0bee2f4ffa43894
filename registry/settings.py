"""Settings: the environment, read once at the doors and handed on as one frozen object."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
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
    law_file: Path | None = None  # legal numbers of this installation; None: those that come with the program
    public_url: str | None = None  # what people and systems type; None: this machine alone
    tls_certificate: Path | None = None  # with its chain; None: TLS does not end here
    tls_key: Path | None = None
    proxy_socket: Path | None = None  # where a web server on this machine passes requests on; None: none does
    proxy_account: str | None = None  # the operating-system account of that web server; None: the one of the registry
    oidc_issuer: str | None = None  # the identity provider that people sign in at; None: local accounts only
    oidc_client_id: Annotated[str | None, Field(validate_default=True)] = None
    oidc_client_key_file: Path | None = None  # a private key of ours (PEM); None: a secret instead
    oidc_client_secret_file: Path | None = None
    oidc_ca_file: Path | None = None  # None: the usual authorities
    oidc_scope: str = "openid"
    oidc_algorithms: Annotated[frozenset[str], NoDecode] = frozenset({"RS256"})  # that the provider signs with
    oidc_acr: Annotated[frozenset[str], NoDecode] = frozenset()  # one of them is demanded; empty: none is
    oidc_amr: Annotated[frozenset[str], NoDecode] = frozenset()  # all of them are demanded
    oidc_name_claim: str | None = None  # by which an administrator may invite; None: by the subject alone
    # where a password is taken; None: nowhere if there is an identity provider, else everywhere
    local_passwords: Literal["everywhere", "command_line", "nowhere"] | None = None
    log_sink: str | None = None  # file or syslog server that is told of every leaf of the access log; None: none is
    witness_url: str | None = None  # where a witness outside cosigns the log; None: by hand, if at all
    witness_keys: Annotated[frozenset[str], NoDecode] = frozenset()  # verifier keys, separated by spaces
    connections_file: Path | None = None  # the population database and the sources, as TOML; None: none are connected
    # HOST:PORT of our own networks to which events may be sent, separated by spaces; none is unless it is named
    webhook_internal: Annotated[frozenset[str], NoDecode] = frozenset()
    proxy_secret_file: Path | None = None  # what a web server says with each request over TCP; None: none is believed

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

    @field_validator("webhook_internal", mode="before")
    @classmethod
    def _places(cls, places: object) -> object:
        """Read places separated by spaces; each names its port, so that no more is opened than was meant."""
        if not isinstance(places, str):
            return places
        found = frozenset(places.split())
        if not all(re.fullmatch(r"([a-z0-9.-]+|\[[0-9a-f:]+\]):\d{1,5}", place) for place in found):
            raise ValueError("must be HOST:PORT in small letters, separated by spaces")
        return found

    @field_validator("oidc_algorithms", "oidc_acr", "oidc_amr", mode="before")
    @classmethod
    def _words(cls, words: object) -> object:
        """Read words separated by spaces."""
        return frozenset(words.split()) if isinstance(words, str) else words

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, issuer: str | None) -> str | None:
        """Refuse an issuer that could be read or exchanged on the way."""
        if issuer is None:
            return None
        found = re.fullmatch(r"(https?)://([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?(/[\w./~-]*)?", issuer)
        if found is None or (found[1] == "http" and not _is_loopback(found[2].strip("[]"))):
            raise ValueError("must be https://HOST and nothing secret, exactly as the provider writes it")
        return issuer

    @field_validator("oidc_client_id")
    @classmethod
    def _client(cls, client_id: str | None, read: ValidationInfo) -> str | None:
        """Ask for the name by which the identity provider knows us."""
        if client_id is None and read.data.get("oidc_issuer") is not None:
            raise ValueError(f"is needed when {PREFIX}OIDC_ISSUER is set")
        return client_id

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

    @field_validator(
        *("metrics_token_file", "law_file", "tls_certificate", "tls_key", "proxy_socket", "proxy_secret_file"),
        *("oidc_client_key_file", "oidc_client_secret_file", "oidc_ca_file", "connections_file"),
    )
    @classmethod
    def _anywhere(cls, file: Path | None) -> Path | None:
        """Make a file absolute once."""
        return None if file is None else file.expanduser().absolute()

    @field_validator("public_url")
    @classmethod
    def _origin(cls, address: str | None) -> str | None:
        """Accept the address of a site without a path: tokens and cookies are bound to it."""
        if address is None:
            return None
        found = re.fullmatch(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?/?", address)
        if found is None:
            raise ValueError("must be https://HOST or https://HOST:PORT in small letters, and nothing else")
        if found[1] == "http" and not _is_loopback(found[2].strip("[]")):
            raise ValueError("must begin with https:// unless it is this machine")
        return address.rstrip("/").removesuffix(":443" if found[1] == "https" else ":80")

    @field_validator("log_sink")
    @classmethod
    def _sink(cls, sink: str | None, read: ValidationInfo) -> str | None:
        """Accept a file outside the folder of the database, or the address of a syslog server."""
        if sink is None:
            return None
        if "://" in sink:
            if not re.fullmatch(r"syslog\+tcp://([\w.-]+|\[[0-9a-f:]+\]):\d{1,5}|syslog\+unix:///\S+", sink):
                raise ValueError("must be a path, syslog+tcp://HOST:PORT or syslog+unix:///PATH")
            return sink
        path = Path(sink).expanduser().absolute()
        data = read.data.get("data")
        if data is not None and any(re.match(r"pg\d", part) for part in path.parts) and path.is_relative_to(data):
            raise ValueError("must not be in the folder of the database: it shows what was dropped there")
        return str(path)

    @field_validator("witness_keys", mode="before")
    @classmethod
    def _witnesses(cls, keys: object) -> object:
        """Read verifier keys separated by spaces; what they are worth is seen where they are used."""
        return frozenset(keys.split()) if isinstance(keys, str) else keys

    @field_validator("witness_url")
    @classmethod
    def _witness(cls, address: str | None) -> str | None:
        """Accept the address under which a witness takes heads."""
        if address is not None and not re.fullmatch(r"https?://[\w.\-:\[\]]+(/[\w.\-/]*)?", address):
            raise ValueError("must be https://HOST/PATH")
        return address

    @field_validator("proxy_account")
    @classmethod
    def _account(cls, name: str | None) -> str | None:
        """Accept the name of an operating-system account."""
        if name is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", name):
            raise ValueError("must be the name of an account of this machine")
        return name

    @model_validator(mode="after")
    def _served_safely(self) -> Self:
        """Refuse to serve others without what makes it safe; every missing setting is named at once."""
        if (self.tls_certificate is None) != (self.tls_key is None):
            missing = "TLS_KEY" if self.tls_key is None else "TLS_CERTIFICATE"
            raise SettingRefused("is needed too: a certificate and its key belong together", field=PREFIX + missing)
        if self.proxy_socket is not None and self.tls_certificate is not None:
            raise SettingRefused("TLS ends at the web server or here, not at both", field=PREFIX + "TLS_CERTIFICATE")
        if self.proxy_account is not None and self.proxy_socket is None:
            raise SettingRefused("means nothing without PROXY_SOCKET", field=PREFIX + "PROXY_ACCOUNT")
        needed = self._needed_for_others()
        if needed:
            field = (
                "HOST" if not _is_loopback(self.host) else "PROXY_SOCKET" if self.proxy_socket else "PROXY_SECRET_FILE"
            )
            rule = f"must be an address of this machine, or set also {', '.join(needed)}"
            if _is_loopback(self.host):
                rule = f"to serve others through a web server, set also {', '.join(needed)}"
            raise SettingRefused(rule, field=PREFIX + field)
        return self

    def _needed_for_others(self) -> list[str]:
        """Return what is missing to serve others; nothing as long as nobody but this machine is served."""
        abroad = not _is_loopback(self.host)
        if not (abroad or self.proxied):
            return []
        missing = {
            "TLS_CERTIFICATE and TLS_KEY": abroad and self.tls_certificate is None,
            "PUBLIC_URL (https://…)": not (self.public_url or "").startswith("https://"),
            "OIDC_ISSUER and what belongs to it": self.oidc_issuer is None,
            "MARK=real": self.mark != "real",
        }
        return [PREFIX + name for name, is_missing in missing.items() if is_missing]

    @property
    def proxied(self) -> bool:
        """Tell whether a web server in front is believed what it says of its connections."""
        return self.proxy_socket is not None or self.proxy_secret_file is not None

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
