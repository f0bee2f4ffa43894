"""Who may do what, to what, where, for what purpose, and with which duties: one table, denied unless written here.

Plain data. The tests walk through every cell, and `docs` can be made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.model.access import PEOPLE_PURPOSES, Purpose, Role


class Resource(StrEnum):
    """What an action touches."""

    CHILD = "child"
    CASE = "case"
    PAIR = "pair"  # a record and a citizen who may be the same child
    SOURCE = "source"  # delivered files and what became of their rows
    TABLE = "table"  # aggregates
    FRAME = "frame"  # coded facts under pseudonyms
    STAFF = "staff"
    LOG = "log"
    KEYS = "keys"
    SYSTEM = "system"


class Action(StrEnum):
    """What can be done."""

    FIND = "find"
    OPEN = "open"
    SHOW_NUMBER = "show_number"  # the whole personal number instead of 001***456
    OPEN_CASE = "open_case"
    WRITE_CASE = "write_case"
    ERASE = "erase"
    REVIEW = "review"  # see a pair and decide it
    UNLINK = "unlink"
    LINK = "link"
    VERIFY = "verify"
    EXPORT_LINKS = "export_links"
    LINK_STATE = "link_state"  # a source asks about its own keys
    INGEST = "ingest"
    QUARANTINE = "quarantine"  # rejected rows: rule and place
    QUALITY = "quality"  # counts by source, no individual
    TABLE = "table"
    PUBLISH = "publish"
    FRAME = "frame"
    STAFF = "staff"
    SIGN_IN = "sign_in"
    LOG = "log"
    SEAL_LOG = "seal_log"
    ALARMS = "alarms"  # what somebody must look at: kinds and times
    WHO_ALARMED = "who_alarmed"  # the account and the child of an alarm, and to acknowledge it
    DECOYS = "decoys"  # plant and count children who do not exist
    KEYS = "keys"
    BACKUP = "backup"
    RESTORE = "restore"
    CHECK = "check"
    MIGRATE = "migrate"


RESOURCE_OF: Mapping[Action, Resource] = {
    Action.FIND: Resource.CHILD,
    Action.OPEN: Resource.CHILD,
    Action.SHOW_NUMBER: Resource.CHILD,
    Action.ERASE: Resource.CHILD,
    Action.LINK_STATE: Resource.CHILD,
    Action.OPEN_CASE: Resource.CASE,
    Action.WRITE_CASE: Resource.CASE,
    Action.REVIEW: Resource.PAIR,
    Action.UNLINK: Resource.PAIR,
    Action.LINK: Resource.PAIR,
    Action.VERIFY: Resource.PAIR,
    Action.EXPORT_LINKS: Resource.PAIR,
    Action.INGEST: Resource.SOURCE,
    Action.QUARANTINE: Resource.SOURCE,
    Action.QUALITY: Resource.SOURCE,
    Action.TABLE: Resource.TABLE,
    Action.PUBLISH: Resource.TABLE,
    Action.FRAME: Resource.FRAME,
    Action.STAFF: Resource.STAFF,
    Action.SIGN_IN: Resource.STAFF,
    Action.LOG: Resource.LOG,
    Action.SEAL_LOG: Resource.LOG,
    Action.ALARMS: Resource.LOG,
    Action.WHO_ALARMED: Resource.LOG,
    Action.DECOYS: Resource.LOG,
    Action.KEYS: Resource.KEYS,
    Action.BACKUP: Resource.SYSTEM,
    Action.RESTORE: Resource.SYSTEM,
    Action.CHECK: Resource.SYSTEM,
    Action.MIGRATE: Resource.SYSTEM,
}


class FieldGroup(StrEnum):
    """Values that are sealed together and shown together."""

    IDENTITY = "identity"
    FAMILY = "family"
    CONTACT = "contact"
    SERVICES = "services"
    WELFARE = "welfare"
    RESTRICTED_GROUPS = "restricted_groups"  # HIV, violence, sexual abuse, trafficking: a right of its own
    CASE = "case"
    CASE_NOTES = "case_notes"
    REPORTER = "reporter"  # whoever reported is protected from everybody but the officer of the case


class Reach(StrEnum):
    """Where a rule holds."""

    AREA = "area"  # the area of the account
    NATION = "nation"
    NOWHERE = "nowhere"  # the rule touches no child


class Duty(StrEnum):
    """What must be done with the permission."""

    LOG = "log"  # one leaf in the same transaction, before the answer
    REASON = "reason"  # a sentence, not a purpose alone
    TELL_SUPERVISOR = "tell_supervisor"


Groups = frozenset[FieldGroup]
NO_GROUPS: Groups = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Some actions that a role may do for some purposes. Groups in neither set are denied."""

    role: Role
    actions: frozenset[Action]
    purposes: frozenset[Purpose]
    shown: Groups = NO_GROUPS
    masked: Groups = NO_GROUPS
    reach: Reach = Reach.NOWHERE
    duties: frozenset[Duty] = frozenset({Duty.LOG})


