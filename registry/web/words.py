"""What the codes are called on the pages. English here; the Vietnamese words lie with the translations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.model.access import Purpose, Role
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
}

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    Purpose.CASE_WORK: (_("I work on this child's case"), _("or I am taking it over from a colleague")),
    Purpose.REFERRAL: (_("The child is being referred"), _("to or from another service or place")),
    Purpose.EMERGENCY: (_("Emergency"), _("the child may be in danger now; the log marks the look as an emergency")),
    Purpose.DUPLICATE_CHECK: (_("I check for a duplicate"), _("shows who the child and the parents are, no more")),
    Purpose.OTHER: (_("Another reason"), _("please write one sentence")),
}

SYSTEMS: Final[Mapping[str, str]] = {
    "education": _("Education"),
    "health": _("Health"),
    "civil_status": _("Civil status"),
    "social_aid": _("Social assistance"),
    "protection": _("Child protection"),
    "population": _("Population database"),
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
    "alarm.decoy_opened": _("Alarm raised"),
    "alarm.damaged_value": _("Alarm raised"),
    "alarm.keys_do_not_fit": _("Alarm raised"),
}

ALARMS: Final[Mapping[str, str]] = {
    "decoy_opened": _("A decoy was opened"),
    "damaged_value": _("A sealed value was changed"),
    "keys_do_not_fit": _("Most values could not be opened: the keys do not fit"),
}

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
