"""Programs of a health system whose streams are the test authorities of the published client-registry cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from fhir.resources.R4B import get_fhir_model_class

from connectors.formats.fhir_domains import IdentityDomain, IdentityDomains
from tests.api.machines import Machine
from tests.web.world import World, served

SPECS = Path(__file__).parents[1] / "specs" / "fhir"
SYSTEM = "health"
TEST, TEST_A, TEST_B, NID = (f"http://ohie.org/test/{name}" for name in ("test", "test_a", "test_b", "nid"))
OID = "urn:oid:1.3.6.1.4.1.52820.3.72.5.9."


def domains(stream: str) -> IdentityDomains:
    """Return the lists of the cases; args: stream: that assigns the identifiers of TEST."""
    return IdentityDomains((IdentityDomain(url=TEST, also=(f"{OID}1",), system=SYSTEM, stream=stream), *OTHERS))


OTHERS = (
    IdentityDomain(url=TEST_A, also=(f"{OID}2",), system=SYSTEM, stream="a"),
    IdentityDomain(url=TEST_B, also=(f"{OID}3",), system=SYSTEM, stream="b"),
    IdentityDomain(url=NID, also=("http://ohie.org/test/nid-fhir",)),
    IdentityDomain(url="http://ohie.org/test/orgs"),
    IdentityDomain(url="urn:vn:npdb:number", personal_number=True),
    *(
        IdentityDomain(url=f"http://clientregistry.org/{name}", system=SYSTEM, stream=name)
        for name in ("openmrs", "dhis2", "lims")
    ),
    *(IdentityDomain(url=f"http://system{number}.org") for number in (1, 2, 3)),
)


@contextmanager
def fhir_world(world: World, *, stream: str = "test") -> Iterator[World]:
    """Serve the same registry once more, with the lists of identifiers of the cases."""
    services = replace(world.services, identity_domains=domains(stream))
    with served(services) as address:
        yield replace(world, address=address, services=services)


def published(name: str) -> dict[str, Any]:
    """Return a message as it was published."""
    document: dict[str, Any] = json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))
    return document


class Harness:
    """A program that feeds and asks; whatever the registry says to it must be valid FHIR R4."""

    def __init__(self, world: World, *streams: str) -> None:
        self.machine = Machine(world, system=SYSTEM, streams=streams).signed_in()

    def feed(self, document: object, path: str = "") -> httpx.Response:
        """Send a message, a transaction or a patient."""
        return checked(self.machine.client.post(f"/v1/fhir/R4{path}", json=document))

    def ask(self, path: str = "Patient", **parameters: Any) -> httpx.Response:
        """Ask for something."""
        return checked(self.machine.client.get(f"/v1/fhir/R4/{path}", params=parameters))

    def named(self, identifier: str, **more: Any) -> dict[str, Any]:
        """Return the bundle of those who bear an identifier."""
        found = self.ask(identifier=identifier, **more)
        assert found.status_code == 200, found.text
        document: dict[str, Any] = found.json()
        return document

    def match(self, document: object) -> httpx.Response:
        """Ask who is like somebody."""
        return checked(self.machine.client.post("/v1/fhir/R4/Patient/$match", json=document))


def checked(answer: httpx.Response) -> httpx.Response:
    """Return an answer that is valid FHIR R4, if it is FHIR at all."""
    if answer.headers["content-type"].startswith("application/fhir+json"):
        document = answer.json()
        get_fhir_model_class(document["resourceType"]).model_validate(document)
    return answer


def resources(bundle: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the resources of a kind in a bundle."""
    found = (entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry)
    return [resource for resource in found if resource["resourceType"] == kind]


def only(bundle: Mapping[str, Any], kind: str = "Patient") -> dict[str, Any]:
    """Return the one resource of a kind in a bundle."""
    (found,) = resources(bundle, kind)
    return found


def said(bundle: Mapping[str, Any]) -> str:
    """Return how a message was answered."""
    code: str = only(bundle, "MessageHeader")["response"]["code"]
    return code


def issue(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first issue of an outcome, or of the outcome in a message."""
    outcome = only(document, "OperationOutcome") if document["resourceType"] == "Bundle" else document
    found: dict[str, Any] = outcome["issue"][0]
    return found


def identifiers(patient: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the identifiers of a patient."""
    return {(one["system"], one["value"]) for one in patient.get("identifier", ())}