def _rule(
    role: Role,
    *actions: Action,
    purposes: set[Purpose] | frozenset[Purpose],
    shown: str = "",
    masked: str = "",
    reach: Reach = Reach.NOWHERE,
    duties: str = "",
) -> Rule:
    return Rule(
        role=role,
        actions=frozenset(actions),
        purposes=frozenset(purposes),
        shown=frozenset(map(FieldGroup, shown.split())),
        masked=frozenset(map(FieldGroup, masked.split())),
        reach=reach,
        duties=frozenset({Duty.LOG, *map(Duty, duties.split())}),
    )


# A purpose such as `other` says nothing by itself, and the supervisor hears of every emergency.
_PLAIN = {Purpose.CASE_WORK, Purpose.REFERRAL}
_CHECK = {Purpose.DUPLICATE_CHECK}
_OTHER = {Purpose.OTHER}
_EMERGENCY = {Purpose.EMERGENCY}
_OFFICE = {Purpose.ADMINISTRATION, Purpose.MAINTENANCE}
_NUMBERS = {Purpose.STATISTICS}
_EVERYDAY = "identity family contact services welfare"

_COMMUNE = Role.COMMUNE_WORKER
_PROVINCE = Role.PROVINCE_WORKER

RULES: tuple[Rule, ...] = (
    # A commune worker: the children of the own communes, whole; who reported only to the officer of the case.
    _rule(_COMMUNE, Action.FIND, purposes=PEOPLE_PURPOSES, shown="identity", masked="family", reach=Reach.AREA),
    _rule(_COMMUNE, Action.OPEN, purposes=_PLAIN, shown=_EVERYDAY + " restricted_groups", reach=Reach.AREA),
    _rule(_COMMUNE, Action.OPEN, purposes=_CHECK, shown="identity family", masked="contact", reach=Reach.AREA),
    _rule(_COMMUNE, Action.OPEN, purposes=_OTHER, shown=_EVERYDAY, reach=Reach.AREA, duties="reason"),
    _rule(
        _COMMUNE,
        Action.OPEN,
        purposes=_EMERGENCY,
        shown=_EVERYDAY + " restricted_groups",
        reach=Reach.AREA,
        duties="tell_supervisor",
    ),
    _rule(_COMMUNE, Action.SHOW_NUMBER, purposes=PEOPLE_PURPOSES, shown="identity", reach=Reach.AREA),
    _rule(
        _COMMUNE,
        Action.OPEN_CASE,
        purposes={Purpose.CASE_WORK},
        shown="case case_notes restricted_groups reporter",
        reach=Reach.AREA,
    ),
    _rule(
        _COMMUNE,
        Action.OPEN_CASE,
        purposes={Purpose.REFERRAL},
        shown="case restricted_groups",
        masked="case_notes",
        reach=Reach.AREA,
    ),
    _rule(
        _COMMUNE,
        Action.OPEN_CASE,
        purposes=_EMERGENCY,
        shown="case case_notes restricted_groups",
        reach=Reach.AREA,
        duties="tell_supervisor",
    ),
    _rule(
        _COMMUNE,
        Action.WRITE_CASE,
        purposes={Purpose.CASE_WORK},
        shown="case case_notes restricted_groups reporter",
        reach=Reach.AREA,
    ),
    # A province worker: oversees the province; contact and notes are for those who visit the child.
    _rule(_PROVINCE, Action.FIND, purposes=PEOPLE_PURPOSES, shown="identity", masked="family", reach=Reach.AREA),
    _rule(
        _PROVINCE,
        Action.OPEN,
        purposes=_PLAIN,
        shown="identity family services welfare restricted_groups",
        masked="contact",
        reach=Reach.AREA,
    ),
    _rule(_PROVINCE, Action.OPEN, purposes=_CHECK, shown="identity family", masked="contact", reach=Reach.AREA),
    _rule(
        _PROVINCE,
        Action.OPEN,
        purposes=_OTHER,
        shown="identity family services welfare",
        masked="contact",
        reach=Reach.AREA,
        duties="reason",
    ),
    _rule(
        _PROVINCE,
        Action.OPEN,
        purposes=_EMERGENCY,
        shown=_EVERYDAY + " restricted_groups",
        reach=Reach.AREA,
        duties="tell_supervisor",
    ),
    _rule(_PROVINCE, Action.SHOW_NUMBER, purposes=PEOPLE_PURPOSES, shown="identity", reach=Reach.AREA),
    _rule(
        _PROVINCE,
        Action.OPEN_CASE,
        purposes=_PLAIN,
        shown="case restricted_groups",
        masked="case_notes",
        reach=Reach.AREA,
    ),
    _rule(
        _PROVINCE,
        Action.OPEN_CASE,
        purposes=_EMERGENCY,
        shown="case case_notes restricted_groups",
        reach=Reach.AREA,
        duties="tell_supervisor",
    ),
    # A reviewer: the two sides of a pair and nothing beyond.
    _rule(
        Role.REVIEWER,
        Action.REVIEW,
        purposes={Purpose.REVIEW},
        shown="identity family",
        masked="contact",
        reach=Reach.AREA,
    ),
    _rule(Role.REVIEWER, Action.UNLINK, purposes={Purpose.REVIEW}, shown="identity", reach=Reach.AREA, duties="reason"),
    # A steward: what was delivered and what became of it; opens no child.
    _rule(Role.STEWARD, Action.INGEST, Action.QUARANTINE, Action.QUALITY, purposes={Purpose.INGEST}),
    _rule(Role.STEWARD, Action.LINK, Action.QUALITY, purposes={Purpose.LINKAGE}),
    _rule(Role.STEWARD, Action.VERIFY, Action.QUALITY, purposes={Purpose.VERIFICATION}),
    _rule(
        Role.STEWARD,
        Action.EXPORT_LINKS,
        purposes={Purpose.LINKAGE},
        shown="identity",
        reach=Reach.NATION,
        duties="reason",
    ),
    # A sector system: delivers, and asks about its own keys. The caller narrows both to the system's own rows.
    _rule(Role.SECTOR_SYSTEM, Action.INGEST, purposes={Purpose.INGEST}),
    _rule(
        Role.SECTOR_SYSTEM,
        Action.LINK_STATE,
        purposes={Purpose.INGEST, Purpose.VERIFICATION},
        masked="identity",
        reach=Reach.NATION,
    ),
    # A statistician: aggregates only.
    _rule(Role.STATISTICIAN, Action.TABLE, Action.PUBLISH, purposes=_NUMBERS),
    # Published tables are for everybody who works with children or their records.
    _rule(_COMMUNE, Action.TABLE, purposes=_NUMBERS),
    _rule(_PROVINCE, Action.TABLE, Action.QUALITY, purposes=_NUMBERS),
    _rule(Role.REVIEWER, Action.TABLE, purposes=_NUMBERS),
    _rule(Role.STEWARD, Action.TABLE, purposes=_NUMBERS),
    _rule(Role.AUDITOR, Action.TABLE, purposes=_NUMBERS),
    # An auditor: the log, under pseudonyms; not the children.
    _rule(
        Role.AUDITOR,
        *(Action.LOG, Action.QUALITY, Action.CHECK, Action.ALARMS, Action.WHO_ALARMED, Action.DECOYS),
        purposes=_OFFICE,
    ),
    # The custodian has the keys and no copy of the data; the administrator has the copies and no keys.
    _rule(Role.CUSTODIAN, Action.KEYS, Action.CHECK, Action.ALARMS, purposes=_OFFICE),
    _rule(Role.CUSTODIAN, Action.ERASE, purposes=_OFFICE, duties="reason"),  # asks for it by id, and sees nothing
    _rule(
        Role.ADMINISTRATOR,
        *(Action.STAFF, Action.CHECK, Action.MIGRATE, Action.BACKUP, Action.ALARMS),
        purposes=_OFFICE,
    ),
    _rule(Role.ADMINISTRATOR, Action.RESTORE, purposes=_OFFICE, duties="reason"),
    # The engine: background work, never on behalf of somebody's curiosity.
    _rule(
        Role.ENGINE, Action.INGEST, Action.QUARANTINE, purposes={Purpose.INGEST}, shown=_EVERYDAY, reach=Reach.NATION
    ),
    _rule(
        Role.ENGINE,
        Action.LINK,
        Action.EXPORT_LINKS,
        purposes={Purpose.LINKAGE},
        shown="identity family",
        reach=Reach.NATION,
    ),
    _rule(Role.ENGINE, Action.VERIFY, purposes={Purpose.VERIFICATION}, shown="identity", reach=Reach.NATION),
    _rule(Role.ENGINE, Action.FRAME, purposes={Purpose.STATISTICS}, shown="identity", reach=Reach.NATION),
    _rule(Role.ENGINE, Action.ERASE, purposes={Purpose.MAINTENANCE}, reach=Reach.NATION, duties="reason"),
    _rule(
        Role.ENGINE,
        Action.SEAL_LOG,
        Action.BACKUP,
        Action.CHECK,
        Action.MIGRATE,
        Action.DECOYS,
        Action.KEYS,
        purposes={Purpose.MAINTENANCE},
    ),
    *(_rule(role, Action.SIGN_IN, purposes={Purpose.SIGN_IN}) for role in Role if role is not Role.ENGINE),
)
