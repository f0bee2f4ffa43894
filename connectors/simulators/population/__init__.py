"""A population database that is a real server and behaves as it is told: SOAP, DCI and FHIR, quirks and faults."""

from __future__ import annotations

from connectors.simulators.population.dci_signing import Signing, as_pem, jwk_of_pem
from connectors.simulators.population.faults import Fault, fault_named
from connectors.simulators.population.gate import Account, Quota
from connectors.simulators.population.inventing import invent_people
from connectors.simulators.population.people import PeopleRefused, Person, Standing, read_people, write_people
from connectors.simulators.population.simulation import Conduct, SimulatedPopulation, serve_population
from connectors.simulators.population.soap_answers import Dialect, Quirk

__all__ = [
    "Account",
    "Conduct",
    "Dialect",
    "Fault",
    "PeopleRefused",
    "Person",
    "Quirk",
    "Quota",
    "Signing",
    "SimulatedPopulation",
    "Standing",
    "as_pem",
    "fault_named",
    "invent_people",
    "jwk_of_pem",
    "read_people",
    "serve_population",
    "write_people",
]
