"""How the population database is asked: the ways differ from agency to agency, and all of them are settings."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from connectors import xroad
from connectors.http import Address, HttpSettings

SERVICE: Final = "http://dancuquocgia.bca"
CITIZENS: Final = "http://www.mic.gov.vn/dancu/1.0"

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[!-~]+$")]  # visible ASCII


Tag = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,39}$")]


class Bus(StrEnum):
    """What lies between us and the population database."""

    XROAD = "xroad"  # a security server of the national platform
    LGSP = "lgsp"  # a province's bus: a token, and errors told inside HTTP 200


class Dialect(StrEnum):
    """How a question's facts about the citizen are written; answers are understood in both."""

    SERVICE = "npdb"  # as the clients of the service write it
    QCVN_109 = "qcvn109"  # wholly by QCVN 109:2017/BTTTT


class QuestionForm(StrEnum):
    """What a question is written in."""

    SOAP = "soap"
    JSON = "json"  # names in camel case, as some provinces' buses take it


class NameForm(StrEnum):
    """How a name is sent."""

    AS_WRITTEN = "as_written"
    CAPITALS = "capitals"
    STRIPPED = "stripped"  # capital letters without marks and spaces


class DateForm(StrEnum):
    """How a day is sent."""

    COMPACT = "compact"  # yyyymmdd
    ISO = "iso"


class DigestOver(StrEnum):
    """What of the endpoint goes into the digest: the descriptions in use differ."""

    PATH = "path"
    URL = "url"


class VerifyBy(StrEnum):
    """Which service a verification asks."""

    CONFIRMATION = "confirmation"  # yes or no
    LOOK_UP = "look_up"  # where only the look-up is granted: what it brings is compared with the claim


class State(StrEnum):
    """What a citizen's state means to us."""

    ALIVE = "alive"
    DECEASED = "deceased"
    MISSING = "missing"
    CANCELLED = "cancelled"


def _known_states() -> dict[str, State]:
    """Return what the codes of TrangThaiCongDan are taken for where nothing else is agreed."""
    return {"1": State.ALIVE, "2": State.DECEASED, "3": State.MISSING, "4": State.CANCELLED}


class NpdbSettings(HttpSettings):
    """Where the service is, who we are there, and how it wants to be asked."""

    transport: Bus = Bus.XROAD
    question_form: QuestionForm = QuestionForm.SOAP
    dialect: Dialect = Dialect.SERVICE
    user: str = Field(min_length=1)
    secret: SecretStr

    api_key: SecretStr | None = None
    x_road_client: xroad.Client | None = None  # instance/class/member/subsystem
    x_road_service: xroad.Service | None = None  # where `endpoint` is a security server: .../subsystem/service
    digest_over: DigestOver = DigestOver.PATH
    digest_in_capitals: bool = False
    bus_source_type: Code | None = None  # ESB_SOURCE_TYPE, on buses of the older form
    bus_source_user: Code | None = None  # ESB_SOURCE_USERNAME

    token_url: Address | None = None
    access_key: SecretStr | None = None  # none: `user`
    secret_key: SecretStr | None = None  # none: `secret`
    app_name: str = ""
    partner_code: str = ""
    partner_code_customer: str = ""

    verify_by: VerifyBy = VerifyBy.CONFIRMATION
    verify_code: Code = "003"  # MaTichHop of the confirmation
    look_up_code: Code | None = None  # '037' where the look-up is granted too
    relatives_code: Code | None = None
    changes_code: Code | None = None
    household: bool = False  # whether the look-up names the head of the household
    account: Code | None = None  # TaiKhoan, where it is asked for
    name_form: NameForm = NameForm.AS_WRITTEN
    name_in_parts: bool = True  # of QCVN 109: surname, middle and given name, or the whole in the last
    date_form: DateForm | None = None  # none: compact for the service, ISO for QCVN 109

    service_namespace: str = SERVICE
    citizen_namespace: str = CITIZENS
    tags: Mapping[Tag, Tag] = Field(default_factory=dict)  # our names of elements → theirs, where they differ
    states: Mapping[str, State] = Field(default_factory=_known_states)
    success_codes: frozenset[str] = frozenset({"0", "00", "000", "200", "SUCCESS", "OK"})
    denied_codes: frozenset[str] = frozenset({"401", "403"})
    limit_codes: frozenset[str] = frozenset({"429"})
    not_found_codes: frozenset[str] = frozenset()  # only what is documented as 'nobody'; an error never is by itself

    change_kind: Code = "1"  # Loai of the window
    change_page: int = Field(default=200, gt=0, le=1000)  # SoBanGhi
    change_overlap_days: int = Field(default=1, ge=0, le=60)
    change_keep_days: int | None = Field(default=None, gt=0)  # how far back a window may reach; none: it is not known

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {Bus.XROAD: ("x_road_client", "api_key"), Bus.LGSP: ("token_url",)}[self.transport]
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"{name} is needed for the {self.transport} transport")
        if self.question_form is QuestionForm.JSON and self.transport is not Bus.LGSP:
            raise ValueError("question_form: a security server takes SOAP only")
        if self.look_up_code is None and (self.household or self.verify_by is VerifyBy.LOOK_UP):
            raise ValueError("look_up_code is needed for what is read from a look-up")
        return self

    @property
    def target(self) -> str:
        """What stands behind the endpoint in an address."""
        return xroad.service_path(self.x_road_service) if self.x_road_service is not None else ""

    @property
    def our_tags(self) -> Mapping[str, str]:
        """Their names of elements → ours, where they differ."""
        return {theirs: ours for ours, theirs in self.tags.items()}

    @property
    def sent_dates(self) -> DateForm:
        """How a day is sent."""
        usual = DateForm.ISO if self.dialect is Dialect.QCVN_109 else DateForm.COMPACT
        return self.date_form or usual
