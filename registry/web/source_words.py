"""What the codes of the sources are called on the stewards' page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.listening import FailureKind
from registry.actions.sources.decide import Because, Wish
from registry.web.translation import msgid as _

PAUSED_BECAUSE: Final[Mapping[str, str]] = {
    Because.ASKED: _("its own office asks for it"),
    Because.WRONG_RECORDS: _("its records are wrong"),
    Because.CONNECTOR: _("the way it is read is wrong"),
    Because.OTHER: _("another reason"),
}
WISHES: Final[Mapping[str, str]] = {
    Wish.NOW: _("Read on now"),
    Wish.FULL: _("Read from the beginning and compare"),
    Wish.RETRY: _("Read the quarantine again"),
}
RUN_STATES: Final[Mapping[str, str]] = {
    "running": _("running"),
    "done": _("done"),
    "failed": _("failed"),
    "stopped": _("stopped"),
}
FAILURES: Final[Mapping[str, str]] = {
    FailureKind.TRANSIENT: _("the system did not answer"),
    FailureKind.RATE_LIMITED: _("the system asks for fewer questions"),
    FailureKind.MEDIATOR: _("the exchange bus failed"),
    FailureKind.DENIED: _("the system refuses us"),
    FailureKind.CONTRACT_DRIFT: _("the answer does not have the agreed form"),
    FailureKind.START_OVER: _("the system has forgotten our place again and again"),
    FailureKind.FILE_REFUSED: _("a file cannot be read as a whole"),
    FailureKind.BAD_CLAIM: _("our question is wrong"),
    FailureKind.REFUSED: _("the connector gave up"),
    FailureKind.BROKE: _("the connector broke"),
    FailureKind.HANGS: _("the connector does not come to an end"),
    FailureKind.RUBBISH: _("the connector gives what is no record"),
    FailureKind.FLOOD: _("the connector gives more than a page"),
    FailureKind.CURSOR_BROKEN: _("the place to read on from cannot be used"),
    FailureKind.CURSOR_STUCK: _("the connector turns in a circle"),
    FailureKind.NO_CHECKPOINT: _("the connector does not say how far it is"),
}
VALUE_KINDS: Final[Mapping[str, str]] = {
    "text": _("text"),
    "date": _("date"),
    "number": _("number"),
    "boolean": _("yes or no"),
    "object": _("object"),
    "list": _("list"),
    "nothing": _("nothing"),
}
