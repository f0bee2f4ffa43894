"""What the codes are called on the pages. English here; the Vietnamese words lie with the translations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.model.access import Purpose, Role
from registry.model.signing_in import Method
from registry.web.translation import msgid as _

ROLES: Final[Mapping[str, str]] = {
    Role.COMMUNE_WORKER: _("Commune child-protection worker"),
    Role.PROVINCE_WORKER: _("Province child-protection worker"),
    Role.REVIEWER: _("Reviewer of pairs"),
    Role.STEWARD: _("Data steward"),
    Role.SECTOR_SYSTEM: _("Sector system"),
    Role.STATISTICIAN: _("Statistician"),
    Role.AUDITOR: _("Auditor"),
    Role.CUSTODIAN: _("Custodian of keys"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.ENGINE: _("The system itself"),
}

FIELD_GROUPS: Final[Mapping[str, str]] = {
    "identity": _("Who the child is"),
    "family": _("Family"),
    "contact": _("Address and contact"),
    "services": _("Services"),
    "welfare": _("Special circumstances"),
    "group_5": _("Health"),
    "group_9": _("Harm"),
    "group_11": _("Harm"),
    "group_12": _("Harm"),
    "case": _("Protection case"),
    "case_notes": _("Notes of the case"),
    "reporter": _("Who reported"),
    "suspect_guardian": _("Protection case"),
}

PURPOSES: Final[Mapping[str, str]] = {
    Purpose.CASE_WORK: _("Work on the case"),
    Purpose.REFERRAL: _("Referral"),
    Purpose.EMERGENCY: _("Emergency"),
    Purpose.DUPLICATE_CHECK: _("Check for a duplicate"),
    Purpose.OTHER: _("Another reason"),
    Purpose.REVIEW: _("Review of pairs"),
    Purpose.LINKAGE: _("Linking of records"),
    Purpose.INGEST: _("Delivery of data"),
    Purpose.VERIFICATION: _("Verification"),
    Purpose.STATISTICS: _("Statistics"),
    Purpose.SIGN_IN: _("Signing in"),
    Purpose.ADMINISTRATION: _("Administration"),
    Purpose.MAINTENANCE: _("Maintenance"),
    Purpose.SUBJECT_REQUEST: _("A request of the family"),
}

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    Purpose.CASE_WORK: (_("I work on this child's case"), _("or I am taking it over from a colleague")),
    Purpose.REFERRAL: (_("The child is being referred"), _("to or from another service or place")),
    Purpose.EMERGENCY: (_("Emergency"), _("the child may be in danger now; the log marks the look as an emergency")),
    Purpose.DUPLICATE_CHECK: (_("I check for a duplicate"), _("shows who the child and the parents are, no more")),
    Purpose.OTHER: (_("Another reason"), _("please write one sentence")),
}

METHODS: Final[Mapping[str, str]] = {
    Method.PASSWORD: _("with the password"),
    Method.PASSWORD_AND_CODE: _("with password and one-time code"),
    Method.RECOVERY_CODE: _("with password and recovery code"),
    Method.PROVIDER: _("through the identity provider"),
}

SYSTEMS: Final[Mapping[str, str]] = {
    "education": _("Education"),
    "health": _("Health"),
    "civil_status": _("Civil status"),
    "social_aid": _("Social assistance"),
    "protection": _("Child protection"),
    "population": _("Population database"),
    "commune": _("Commune, by hand"),
}

SEXES: Final[Mapping[str, str]] = {"female": _("Girl"), "male": _("Boy")}

FLAGS: Final[Mapping[str, str]] = {
    "number_shape": _("The personal number does not have twelve digits"),
    "number_zero_restored": _("The personal number had lost its first zero, which was put back"),
    "number_prefix_unknown": _("The personal number begins with no known province"),
    "number_sex_mismatch": _("The personal number says another sex"),
    "number_year_mismatch": _("The personal number says another year of birth"),
    "number_not_a_childs": _("The personal number is not that of a child"),
    "number_of_parent": _("The personal number is that of a parent"),
    "name_placeholder": _("The child has no name of its own yet"),
    "name_unknown": _("The name is not known"),
    "name_repaired": _("Letters of the name were repaired"),
    "birth_placeholder": _("1 January often means that only the year is known"),
    "birth_estimated": _("The year of birth comes from an estimated age"),
    "unit_ambiguous": _("The old commune was split in 2025, so today's is not certain"),
    "unit_unknown": _("The code of the commune is in no list"),
}

WELFARE_GROUPS: Final[tuple[str, ...]] = (
    _("orphaned of both parents"),
    _("abandoned"),
    _("without support"),
    _("with a disability"),
    _("living with HIV"),
    _("in conflict with the law"),
    _("addicted to drugs"),
    _("left school to earn a living"),
    _("seriously harmed by violence"),
    _("exploited"),
    _("sexually abused"),
    _("trafficked"),
    _("with a serious or long illness in a poor or near-poor household"),
    _("migrant, displaced or refugee without parents or carer"),
)  # in the order of the Law on Children, article 10(1)

SERVICES: Final[Mapping[str, str]] = {
    "school": _("School"),
    "class": _("Class"),
    "status": _("Status"),
    "school_year": _("School year"),
    "card_number": _("Health insurance card"),
    "doses": _("Vaccinations"),
    "certificate": _("Birth certificate"),
    "book": _("Register book"),
    "registered_on": _("Registered on"),
    "registered_commune": _("Registered in"),
    "nationality": _("Nationality"),
    "birth_place": _("Place of birth"),
    "household": _("Household"),
    "allowance_vnd": _("Monthly allowance (VND)"),
    "from_date": _("From"),
    "to_date": _("Until"),
}

CASE_FIELDS: Final[Mapping[str, str]] = {
    "status": _("Status of the case"),
    "received_at": _("Received"),
    "channel": _("Came through"),
    "form": _("Furthest form"),
    "groups": _("Groups"),
    "harm_level": _("Level of harm"),
    "settings": _("Where it happened"),
    "measures": _("Measures"),
    "plan_at": _("Plan made"),
}

VALUES: Final[Mapping[str, str]] = {
    "studying": _("studying"),
    "dropped_out": _("dropped out"),
    "transferred": _("moved to another school"),
    "graduated": _("graduated"),
    "not_poor": _("not poor"),
    "poor": _("poor"),
    "near_poor": _("near-poor"),
    "received": _("received"),
    "assessing": _("being assessed"),
    "planned": _("planned"),
    "in_progress": _("in progress"),
    "closed": _("closed"),
    "low": _("low"),
    "medium": _("medium"),
    "high": _("high"),
    "hotline_111": _("hotline 111"),
    "commune_intake": _("commune office"),
    "police": _("police"),
    "health_facility": _("health facility"),
    "media": _("media"),
    "letter": _("letter"),
    "school": _("school"),
    "home": _("home"),
    "community": _("community"),
    "online": _("online"),
    "care_facility": _("care facility"),
    "workplace": _("workplace"),
    "temporary_shelter": _("temporary shelter"),
    "allowance": _("allowance"),
    "family_support": _("support of the family"),
    "medical_care": _("medical care"),
    "counselling": _("counselling"),
    "monitoring": _("monitoring"),
    "alternative_care": _("alternative care"),
    "school_return": _("return to school"),
    "legal_aid": _("legal aid"),
}

GRADES: Final[Mapping[str, str]] = {
    "certain": _("Certain"),
    "likely": _("Likely"),
    "possible": _("Possible"),
}

LIKENESSES: Final[Mapping[str, str]] = {
    "same": _("same"),
    "near": _("nearly the same"),
    "different": _("different"),
    "missing": _("not known"),
}

VERIFIED: Final[Mapping[str, str]] = {
    "match": _("The population database confirmed it"),
    "mismatch": _("The population database contradicted it"),
    "not_found": _("The population database does not know the number"),
    "ambiguous": _("The population database found several people"),
    "inactive": _("The population database says that the number is out of use"),
    "unknown": _("The population database could not say"),
}

ACTIONS: Final[Mapping[str, str]] = {
    "find": _("Search"),
    "open": _("Child opened"),
    "show_number": _("Number shown"),
    "open_case": _("Case opened"),
    "write_case": _("Case written"),
    "erase": _("Child erased"),
    "review": _("Pair reviewed"),
    "unlink": _("Link undone"),
    "link": _("Records linked"),
    "replay_model": _("Model of the linkage replayed"),
    "adopt_model": _("Model of the linkage adopted"),
    "learn_model": _("Model of the linkage learned from reviews"),
    "load_extract": _("Population extract loaded"),
    "sync": _("Source read or paused"),
    "sources": _("State of sources seen"),
    "findings": _("Finding seen or decided"),
    "problems": _("List for the police"),
    "events": _("Events followed"),
    "subscribe": _("Events sent to an address"),
    "read_number": _("Verified number read by a source"),
    "proposals": _("Corrections read by a source"),
    "verify": _("Links verified"),
    "export_links": _("Links exported"),
    "link_state": _("State of links asked"),
    "ingest": _("Data delivered"),
    "quarantine": _("Rejected rows seen"),
    "quality": _("Data quality seen"),
    "table": _("Table made"),
    "publish": _("Table published"),
    "frame": _("Frame built"),
    "staff": _("Accounts"),
    "sign_in": _("Sign-in"),
    "log": _("Log read"),
    "seal_log": _("Log sealed"),
    "keys": _("Keys"),
    "backup": _("Backup"),
    "restore": _("Restore"),
    "check": _("Check"),
    "migrate": _("Migration"),
    "alarms": _("Alarms seen"),
    "who_alarmed": _("Alarm acknowledged"),
    "decoys": _("Decoys"),
    "door": _("Turned away at a page"),
    "break_glass": _("Child opened in an emergency"),
    "review_emergency": _("Emergency judged"),
    "seal_child": _("Child sealed"),
    "add_child": _("Child added"),
    "who_looked": _("Looks at a child seen"),
    "clients": _("Keys of sector systems"),
    "ask_export": _("List of children asked for"),
    "approve_export": _("List of children approved"),
    "fetch_export": _("List of children fetched"),
    "legal_bases": _("Legal bases"),
    "consent": _("Consent"),
    "subject_request": _("Request of a family"),
    "retention": _("Retention"),
    "legal_hold": _("Legal hold"),
    "breach": _("Breach record"),
    "processing": _("Record of processing"),
    "alarm.decoy_opened": _("Alarm raised"),
    "alarm.damaged_value": _("Alarm raised"),
    "alarm.keys_do_not_fit": _("Alarm raised"),
    "alarm.witness_refused": _("Alarm raised"),
    "alarm.log_damaged": _("Alarm raised"),
    "rows": _("Rows written"),
    "log.export": _("Log given out"),
    "log.cosigned": _("Log cosigned by a witness"),
    "alarm.many_children": _("Alarm raised"),
    "alarm.many_children_in_a_day": _("Alarm raised"),
    "alarm.stopped_at_limit": _("Alarm raised"),
    "alarm.more_than_usual": _("Alarm raised"),
    "alarm.fishing": _("Alarm raised"),
    "alarm.off_hours": _("Alarm raised"),
    "alarm.in_sequence": _("Alarm raised"),
    "alarm.guessed_ids": _("Alarm raised"),
    "alarm.own_surname": _("Alarm raised"),
    "alarm.own_home": _("Alarm raised"),
    "alarm.own_name": _("Alarm raised"),
    "open.stopped": _("Stopped at the limit"),
    "look_for_unusual": _("Looks examined"),
    "trace_export": _("Origin of a file traced"),
    "expire_exports": _("Lists of children deleted"),
    "alarm.request_overdue": _("Alarm raised"),
    "alarm.breach_soon": _("Alarm raised"),
    "alarm.breach_late": _("Alarm raised"),
    "alarm.no_legal_basis": _("Alarm raised"),
    "alarm.assertion_replayed": _("Alarm raised"),
    "alarm.forged_connection": _("Alarm raised"),
    "alarm.glass_broken": _("Alarm raised"),
    "alarm.glass_broken_often": _("Alarm raised"),
    "alarm.emergency_unreviewed": _("Alarm raised"),
    "alarm.emergency_not_justified": _("Alarm raised"),
}

EMERGENCIES: Final[Mapping[str, str]] = {
    "break_glass": _("a child of another area was opened"),
    "own_area": _("a child of the own area was opened"),
}

VERDICTS: Final[Mapping[str, str]] = {
    "justified": _("justified"),
    "not_justified": _("not justified"),
}

ALARMS: Final[Mapping[str, str]] = {
    "decoy_opened": _("A decoy was opened"),
    "damaged_value": _("A sealed value was changed"),
    "keys_do_not_fit": _("Most values could not be opened: the keys do not fit"),
    "witness_refused": _("A witness outside has seen another history of the log"),
    "log_damaged": _("The access log is damaged: its sealer has stopped"),
    "many_children": _("An account opened many children in an hour"),
    "many_children_in_a_day": _("An account opened many children in a day"),
    "stopped_at_limit": _("An account was stopped: it had opened too many children"),
    "more_than_usual": _("An account opened over three times as many children as on its usual day"),
    "fishing": _("Many searches in an hour, and no child opened"),
    "off_hours": _("A look at night or on a day of rest"),
    "in_sequence": _("Numbers were searched for one after the other"),
    "guessed_ids": _("Children were asked for who are not there for the account"),
    "own_surname": _("The child bears the surname of whoever looked"),
    "own_home": _("The child lives where whoever looked lives"),
    "own_name": _("A parent of the child bears the name of whoever looked"),
    "request_overdue": _("A request of a family is overdue"),
    "breach_soon": _("The authority must be told of a breach soon"),
    "breach_late": _("The authority was not told of a breach in time"),
    "no_legal_basis": _("A purpose is allowed by no law that is entered"),
    "assertion_replayed": _("A sector system's proof of identity was sent a second time"),
    "forged_connection": _("A request claimed to come through the web server in front, and did not"),
    "glass_broken": _("A child of another area was opened in an emergency"),
    "glass_broken_often": _("One account opened several children in emergencies within a day"),
    "emergency_unreviewed": _("An emergency was not reviewed in time: the account is locked"),
    "emergency_not_justified": _("A supervisor found an emergency not justified"),
}

EXPORT_STATES: Final[Mapping[str, str]] = {
    "waiting": _("waits for a second person"),
    "ready": _("can be fetched"),
    "refused": _("was refused by a second person"),
    "expired": _("has expired"),
}

SUSPECTS: Final[Mapping[str, str]] = {
    "mother": _("mother"),
    "father": _("father"),
    "stepmother": _("stepmother"),
    "stepfather": _("stepfather"),
    "carer": _("carer"),
    "relative": _("relative"),
    "neighbour": _("neighbour"),
    "teacher": _("teacher"),
    "stranger": _("stranger"),
}  # what somebody who is suspected is to the child; other words stand as the source wrote them

OUTCOMES: Final[Mapping[str, str]] = {"done": _("done"), "refused": _("refused"), "failed": _("failed")}

FIELDS: Final[Mapping[str, str]] = {
    "number": _("Personal number"),
    "given": _("Given name"),
    "middle": _("Middle name"),
    "surname": _("Surname"),
    "order": _("Order of the words"),
    "birth": _("Date of birth"),
    "sex": _("Sex"),
    "commune": _("Commune"),
    "ethnicity": _("Ethnic group"),
    "mother": _("Mother"),
    "father": _("Father"),
    "mother_number": _("Mother's number"),
    "father_number": _("Father's number"),
    "mother_year": _("Mother's year of birth"),
    "father_year": _("Father's year of birth"),
    "family": _("Relatives and namesakes"),
}


def word(table: Mapping[str, str], code: object) -> str:
    """Return the English word for a code; a code without one stands for itself."""
    return table.get(str(code), str(code))
