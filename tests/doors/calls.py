"""How each door is knocked at: an address that leads somewhere, and a body that its form takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from registry.protect.doors import PAGES, SYSTEMS, Door
from tests.api.calling import Program
from tests.web.browsing import Person, person
from tests.web.world import World

REASON = "Gia đình chuyển đến."
LANGUAGE = "en"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A body, and the answers that a door gives to those it lets in (beside 2xx and redirects)."""

    body: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[int] = frozenset()  # such as 404: the thing of the address is an invented one
    path: Mapping[str, str] = field(default_factory=dict)  # values of the address that are not those of `PLACES`


def sample(*also: int, **body: Any) -> Sample:
    """Return a sample with a body alone."""
    return Sample(body=body, also=frozenset(also))


SOMEBODY = str(uuid4())
PLACES: Mapping[str, str] = {
    "language": LANGUAGE,
    "name": "children-by-province-age-sex",
    "system": "education",
    "stream": "pupils",
}  # of an address; ids are those of the child
NOT_FOUND = frozenset({404})
SESSION = {"login": "nobody", "password": "not a password"}

SAMPLES: Mapping[tuple[str, str], Sample] = {
    ("POST", "/{language}/sign-in"): Sample(body=SESSION, also=frozenset({401})),
    ("POST", "/{language}/password"): sample(422, password="x", again="y"),
    ("GET", "/{language}/sign-in/provider"): Sample(also=NOT_FOUND),
    ("GET", "/{language}/sign-in/return"): Sample(also=NOT_FOUND),
    ("GET", "/{language}/prove/provider"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/prove"): sample(422),
    ("GET", "/{language}/codes/device"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/codes/device"): sample(404, 422, code="000000"),
    ("GET", "/{language}/codes/picture"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/sessions/{reference}"): sample(404),
    ("POST", "/v1/session/proof"): sample(422),
    ("POST", "/v1/identity-provider/logout"): sample(422),
    ("POST", "/{language}/searches"): sample(text="Nguyen Thi Hao"),
    ("GET", "/{language}/searches/{search_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/children/{child_id}/reason"): sample(purpose="case_work"),
    ("POST", "/{language}/children/{child_id}/emergency"): sample(422, reason=REASON),
    ("GET", "/{language}/emergencies/new"): Sample(query={"child": SOMEBODY}),
    ("POST", "/{language}/emergencies/{emergency_id}"): sample(404, verdict="justified", note=REASON),
    ("POST", "/{language}/children"): sample(422, token=SOMEBODY, name="Bế Thị Én", sex="female"),
    ("POST", "/{language}/children/{child_id}/cases"): sample(404, token=SOMEBODY, channel="police", notes=REASON),
    ("POST", "/v1/emergencies"): sample(403, 404, child_id=SOMEBODY, reason=REASON),
    ("POST", "/v1/emergencies/{emergency_id}/verdict"): sample(404, verdict="justified", note=REASON),
    ("POST", "/v1/children"): sample(422, token=SOMEBODY, name="Bế Thị Én", sex="female", commune="05443"),
    ("POST", "/v1/children/{child_id}/cases"): sample(404, token=SOMEBODY, channel="police", notes=REASON),
    ("POST", "/{language}/children/{child_id}/seal"): sample(422, keepers="nobody.here", reason=REASON),
    ("POST", "/{language}/children/{child_id}/seal/lift"): sample(404, 409, reason=REASON),
    ("POST", "/v1/children/{child_id}/seal"): sample(422, keepers=["nobody.here"], reason=REASON),
    ("POST", "/v1/children/{child_id}/seal/lift"): sample(404, 409, reason=REASON),
    ("GET", "/{language}/reviews/{child_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/reviews/{child_id}"): sample(404, 409, 422, candidate=SOMEBODY, says="unsure", reason=REASON),
    ("GET", "/{language}/record-pairs/{child_id}/{other_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/record-pairs/{child_id}/{other_id}"): sample(404, 409, 422, says="unsure", reason=REASON),
    ("GET", "/{language}/links/{child_id}/undo"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/links/{child_id}/undo"): sample(404, 422, reason=REASON),
    ("GET", "/{language}/record-joins/{child_id}/undo"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/record-joins/{child_id}/undo"): sample(404, 422, reason=REASON),
    ("POST", "/{language}/log/alarms/{alarm_id}"): sample(404),
    ("POST", "/{language}/sources/{source}/reading"): Sample(body={"what": "now"}, path={"source": "no-source"}),
    ("POST", "/{language}/sources/{source}/pause"): Sample(
        body={"because": "other"}, path={"source": "no-source"}, also=frozenset({409})
    ),
    ("POST", "/{language}/sources/{source}/resume"): Sample(path={"source": "no-source"}, also=frozenset({409})),
    ("POST", "/{language}/source-proposals/{proposal_id}"): sample(404, says="refuse"),
    ("POST", "/{language}/children/{child_id}/requests"): sample(
        kind="access", asker="Lê Thị Mai", relation="mother", proof="giấy khai sinh", words=REASON
    ),
    ("POST", "/{language}/children/{child_id}/requests/{request_id}/{step}"): Sample(
        also=NOT_FOUND, path={"step": "answer"}
    ),
    ("GET", "/{language}/children/{child_id}/requests/{request_id}/held"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/children/{child_id}/consents"): sample(422, use="research"),
    ("POST", "/{language}/children/{child_id}/consents/{consent_id}/sign"): sample(404, 422, child_name="Én"),
    ("POST", "/{language}/children/{child_id}/consents/{consent_id}/withdraw"): sample(
        404, by="child", name="Én", method="oral"
    ),
    ("POST", "/{language}/legal-bases"): sample(422, purpose="case_work"),
    ("POST", "/{language}/legal-bases/{basis_id}/end"): sample(404, last_day="31/12/2030"),
    ("POST", "/{language}/breaches"): sample(422, what=REASON),
    ("GET", "/{language}/breaches/{breach_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/breaches/{breach_id}"): sample(404, what=REASON),
    ("POST", "/{language}/holds"): sample(422, held="no id"),
    ("POST", "/{language}/holds/{hold_id}/lift"): sample(404, sentence=REASON),
    ("POST", "/{language}/exports"): sample(
        422, first_year="2010", last_year="2026", purpose="case_work", reason=REASON
    ),
    ("GET", "/{language}/exports/{export_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/exports/{export_id}/file"): sample(404, form="csv"),
    ("GET", "/{language}/export-approvals/{export_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/export-approvals/{export_id}"): sample(404, says="refuse", digest="00", reason=REASON),
    ("GET", "/{language}/findings/{child_id}/{finding_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/findings/{child_id}/{finding_id}"): sample(404, says="accept", reason=REASON),
    ("POST", "/{language}/findings/{child_id}/{finding_id}/undo"): sample(404, reason=REASON),
    ("POST", "/{language}/problems"): sample(422, commune="05443", reason=REASON),
    ("GET", "/{language}/problems/{export_id}"): Sample(also=NOT_FOUND),
    ("POST", "/{language}/problems/{export_id}/file"): sample(404),
    ("POST", "/{language}/problems/answers"): sample(422, signed_by="B", signed_on="30/10/2026", why=REASON),
    ("POST", "/v1/exports"): sample(422, first_year=2010, last_year=2026, purpose="case_work", reason=REASON),
    ("GET", "/v1/exports/{export_id}"): Sample(also=NOT_FOUND),
    ("POST", "/v1/exports/{export_id}/file"): sample(404, form="csv", language="vi"),
    ("GET", "/v1/export-approvals/{export_id}"): Sample(also=NOT_FOUND),
    ("POST", "/v1/export-approvals/{export_id}"): sample(404, approved=False, digest="00", reason=REASON),
    ("POST", "/v1/session"): Sample(body=SESSION, also=frozenset({401})),
    ("GET", "/v1/client"): Sample(also=frozenset({403})),  # for programs of sector systems, not for people
    ("POST", "/v1/searches"): sample(text="Nguyen Thi Hao", born="2014", purpose="case_work"),
    ("GET", "/v1/children/{child_id}"): Sample(headers={"purpose": "case_work"}),
    ("POST", "/{language}/looks"): sample(child=SOMEBODY, reason=REASON),
    ("GET", "/v1/children/{child_id}/looks"): Sample(headers={"reason": quote(REASON)}),
    ("GET", "/v1/reviews/{child_id}"): Sample(also=NOT_FOUND),
    ("POST", "/v1/reviews/{child_id}"): sample(404, 409, person_id=SOMEBODY, says="unsure", reason=REASON),
    ("GET", "/v1/record-pairs/{child_id}/{other_id}"): Sample(also=NOT_FOUND),
    ("POST", "/v1/record-pairs/{child_id}/{other_id}"): sample(404, 409, says="unsure", reason=REASON),
    ("POST", "/v1/record-joins/{child_id}/undo"): sample(404, reason=REASON),
    # for programs of sector systems, not for people in their role
    ("POST", "/v1/sources/{system}/streams/{stream}/batches"): sample(403),
    ("GET", "/v1/batches/{batch_id}"): sample(403),
    ("GET", "/v1/sources/{system}/streams/{stream}/records/{key}"): sample(403),
    ("PUT", "/v1/sources/{system}/streams/{stream}/records/{key}"): sample(403),
    ("DELETE", "/v1/sources/{system}/streams/{stream}/records/{key}"): sample(403),
    ("POST", "/v1/proposals/{proposal_id}/answer"): sample(403, taken=True),
    ("GET", "/v1/sources/{system}/streams/{stream}/records"): sample(403),
    ("GET", "/v1/events"): sample(403),
    ("GET", "/v1/subscriptions"): sample(403),
    ("POST", "/v1/subscriptions"): sample(403, address="https://example.org/events"),
    ("DELETE", "/v1/subscriptions/{subscription_id}"): sample(403),
    ("POST", "/v1/subscriptions/{subscription_id}/secret"): sample(403),
    ("GET", "/v1/schemas/{name}"): Sample(path={"name": "record"}),
    ("POST", "/v1/fhir/R4"): sample(403, 422, resourceType="Patient"),  # for programs of sector systems, not for people
    ("POST", "/v1/fhir/R4/Patient"): sample(403, 422, resourceType="Patient"),
    ("PUT", "/v1/fhir/R4/Patient"): sample(403, 422, resourceType="Patient"),
    ("GET", "/v1/fhir/R4/Patient"): Sample(query={"gender": "female"}, also=frozenset({403})),
    ("POST", "/v1/fhir/R4/Patient/_search"): sample(400, 403, gender="female"),
    ("POST", "/v1/fhir/R4/Patient/$match"): sample(403, 422, resourceType="Patient"),
    ("GET", "/v1/fhir/R4/Patient/$ihe-pix"): Sample(also=frozenset({400, 403})),
    ("GET", "/v1/fhir/R4/Patient/{patient_id}"): Sample(also=frozenset({403, 404})),
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody with a browser and a program, signed in by both, or nobody."""

    browser: Person
    program: httpx.Client

    def knock(self, door: Door, child_id: UUID) -> httpx.Response:
        """Call a door about a child, and do not follow where it leads."""
        said = SAMPLES.get((door.method, door.path), Sample())
        address = address_of(door, child_id, said)
        if door.path.startswith(SYSTEMS):
            body = {"json": dict(said.body)} if said.body else {}
            headers = dict(said.headers)
            return self.program.request(door.method, address, params=dict(said.query), headers=headers, **body)
        if door.method == "GET":
            return self.browser.browser.get(address, params=dict(said.query))
        fields = {name: str(value) for name, value in said.body.items()}
        return self.browser.post(address.removeprefix(f"/{LANGUAGE}"), **fields)


def address_of(door: Door, child_id: UUID, said: Sample) -> str:
    """Return an address of a door: codes as they are known, every id that of the child."""
    known = {**PLACES, **said.path}
    return re.sub(r"\{(\w+)\}", lambda found: quote(known.get(found[1], str(child_id))), door.path)


def caller(world: World, login: str) -> Caller:
    """Return somebody who is signed in."""
    return Caller(browser=person(world, login, language=LANGUAGE), program=Program(world, login).client)


def stranger(world: World) -> Caller:
    """Return somebody who has not signed in."""
    return Caller(browser=Person(world, language=LANGUAGE), program=world.browser())


def is_page(door: Door) -> bool:
    """Say whether a door is a page."""
    return door.path.startswith(PAGES)
