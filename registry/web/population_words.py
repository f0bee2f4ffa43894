"""What the codes of links, findings and problem lists are called on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.web.translation import msgid as _

STATES: Final[Mapping[str, str]] = {
    "candidate": _("not confirmed yet"),
    "verified": _("confirmed"),
    "mismatch": _("contradicted"),
    "unreachable": _("no answer yet"),
    "stale": _("to be confirmed again"),
    "revoked": _("undone"),
}
BREAKERS: Final[Mapping[str, str]] = {
    "closed": _("asking"),
    "open": _("nobody asks for a while, for nothing answers"),
    "half_open": _("one question tries whether it answers"),
}
FAILURES: Final[Mapping[str, str]] = {
    "transient": _("it did not answer"),
    "rate_limited": _("it asks for fewer questions"),
    "mediator": _("the exchange bus failed"),
    "denied": _("it refuses us"),
    "drift": _("the answer does not have the agreed form"),
    "unknown": _("it could not say"),
    "hung": _("the connector does not come to an end"),
    "raised": _("the connector broke"),
    "bad_claim": _("our question is wrong"),
}
KINDS: Final[Mapping[str, str]] = {
    "number_replaced": _("The number was replaced"),
    "number_given": _("A number was given"),
    "name": _("Another name"),
    "sex": _("Another sex"),
    "birth": _("Another date of birth"),
    "died": _("The child has died"),
    "moved": _("The child has moved"),
    "parents": _("Parents are known"),
}
FIELDS: Final[Mapping[str, str]] = {
    "number": _("Personal number"),
    "name": _("Name"),
    "sex": _("Sex"),
    "birth": _("Date of birth"),
    "moved": _("Commune"),
    "parents": _("Parents"),
    "died": _("The child has died"),
}
FINDING_STATES: Final[Mapping[str, str]] = {
    "open": _("waits for a decision"),
    "accepted": _("accepted"),
    "refused": _("refused"),
    "undone": _("taken back"),
    "outdated": _("outdated"),
}
RULES: Final[Mapping[str, str]] = {
    "no_code": _("The code of the row is missing."),
    "code_altered": _("The code of the row was altered."),
    "code_repeated": _("The code of the row stands twice."),
    "other_list": _("The row is of another list."),
    "row_altered": _("What we had written in this row was altered."),
    "answer_unknown": _("Write yes, other or none."),
    "answer_missing": _("Say whether the number is confirmed."),
    "contradiction": _("The answers of this row contradict each other."),
    "number_format": _("A personal number has twelve digits."),
    "value_broken": _("This value cannot be."),
    "date_broken": _("This is no day that has come."),
    "officer_missing": _("The officer who compared is missing."),
    "too_long": _("This is too long."),
    "column_missing": _("This column is missing."),
}
