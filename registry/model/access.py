"""Who looks, from which office, in which role, for what purpose, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person or a system is allowed to be; one account has one role."""

    COMMUNE_WORKER = "commune_worker"
    PROVINCE_WORKER = "province_worker"
    REVIEWER = "reviewer"
    STEWARD = "steward"
    SECTOR_SYSTEM = "sector_system"
    STATISTICIAN = "statistician"
    AUDITOR = "auditor"
    CUSTODIAN = "custodian"
    ADMINISTRATOR = "administrator"
    ENGINE = "engine"  # the system's own background work


class Purpose(StrEnum):
    """Why something is done. The first five are the reasons that a person gives for looking at a child."""

    CASE_WORK = "case_work"
    REFERRAL = "referral"
    EMERGENCY = "emergency"
    DUPLICATE_CHECK = "duplicate_check"
    OTHER = "other"
    REVIEW = "review"
    LINKAGE = "linkage"
    INGEST = "ingest"
    VERIFICATION = "verification"
    STATISTICS = "statistics"
    SIGN_IN = "sign_in"
    ADMINISTRATION = "administration"
    MAINTENANCE = "maintenance"
    SUBJECT_REQUEST = "subject_request"  # a family asks what is known of its child, or who looked


PEOPLE_PURPOSES = frozenset(
    {Purpose.CASE_WORK, Purpose.REFERRAL, Purpose.EMERGENCY, Purpose.DUPLICATE_CHECK, Purpose.OTHER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where someone is responsible, in today's codes. An empty area covers nothing."""

    nation: bool = False
    provinces: frozenset[str] = frozenset()  # two digits
    communes: frozenset[str] = frozenset()  # five digits

    def covers(self, *, province: str | None, commune: str | None) -> bool:
        """Say whether a place lies inside. A place that is not known lies inside the nation only."""
        return self.nation or province in self.provinces or commune in self.communes


NATION = Area(nation=True)
NOWHERE = Area()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One look or act: no `Access`, no query. Its repr shows neither the account's name nor the reason."""

    staff_id: UUID | None  # None: the engine, or someone who has not signed in yet
    login: str = field(repr=False)
    role: Role
    area: Area
    office: str
    purpose: Purpose
    reason: str | None = field(repr=False)  # None: the purpose says enough
    at: datetime
    session_ref: str | None  # a reference to the session, never its secret; None: command line or engine
    os_account: str | None  # the operating-system account behind a command line; None: not a command line
    request_id: UUID
    rights: frozenset[str] = frozenset()  # field groups that are shown to none but accounts with a right of their own
    proven_at: datetime | None = None  # when this session last proved who it is; None: no session, or never since

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("Access.at must carry a time zone")

    @classmethod
    def of_engine(cls, purpose: Purpose, *, at: datetime, request_id: UUID, os_account: str | None = None) -> Access:
        """Return the access of the system's own background work."""
        return cls(
            staff_id=None,
            login="engine",
            role=Role.ENGINE,
            area=NATION,
            office="registry",
            purpose=purpose,
            reason=None,
            at=at,
            session_ref=None,
            os_account=os_account,
            request_id=request_id,
        )
