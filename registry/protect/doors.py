"""Every door into the registry and the action of the policy behind it. A door that is not written here fails the build.

Pages stand under a language, the interface for systems under `/v1`; both are written as the applications know them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.model.access import Role
from registry.model.errors import Refused
from registry.protect.authorize import permitted
from registry.protect.policy import Action

PAGES: Final = "/{language}"
SYSTEMS: Final = "/v1"


class Who(StrEnum):
    """Whom a door lets in for which the policy has no action."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"  # with a password of the own choice, or as the door itself says


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in: a method and the template of an address."""

    method: str
    path: str
    needs: Action | Who

    def lets_in(self, role: Role) -> bool:
        """Say whether a role passes for some purpose."""
        return isinstance(self.needs, Who) or bool(permitted(role, self.needs))


def _doors(under: str, needs: Action | Who, *lines: str) -> tuple[Door, ...]:
    """Return doors of one action; each line is the methods, separated by commas, and the path."""
    found = (line.split(" ", 1) for line in lines)
    return tuple(
        Door(method=method, path=under + path, needs=needs) for methods, path in found for method in methods.split(",")
    )


_PAGES: Final = (
    *_doors(PAGES, Who.ANYBODY, "GET,POST /sign-in", "GET /sign-in/provider", "GET /sign-in/return"),
    *_doors(PAGES, Who.SIGNED_IN, "GET,POST /password", "POST /sign-out", "GET /"),
    *_doors(PAGES, Who.SIGNED_IN, "GET,POST /prove", "GET /prove/provider"),
    *_doors(PAGES, Who.SIGNED_IN, "GET,POST /codes", "GET,POST /codes/device", "GET /codes/picture"),
    *_doors(PAGES, Who.SIGNED_IN, "GET /sessions", "POST /sessions/{reference}"),
    *_doors(PAGES, Action.FIND, "GET /find", "POST /searches", "GET /searches/{search_id}"),
    *_doors(PAGES, Action.OPEN, "GET /children/{child_id}", "GET,POST /children/{child_id}/reason"),
    *_doors(PAGES, Action.BREAK_GLASS, "GET /emergencies/new", "GET,POST /children/{child_id}/emergency"),
    *_doors(PAGES, Action.BREAK_GLASS, "POST /emergencies/end"),
    *_doors(PAGES, Action.REVIEW_EMERGENCY, "GET /emergencies", "POST /emergencies/{emergency_id}"),
    *_doors(PAGES, Action.ADD_CHILD, "GET /children/new", "POST /children"),
    *_doors(PAGES, Action.WRITE_CASE, "GET /children/{child_id}/cases/new", "POST /children/{child_id}/cases"),
    *_doors(PAGES, Action.SEAL_CHILD, "GET,POST /children/{child_id}/seal", "GET,POST /children/{child_id}/seal/lift"),
    *_doors(PAGES, Action.REVIEW, "GET /reviews", "GET,POST /reviews/{child_id}"),
    *_doors(PAGES, Action.REVIEW, "GET /record-pairs", "GET,POST /record-pairs/{child_id}/{other_id}"),
    *_doors(PAGES, Action.UNLINK, "GET,POST /links/{child_id}/undo", "GET,POST /record-joins/{child_id}/undo"),
    *_doors(PAGES, Action.REVIEW, "GET /record-joins"),
    *_doors(PAGES, Action.ASK_EXPORT, "GET,POST /exports", "GET /exports/{export_id}"),
    *_doors(PAGES, Action.FETCH_EXPORT, "POST /exports/{export_id}/file"),
    *_doors(PAGES, Action.APPROVE_EXPORT, "GET /export-approvals", "GET,POST /export-approvals/{export_id}"),
    *_doors(PAGES, Action.TABLE, "GET /tables", "GET /tables/{name}", "GET /tables/{name}.{language}.csv"),
    *_doors(PAGES, Action.SUBJECT_REQUEST, "GET /requests", "GET,POST /children/{child_id}/requests"),
    *_doors(PAGES, Action.SUBJECT_REQUEST, "POST /children/{child_id}/requests/{request_id}/{step}"),
    *_doors(PAGES, Action.SUBJECT_REQUEST, "GET /children/{child_id}/requests/{request_id}/held"),
    *_doors(PAGES, Action.CONSENT, "GET,POST /children/{child_id}/consents"),
    *_doors(PAGES, Action.CONSENT, "POST /children/{child_id}/consents/{consent_id}/sign"),
    *_doors(PAGES, Action.CONSENT, "POST /children/{child_id}/consents/{consent_id}/withdraw"),
    *_doors(PAGES, Action.LEGAL_BASES, "GET,POST /legal-bases", "POST /legal-bases/{basis_id}/end"),
    *_doors(PAGES, Action.BREACH, "GET,POST /breaches", "GET,POST /breaches/{breach_id}"),
    *_doors(PAGES, Action.LEGAL_HOLD, "GET,POST /holds", "POST /holds/{hold_id}/lift"),
    *_doors(PAGES, Action.PROCESSING, "GET /processing"),
    *_doors(PAGES, Action.SOURCES, "GET /sources"),
    *_doors(PAGES, Action.SYNC, "POST /sources/{source}/reading", "POST /sources/{source}/pause"),
    *_doors(PAGES, Action.SYNC, "POST /sources/{source}/resume", "POST /source-proposals/{proposal_id}"),
    *_doors(PAGES, Action.LOG, "GET /log", "GET,POST /looks"),
    *_doors(PAGES, Action.WHO_LOOKED, "GET /children/{child_id}/looks"),
    *_doors(PAGES, Action.VERIFY, "GET /population"),
    *_doors(PAGES, Action.FINDINGS, "GET /findings", "GET,POST /findings/{child_id}/{finding_id}"),
    *_doors(PAGES, Action.FINDINGS, "POST /findings/{child_id}/{finding_id}/undo"),
    *_doors(PAGES, Action.PROBLEMS, "GET,POST /problems", "GET /problems/{export_id}", "POST /problems/answers"),
    *_doors(PAGES, Action.PROBLEMS, "POST /problems/{export_id}/file"),
    *_doors(PAGES, Action.WHO_ALARMED, "POST /log/alarms/{alarm_id}"),
)
_SYSTEMS: Final = (
    *_doors(SYSTEMS, Who.ANYBODY, "POST /session", "POST /oauth/token", "GET /health"),
    *_doors(SYSTEMS, Who.ANYBODY, "POST /identity-provider/logout"),
    *_doors(SYSTEMS, Who.SIGNED_IN, "DELETE /session", "POST /session/proof", "GET /client"),
    *_doors(SYSTEMS, Action.FIND, "POST /searches"),
    *_doors(SYSTEMS, Action.OPEN, "GET /children/{child_id}"),
    *_doors(SYSTEMS, Action.WHO_LOOKED, "GET /children/{child_id}/looks"),
    *_doors(SYSTEMS, Action.BREAK_GLASS, "POST /emergencies", "DELETE /emergencies/running"),
    *_doors(SYSTEMS, Action.REVIEW_EMERGENCY, "GET /emergencies", "POST /emergencies/{emergency_id}/verdict"),
    *_doors(SYSTEMS, Action.ADD_CHILD, "POST /children"),
    *_doors(SYSTEMS, Action.WRITE_CASE, "POST /children/{child_id}/cases"),
    *_doors(SYSTEMS, Action.SEAL_CHILD, "GET,POST /children/{child_id}/seal", "POST /children/{child_id}/seal/lift"),
    *_doors(SYSTEMS, Action.REVIEW, "GET /reviews", "GET,POST /reviews/{child_id}"),
    *_doors(SYSTEMS, Action.REVIEW, "GET /record-pairs", "GET,POST /record-pairs/{child_id}/{other_id}"),
    *_doors(SYSTEMS, Action.REVIEW, "GET /record-joins"),
    *_doors(SYSTEMS, Action.UNLINK, "POST /record-joins/{child_id}/undo"),
    *_doors(SYSTEMS, Action.ASK_EXPORT, "GET,POST /exports", "GET /exports/{export_id}"),
    *_doors(SYSTEMS, Action.FETCH_EXPORT, "POST /exports/{export_id}/file"),
    *_doors(SYSTEMS, Action.APPROVE_EXPORT, "GET /export-approvals", "GET,POST /export-approvals/{export_id}"),
    *_doors(SYSTEMS, Action.TABLE, "GET /tables/{name}"),
    *_doors(SYSTEMS, Action.INGEST, "POST /sources/{system}/streams/{stream}/batches", "GET /batches/{batch_id}"),
    *_doors(SYSTEMS, Action.INGEST, "PUT,DELETE /sources/{system}/streams/{stream}/records/{key}"),
    *_doors(SYSTEMS, Action.LINK_STATE, "GET /sources/{system}/streams/{stream}/records/{key}"),
    *_doors(SYSTEMS, Action.PROPOSALS, "POST /proposals/{proposal_id}/answer"),
    *_doors(SYSTEMS, Action.LINK_STATE, "GET /sources/{system}/streams/{stream}/records"),
    *_doors(SYSTEMS, Action.EVENTS, "GET /events"),
    *_doors(SYSTEMS, Action.SUBSCRIBE, "GET,POST /subscriptions", "DELETE /subscriptions/{subscription_id}"),
    *_doors(SYSTEMS, Action.SUBSCRIBE, "POST /subscriptions/{subscription_id}/secret"),
    *_doors(SYSTEMS, Who.ANYBODY, "GET /schemas/{name}"),
    *_doors(SYSTEMS, Who.ANYBODY, "GET /fhir/R4/metadata"),
    *_doors(SYSTEMS, Action.INGEST, "POST /fhir/R4", "POST,PUT /fhir/R4/Patient"),
    *_doors(SYSTEMS, Action.LINK_STATE, "GET /fhir/R4/Patient", "POST /fhir/R4/Patient/_search"),
    *_doors(SYSTEMS, Action.LINK_STATE, "POST /fhir/R4/Patient/$match", "GET /fhir/R4/Patient/$ihe-pix"),
    *_doors(SYSTEMS, Action.LINK_STATE, "GET /fhir/R4/Patient/{patient_id}"),
)

DOORS: Final[tuple[Door, ...]] = (*_PAGES, *_SYSTEMS)

_BY_PLACE: Final = {(door.method, door.path): door for door in DOORS}
_LANGUAGE: Final = re.compile(r"^/(vi|en)(?=/)")


def require_door(under: str, method: str, *, template: str, role: Role) -> None:
    """Let a role through a door before anything is read of what it brought, or refuse it.

    Args:
        under: `PAGES` or `SYSTEMS`.
        template: of the address, as the server matched it, such as `/children/{child_id}`.

    Raises:
        Refused: the policy gives this role nothing behind this door, or there is no such door in the table.
    """
    door = _BY_PLACE.get((method, under + _LANGUAGE.sub("", template)))
    if door is None or not door.lets_in(role):
        raise Refused(place="door" if door is None or isinstance(door.needs, Who) else door.needs.value)
