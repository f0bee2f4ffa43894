"""What the codes of the duties of the law are called on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.actions.law.consent import Method, Signer, Standing
from registry.actions.law.corrections import Corrected
from registry.actions.law.retention import Blocked
from registry.model.family_requests import Kind, Outcome, State
from registry.model.law import Clock, Kept, Use
from registry.model.representative import Relation
from registry.protect.policy import Extent, FieldGroup
from registry.web.translation import msgid as _

USES: Final[Mapping[str, str]] = {
    Use.DISCLOSURE: _("Giving out or publishing the child's private life"),
    Use.RESEARCH: _("Research"),
    Use.MEDIA: _("Pictures or stories in the media"),
    Use.SERVICES: _("A voluntary service"),
}
STANDINGS: Final[Mapping[str, str]] = {
    Standing.STANDS: _("stands"),
    Standing.CHILD_TO_BE_ASKED: _("does not stand: the child is old enough to be asked"),
    Standing.INCOMPLETE: _("does not stand: a signature is missing"),
    Standing.WITHDRAWN: _("withdrawn"),
    Standing.NEVER: _("never given"),
}
SIGNERS: Final[Mapping[str, str]] = {
    Signer.CHILD: _("The child"),
    Signer.REPRESENTATIVE: _("The representative"),
}
METHODS: Final[Mapping[str, str]] = {
    Method.PAPER: _("on paper"),
    Method.ELECTRONIC: _("electronically"),
    Method.ORAL: _("spoken, before a witness"),
}
RELATIONS: Final[Mapping[str, str]] = {
    Relation.MOTHER: _("Mother"),
    Relation.FATHER: _("Father"),
    Relation.GUARDIAN: _("Guardian or carer"),
    Relation.FACILITY: _("Head of a care facility"),
}
KINDS: Final[Mapping[str, str]] = {
    Kind.ACCESS: _("To see all that is held"),
    Kind.WHO_LOOKED: _("To know who looked"),
    Kind.CORRECTION: _("To correct a mistake"),
    Kind.DELETION: _("To delete"),
    Kind.RESTRICTION: _("To restrict the use"),
    Kind.OBJECTION: _("To object to a use"),
    Kind.WITHDRAWAL: _("To withdraw a consent"),
    Kind.COMPLAINT: _("A complaint"),
}
STATES: Final[Mapping[str, str]] = {
    State.RECEIVED: _("taken down"),
    State.ANSWERED: _("answered, being done"),
    State.CLOSED: _("closed"),
}
REQUEST_OUTCOMES: Final[Mapping[str, str]] = {
    Outcome.GRANTED: _("Done as asked"),
    Outcome.PARTLY: _("Done in part"),
    Outcome.REFUSED: _("Refused, with the reason"),
}
CORRECTED: Final[Mapping[str, str]] = {
    Corrected.NAME: _("Name"),
    Corrected.BIRTH: _("Date of birth"),
    Corrected.SEX: _("Sex"),
    Corrected.NUMBER: _("Personal number"),
    Corrected.PARENTS: _("Parents"),
    Corrected.ADDRESS: _("Address"),
    Corrected.SERVICES: _("School, health, allowance"),
    Corrected.OTHER: _("Something else"),
}
KEPT: Final[Mapping[str, str]] = {
    Kept.AGE_OUT: _("A child who has come of age, with all records"),
    Kept.CLOSED_CASE: _("The record of a closed protection case"),
    Kept.QUARANTINE: _("Rows that could not be read"),
    Kept.ALARM: _("Account and child of an acknowledged alarm"),
}
BLOCKED: Final[Mapping[str, str]] = {
    Blocked.HOLD: _("legal hold"),
    Blocked.OPEN_CASE: _("open protection case"),
    Blocked.OPEN_REQUEST: _("open request of the family"),
    Blocked.DIED: _("the child has died"),
}
CLOCKS: Final[Mapping[str, str]] = {
    Clock.ANSWER_WORKING_DAYS: _("First answer to a family (working days)"),
    Clock.STOP_DAYS: _("To withdraw, restrict or object (days)"),
    Clock.STOP_DAYS_WITH_OTHERS: _("The same, with another office (days)"),
    Clock.DO_DAYS: _("Every other request (days)"),
    Clock.DO_DAYS_WITH_OTHERS: _("Every other request, with another office (days)"),
    Clock.EXTENSION_DAYS: _("One extension, at most (days)"),
    Clock.CONSENT_AGE: _("Age from which a child consents too (years)"),
    Clock.BREACH_HOURS: _("Notice of a breach (hours)"),
    Clock.BREACH_WARNING_HOURS: _("Alarm before that (hours)"),
}
GROUPS: Final[Mapping[str, str]] = {
    FieldGroup.IDENTITY: _("who the child is"),
    FieldGroup.FAMILY: _("parents and carer"),
    FieldGroup.CONTACT: _("address"),
    FieldGroup.SERVICES: _("school, health, allowance"),
    FieldGroup.WELFARE: _("special circumstances"),
    FieldGroup.GROUP_5: _("living with HIV"),
    FieldGroup.GROUP_9: _("seriously harmed by violence"),
    FieldGroup.GROUP_11: _("sexually abused"),
    FieldGroup.GROUP_12: _("trafficked"),
    FieldGroup.CASE: _("protection case"),
    FieldGroup.CASE_NOTES: _("notes of the case"),
    FieldGroup.REPORTER: _("who reported"),
    FieldGroup.SUSPECT_GUARDIAN: _("who is suspected"),
}
EXTENTS: Final[Mapping[str, str]] = {
    Extent.OWN: _("own area"),
    Extent.PROVINCE: _("own province"),
    Extent.NATION: _("the nation"),
    Extent.NOWHERE: _("nowhere"),
}
