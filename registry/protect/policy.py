"""The words of the policy: what can be done to what, which values are shown together, where, and with which duties.

The table itself is `policy_rules.RULES`; what is not written there is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.model.access import Purpose, Role


class Resource(StrEnum):
    """What an action touches."""

    CHILD = "child"
    CASE = "case"
    PAIR = "pair"  # a record and a citizen who may be the same child
    SOURCE = "source"  # delivered files and what became of their rows
    TABLE = "table"  # aggregates
    FRAME = "frame"  # coded facts under pseudonyms
    EXPORT = "export"  # a list of children that leaves the registry
    RIGHTS = "rights"  # consents, requests of families, retention, breaches: the duties of the law
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
    BREAK_GLASS = "break_glass"  # open one child outside the own area in an emergency
    REVIEW_EMERGENCY = "review_emergency"  # a supervisor says whether that was right
    SEAL_CHILD = "seal_child"  # make a child unknown to all but named officers
    ADD_CHILD = "add_child"  # a record written by the commune itself
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
    SYNC = "sync"  # read a source now; pause it, go on, agree to what it waits for
    SOURCES = "sources"  # how the sources stand: lag, refusals by rule, drift
    FINDINGS = "findings"  # decide what the population database found to be otherwise
    PROBLEMS = "problems"  # the list of children whose number is missing or wrong, for the police, and its answers
    EVENTS = "events"  # a source follows what happened to its own records
    SUBSCRIBE = "subscribe"  # a source has events sent to an address
    READ_NUMBER = "read_number"  # a source reads the verified number of its own records
    PROPOSALS = "proposals"  # a source reads corrections proposed for its own records
    TABLE = "table"
    PUBLISH = "publish"
    FRAME = "frame"
    STAFF = "staff"
    SIGN_IN = "sign_in"
    LOG = "log"
    SEAL_LOG = "seal_log"
    WHO_LOOKED = "who_looked"  # who looked at one child, when and why
    ALARMS = "alarms"  # what somebody must look at: kinds and times
    WHO_ALARMED = "who_alarmed"  # the account and the child of an alarm, and to acknowledge it
    DECOYS = "decoys"  # plant and count children who do not exist
    CLIENTS = "clients"  # keys and certificates of sector systems
    ASK_EXPORT = "ask_export"
    APPROVE_EXPORT = "approve_export"
    FETCH_EXPORT = "fetch_export"
    LEGAL_BASES = "legal_bases"  # the register: which law allows which purpose
    CONSENT = "consent"
    SUBJECT_REQUEST = "subject_request"  # what a family asks for, and its clock
    RETENTION = "retention"
    LEGAL_HOLD = "legal_hold"
    BREACH = "breach"
    PROCESSING = "processing"  # the record of processing as a document
    KEYS = "keys"
    BACKUP = "backup"
    RESTORE = "restore"
    CHECK = "check"
    MIGRATE = "migrate"


RESOURCE_OF: Mapping[Action, Resource] = {
    Action.FIND: Resource.CHILD,
    Action.OPEN: Resource.CHILD,
    Action.SHOW_NUMBER: Resource.CHILD,
    Action.BREAK_GLASS: Resource.CHILD,
    Action.REVIEW_EMERGENCY: Resource.STAFF,
    Action.SEAL_CHILD: Resource.CHILD,
    Action.ADD_CHILD: Resource.CHILD,
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
    Action.SYNC: Resource.SOURCE,
    Action.SOURCES: Resource.SOURCE,
    Action.FINDINGS: Resource.PAIR,
    Action.PROBLEMS: Resource.CHILD,
    Action.EVENTS: Resource.SOURCE,
    Action.SUBSCRIBE: Resource.SOURCE,
    Action.READ_NUMBER: Resource.CHILD,
    Action.PROPOSALS: Resource.CHILD,
    Action.TABLE: Resource.TABLE,
    Action.PUBLISH: Resource.TABLE,
    Action.FRAME: Resource.FRAME,
    Action.STAFF: Resource.STAFF,
    Action.SIGN_IN: Resource.STAFF,
    Action.LOG: Resource.LOG,
    Action.SEAL_LOG: Resource.LOG,
    Action.WHO_LOOKED: Resource.LOG,
    Action.ALARMS: Resource.LOG,
    Action.WHO_ALARMED: Resource.LOG,
    Action.DECOYS: Resource.LOG,
    Action.CLIENTS: Resource.STAFF,
    Action.ASK_EXPORT: Resource.EXPORT,
    Action.APPROVE_EXPORT: Resource.EXPORT,
    Action.FETCH_EXPORT: Resource.EXPORT,
    Action.LEGAL_BASES: Resource.RIGHTS,
    Action.CONSENT: Resource.RIGHTS,
    Action.SUBJECT_REQUEST: Resource.RIGHTS,
    Action.RETENTION: Resource.RIGHTS,
    Action.LEGAL_HOLD: Resource.RIGHTS,
    Action.BREACH: Resource.RIGHTS,
    Action.PROCESSING: Resource.RIGHTS,
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
    GROUP_5 = "group_5"  # of article 10, Law on Children: living with HIV
    GROUP_9 = "group_9"  # harmed by violence
    GROUP_11 = "group_11"  # sexually abused
    GROUP_12 = "group_12"  # trafficked
    CASE = "case"
    CASE_NOTES = "case_notes"
    REPORTER = "reporter"  # whoever reported is protected from everybody but the officer of the case
    SUSPECT_GUARDIAN = "suspect_guardian"  # that a parent or carer is the suspect


# Shown only to an account that holds the right, whatever its role: a policy gives the most that a role may have.
SEPARATE_RIGHTS: frozenset[FieldGroup] = frozenset(
    {
        FieldGroup.GROUP_5,
        FieldGroup.GROUP_9,
        FieldGroup.GROUP_11,
        FieldGroup.GROUP_12,
        FieldGroup.REPORTER,
        FieldGroup.SUSPECT_GUARDIAN,
    }
)


class Extent(StrEnum):
    """How far from the area of the account an area of its role extends."""

    OWN = "own"  # the area of the account itself
    PROVINCE = "province"  # the provinces in which it lies
    NATION = "nation"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """The two areas of a role: beyond the first a child does not exist, beyond the second she is not opened."""

    finding: Extent
    opening: Extent


class Reach(StrEnum):
    """Where a rule holds."""

    FINDING = "finding"  # where the role may find
    OPENING = "opening"  # where the role may open
    NATION = "nation"
    NOWHERE = "nowhere"  # the rule touches no child


class Duty(StrEnum):
    """What must be done with the permission."""

    LOG = "log"  # one leaf in the same transaction, before the answer
    REASON = "reason"  # a sentence, not a purpose alone
    TELL_SUPERVISOR = "tell_supervisor"
    FRESH_SIGN_IN = "fresh_sign_in"  # who acts has proved a moment ago who they are


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
