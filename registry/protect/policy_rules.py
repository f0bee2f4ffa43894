"""Who may do what, where, for what purpose, with which duties: one table, denied unless written here.

Plain data. `docs/permissions.md` and the tests of every cell are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.model.access import PEOPLE_PURPOSES, Purpose, Role
from registry.protect.policy import Action, Areas, Duty, Extent, FieldGroup, Reach, Rule

_OWN: Final = Areas(finding=Extent.OWN, opening=Extent.OWN)
_NONE: Final = Areas(finding=Extent.NOWHERE, opening=Extent.NOWHERE)

# A commune looks for a child in its province, for families move, and opens the children of its own places. A province
# finds a child anywhere in the nation, by a number or by name and whole birth date, and opens its own.
AREAS: Final[Mapping[Role, Areas]] = {
    Role.COMMUNE_WORKER: Areas(finding=Extent.PROVINCE, opening=Extent.OWN),
    Role.PROVINCE_WORKER: Areas(finding=Extent.NATION, opening=Extent.OWN),
    Role.REVIEWER: _OWN,
    Role.STEWARD: _NONE,
    Role.SECTOR_SYSTEM: _NONE,  # its own records, by their keys
    Role.STATISTICIAN: _NONE,
    Role.AUDITOR: _NONE,
    Role.CUSTODIAN: _NONE,
    Role.ADMINISTRATOR: _NONE,
    Role.ENGINE: Areas(finding=Extent.NATION, opening=Extent.NATION),
}


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
_CARE = {Purpose.CASE_WORK}
_REFERRAL = {Purpose.REFERRAL}
_PLAIN = _CARE | _REFERRAL
_CHECK = {Purpose.DUPLICATE_CHECK}
_OTHER = {Purpose.OTHER}
_EMERGENCY = {Purpose.EMERGENCY}
_OFFICE = {Purpose.ADMINISTRATION, Purpose.MAINTENANCE}
_NUMBERS = {Purpose.STATISTICS}
_FAMILY_ASKS = {Purpose.SUBJECT_REQUEST}
_EVERYDAY = "identity family contact services welfare"
_HARM = " group_9 group_11 group_12"
_ALL_GROUPS = " group_5" + _HARM

_COMMUNE = Role.COMMUNE_WORKER
_PROVINCE = Role.PROVINCE_WORKER

RULES: tuple[Rule, ...] = (
    # A commune worker: the children of the own communes, whole; who reported only to the officer of the case.
    _rule(_COMMUNE, Action.FIND, purposes=PEOPLE_PURPOSES, shown="identity", masked="family", reach=Reach.FINDING),
    _rule(_COMMUNE, Action.OPEN, purposes=_CARE, shown=_EVERYDAY + _ALL_GROUPS, reach=Reach.OPENING),
    _rule(_COMMUNE, Action.OPEN, purposes=_REFERRAL, shown=_EVERYDAY + _HARM, reach=Reach.OPENING),
    _rule(_COMMUNE, Action.OPEN, purposes=_CHECK, shown="identity family", masked="contact", reach=Reach.OPENING),
    _rule(_COMMUNE, Action.OPEN, purposes=_OTHER, shown=_EVERYDAY, reach=Reach.OPENING, duties="reason"),
    _rule(
        _COMMUNE,
        Action.OPEN,
        purposes=_EMERGENCY,
        shown=_EVERYDAY + _ALL_GROUPS,
        reach=Reach.OPENING,
        duties="tell_supervisor",
    ),
    _rule(_COMMUNE, Action.SHOW_NUMBER, purposes=PEOPLE_PURPOSES, shown="identity", reach=Reach.OPENING),
    _rule(
        _COMMUNE,
        Action.OPEN_CASE,
        purposes={Purpose.CASE_WORK},
        shown="case case_notes reporter suspect_guardian" + _ALL_GROUPS,
        reach=Reach.OPENING,
    ),
    _rule(
        _COMMUNE,
        Action.OPEN_CASE,
        purposes={Purpose.REFERRAL},
        shown="case" + _HARM,
        masked="case_notes",
        reach=Reach.OPENING,
    ),
    _rule(
        _COMMUNE,
        Action.OPEN_CASE,
        purposes=_EMERGENCY,
        shown="case case_notes suspect_guardian" + _ALL_GROUPS,
        reach=Reach.OPENING,
        duties="tell_supervisor",
    ),
    _rule(
        _COMMUNE,
        Action.WRITE_CASE,
        purposes={Purpose.CASE_WORK},
        shown="case case_notes reporter suspect_guardian" + _ALL_GROUPS,
        reach=Reach.OPENING,
    ),
    _rule(_COMMUNE, Action.ADD_CHILD, purposes=_CARE, shown=_EVERYDAY, reach=Reach.OPENING),
    # In an emergency one child beyond the own area may be opened, for half an hour; the supervisor judges it later.
    *(
        _rule(
            role,
            Action.BREAK_GLASS,
            purposes=_EMERGENCY,
            shown=_EVERYDAY + _ALL_GROUPS,
            reach=Reach.FINDING,
            duties="reason tell_supervisor fresh_sign_in",
        )
        for role in (_COMMUNE, _PROVINCE)
    ),
    *(
        _rule(role, Action.REVIEW_EMERGENCY, purposes={Purpose.ADMINISTRATION})  # each verdict has a sentence
        for role in (_COMMUNE, _PROVINCE)
    ),
    # A province worker: oversees the province; contact and notes are for those who visit the child.
    _rule(_PROVINCE, Action.FIND, purposes=PEOPLE_PURPOSES, shown="identity", masked="family", reach=Reach.FINDING),
    _rule(
        _PROVINCE,
        Action.OPEN,
        purposes=_PLAIN,
        shown="identity family services welfare" + _HARM,
        masked="contact",
        reach=Reach.OPENING,
    ),
    _rule(_PROVINCE, Action.OPEN, purposes=_CHECK, shown="identity family", masked="contact", reach=Reach.OPENING),
    _rule(
        _PROVINCE,
        Action.OPEN,
        purposes=_OTHER,
        shown="identity family services welfare",
        masked="contact",
        reach=Reach.OPENING,
        duties="reason",
    ),
    _rule(
        _PROVINCE,
        Action.OPEN,
        purposes=_EMERGENCY,
        shown=_EVERYDAY + _ALL_GROUPS,
        reach=Reach.OPENING,
        duties="tell_supervisor",
    ),
    _rule(_PROVINCE, Action.SHOW_NUMBER, purposes=PEOPLE_PURPOSES, shown="identity", reach=Reach.OPENING),
    _rule(
        _PROVINCE,
        Action.OPEN_CASE,
        purposes=_PLAIN,
        shown="case" + _HARM,
        masked="case_notes",
        reach=Reach.OPENING,
    ),
    _rule(
        _PROVINCE,
        Action.OPEN_CASE,
        purposes=_EMERGENCY,
        shown="case case_notes suspect_guardian" + _ALL_GROUPS,
        reach=Reach.OPENING,
        duties="tell_supervisor",
    ),
    _rule(_PROVINCE, Action.SEAL_CHILD, purposes=_CARE, reach=Reach.OPENING, duties="reason fresh_sign_in"),
    # What a family may ask for is taken down and answered where it lives. Its answer holds no case and no group that is
    # a right of its own: what stands there may endanger the child or somebody else.
    *(
        _rule(role, Action.OPEN, purposes=_FAMILY_ASKS, shown=_EVERYDAY, reach=Reach.OPENING)
        for role in (_COMMUNE, _PROVINCE)
    ),
    *(
        _rule(
            role, Action.SUBJECT_REQUEST, Action.CONSENT, Action.WHO_LOOKED, purposes=_FAMILY_ASKS, reach=Reach.OPENING
        )
        for role in (_COMMUNE, _PROVINCE)
    ),
    # A list of children leaves the registry only if two persons want it.
    *(
        _rule(
            role,
            *(Action.ASK_EXPORT, Action.FETCH_EXPORT),
            purposes=PEOPLE_PURPOSES,
            shown="identity",
            masked="family",
            reach=Reach.OPENING,
            duties="reason",
        )
        for role in (_COMMUNE, _PROVINCE)
    ),
    _rule(_PROVINCE, Action.APPROVE_EXPORT, purposes={Purpose.ADMINISTRATION}, duties="reason fresh_sign_in"),
    # A reviewer: the two sides of a pair and nothing beyond.
    _rule(
        Role.REVIEWER,
        Action.REVIEW,
        purposes={Purpose.REVIEW},
        shown="identity family",
        masked="contact",
        reach=Reach.OPENING,
    ),
    _rule(
        Role.REVIEWER, Action.UNLINK, purposes={Purpose.REVIEW}, shown="identity", reach=Reach.OPENING, duties="reason"
    ),
    # A steward: what was delivered and what became of it; opens no child.
    _rule(
        Role.STEWARD,
        *(Action.INGEST, Action.QUARANTINE, Action.QUALITY, Action.SYNC, Action.SOURCES),
        purposes={Purpose.INGEST},
    ),
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
    # A sector system: delivers, and asks about its own keys. The caller narrows both to the system's own rows. Whole
    # numbers and corrections are read only by a client that holds the right to it.
    _rule(Role.SECTOR_SYSTEM, Action.INGEST, Action.EVENTS, Action.SUBSCRIBE, purposes={Purpose.INGEST}),
    *(
        _rule(
            Role.SECTOR_SYSTEM,
            action,
            purposes={Purpose.INGEST, Purpose.VERIFICATION},
            shown="identity",
            reach=Reach.NATION,
        )
        for action in (Action.READ_NUMBER, Action.PROPOSALS)
    ),
    _rule(
        Role.SECTOR_SYSTEM,
        Action.LINK_STATE,
        purposes={Purpose.INGEST, Purpose.VERIFICATION},
        masked="identity",
        reach=Reach.NATION,
    ),
    # What the population database says otherwise is decided by the one who decides pairs.
    _rule(
        Role.REVIEWER,
        Action.FINDINGS,
        purposes={Purpose.REVIEW},
        shown="identity family",
        masked="contact",
        reach=Reach.OPENING,
    ),
    # The list for the police leaves with a reason; what comes back is taken in by who may open these children.
    *(
        _rule(
            role,
            Action.PROBLEMS,
            purposes={Purpose.CASE_WORK},
            shown="identity",
            masked="family",
            reach=Reach.OPENING,
            duties="reason",
        )
        for role in (_COMMUNE, _PROVINCE)
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
        *(Action.LOG, Action.QUALITY, Action.CHECK, Action.ALARMS, Action.WHO_ALARMED, Action.DECOYS, Action.BREACH),
        *(Action.LEGAL_BASES, Action.LEGAL_HOLD, Action.PROCESSING),
        purposes=_OFFICE,
    ),
    _rule(Role.AUDITOR, Action.WHO_LOOKED, purposes=_OFFICE, duties="reason"),
    _rule(Role.AUDITOR, Action.APPROVE_EXPORT, purposes={Purpose.ADMINISTRATION}, duties="reason fresh_sign_in"),
    # The custodian has the keys and no copy of the data; the administrator has the copies and no keys.
    _rule(Role.CUSTODIAN, Action.KEYS, Action.CHECK, Action.ALARMS, purposes=_OFFICE),
    _rule(Role.CUSTODIAN, Action.ERASE, purposes=_OFFICE, duties="reason"),  # asks for it by id, and sees nothing
    _rule(
        Role.ADMINISTRATOR,
        *(Action.STAFF, Action.CLIENTS, Action.CHECK, Action.MIGRATE, Action.BACKUP, Action.ALARMS, Action.PROCESSING),
        purposes=_OFFICE,
    ),
    _rule(Role.ADMINISTRATOR, Action.RESTORE, purposes=_OFFICE, duties="reason"),
    # The engine: background work, never on behalf of somebody's curiosity.
    _rule(
        Role.ENGINE,
        *(Action.INGEST, Action.QUARANTINE, Action.SYNC),
        purposes={Purpose.INGEST},
        shown=_EVERYDAY,
        reach=Reach.NATION,
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
        Action.EVENTS,
        purposes={Purpose.MAINTENANCE},
    ),
    _rule(Role.ENGINE, Action.RETENTION, purposes={Purpose.MAINTENANCE}, reach=Reach.NATION, duties="reason"),
    *(_rule(role, Action.SIGN_IN, purposes={Purpose.SIGN_IN}) for role in Role if role is not Role.ENGINE),
)
