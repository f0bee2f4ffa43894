"""The file of connections: which population database is asked, which sources are read, how often and how much.

One TOML file outside the program, named by `CHILD_REGISTRY_CONNECTIONS_FILE`:

    [population]
    connector = "npdb"
    agency_code = "..."                  # as the population database knows us
    quota_a_day = 20000
    [population.settings]                # what the connector's `spec` asks for
    endpoint = "https://..."
    secret = { file = "/etc/child-registry/npdb.secret" }     # or { env = "NAME" }

    [sources.school-roster]
    connector = "oneroster"
    schedule = "*/15 * * * *"            # as cron writes it, in UTC; none: only when somebody asks
    [sources.school-roster.settings]
    ...

    [[identity_domains]]                 # lists of identifiers in messages of patients; none: the health sector's
    url = "http://hospital.example.vn/patients"
    also = ["urn:oid:1.2.3.4"]
    system = "health"                    # whose stream assigns them
    stream = "hospital"
"""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Self

from croniter import croniter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors import plugins
from connectors.contract import PopulationConnector, SectorConnector
from connectors.formats.fhir_domains import HEALTH_DOMAINS, IdentityDomain, IdentityDomains
from registry.protect.keys.private_file import read_private
from registry.settings import PREFIX, SettingRefused

SETTING: Final = f"{PREFIX}CONNECTIONS_FILE"
_NAME: Final = r"^[a-z][a-z0-9-]{0,39}$"

Clock = Callable[[], datetime]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PopulationConnection(_Strict):
    """The population database: how it is asked, as whom, and how much."""

    connector: str
    settings: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    agency_code: str = Field(min_length=1, max_length=35)
    officer_ref: str = Field(default="child-registry", min_length=1, max_length=60)
    procedure_code: str = Field(default="verification", min_length=1, max_length=40)
    quota_a_day: Annotated[int, Field(gt=0)] | None = None  # None: the agency has none
    calls_a_second: Annotated[float, Field(gt=0)] | None = None
    opens_after: Annotated[int, Field(gt=0)] = 5  # failures in a row after which nobody asks for a while
    closed_again_after: Annotated[float, Field(gt=0)] = 60.0  # seconds until one question tries whether it answers
    stale_after_days: Annotated[int, Field(gt=0)] = 180  # a verified link is asked about again


class SourceConnection(_Strict):
    """One source: how it is read, how often, and what stops it."""

    connector: str
    settings: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    schedule: str | None = None
    compare: str | None = None  # when a stream without tombstones is compared as a whole
    page: Annotated[int, Field(gt=0, le=5000)] = 500  # records a job
    # put before every key: for a source that counts its records as another one of the same sector does
    key_space: Annotated[str, Field(pattern=_NAME)] | None = None
    shrink_share: Annotated[float, Field(gt=0, le=1)] = 0.2  # a whole delivery that lacks more waits for a person

    @field_validator("schedule", "compare")
    @classmethod
    def _cron(cls, said: str | None) -> str | None:
        if said is not None and not croniter.is_valid(said):
            raise ValueError("must be five fields as cron writes them")
        return said


class IdentityDomainSetting(_Strict):
    """One list of identifiers that messages of patients may name."""

    url: str = Field(min_length=1, max_length=200)
    also: tuple[str, ...] = ()  # other addresses of it, such as urn:oid:1.2.3
    system: str | None = None  # who assigns them; none: anybody may mention them
    stream: str | None = None
    personal_number: bool = False
    service: str | None = None

    @model_validator(mode="after")
    def _whole_owner(self) -> Self:
        if (self.system is None) != (self.stream is None):
            raise ValueError("system and stream belong together")
        return self


class Connections(_Strict):
    """Everything that is connected."""

    identity_domains: tuple[IdentityDomainSetting, ...] = ()  # none: those of the health sector

    population: PopulationConnection | None = None
    sources: Mapping[Annotated[str, Field(pattern=_NAME)], SourceConnection] = Field(default_factory=dict)


def read_connections(path: Path | None) -> Connections:
    """Read the file of connections; None: nothing is connected.

    Raises:
        SettingRefused: it cannot be read, or a place in it breaks a rule; values are not repeated.
    """
    if path is None:
        return Connections()
    try:
        return Connections.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        raise SettingRefused("must be a file that can be read", field=SETTING) from None
    except tomllib.TOMLDecodeError:
        raise SettingRefused("must be written as TOML", field=SETTING) from None
    except ValidationError as error:
        raise _refused(error, under="") from None


def identity_domains(connections: Connections) -> IdentityDomains:
    """Return the lists of identifiers that messages of patients may name.

    Raises:
        SettingRefused: two of them have one address.
    """
    if not connections.identity_domains:
        return HEALTH_DOMAINS
    try:
        return IdentityDomains(IdentityDomain(**dict(one)) for one in connections.identity_domains)
    except ValueError:
        raise SettingRefused("identity_domains: two have one address", field=SETTING) from None


def open_population(connection: PopulationConnection, *, clock: Clock) -> PopulationConnector:
    """Make the connector of the population database; it holds connections until `close` is called, if it has one.

    Raises:
        SettingRefused: there is no such connector, or its settings break a rule.
    """
    known = plugins.population_connectors()
    offered: Any = known.get(connection.connector)
    if offered is None or not hasattr(offered, "spec"):
        raise SettingRefused(f"population.connector must be one of: {', '.join(sorted(known))}", field=SETTING)
    settings = _settings(offered.spec(), connection.settings, under="population.settings")
    connector: PopulationConnector = offered(settings, clock=clock, sleep=time.sleep)
    return connector


def open_source(name: str, connection: SourceConnection) -> SectorConnector:
    """Make the connector of a source.

    Raises:
        SettingRefused: there is no such connector, or its settings break a rule.
    """
    known = plugins.sector_connectors()
    offered: Any = known.get(connection.connector)
    if offered is None:
        raise SettingRefused(f"sources.{name}.connector must be one of: {', '.join(sorted(known))}", field=SETTING)
    connector: SectorConnector = offered(
        _settings(offered.spec(), connection.settings, under=f"sources.{name}.settings")
    )
    return connector


def _settings(spec: type[BaseModel], said: Mapping[str, Any], *, under: str) -> BaseModel:
    resolved = {name: _resolved(value, place=f"{under}.{name}") for name, value in said.items()}
    try:
        return spec.model_validate(resolved)
    except ValidationError as error:
        raise _refused(error, under=under) from None


def _resolved(value: object, *, place: str) -> object:
    """Return a value, or the secret that it names: in a file that nobody else may read, or in the environment."""
    match value:
        case {"file": str(path), **rest} if not rest:
            return read_private(Path(path).expanduser()).decode().strip()
        case {"env": str(name), **rest} if not rest:
            if not os.environ.get(name):
                raise SettingRefused(f"{place}: the variable that it names is not set", field=SETTING)
            return os.environ[name]
        case _:
            return value


def _refused(error: ValidationError, *, under: str) -> SettingRefused:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join([*([under] if under else []), *map(str, first["loc"])])
    return SettingRefused(f"{place}: {first['msg'].removeprefix('Value error, ')}", field=SETTING)
