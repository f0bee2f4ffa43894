"""Subscriptions: a secret that is told once, addresses that may be sent to, and nobody else's business."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api.calling import Program, problem
from tests.api.machines import Machine
from tests.web.world import World

ADDRESS = "https://hooks.example.org/events?of=us"
URL = "/v1/subscriptions"


@pytest.fixture
def machine(world: World) -> Machine:
    """A program of the education system."""
    return Machine(world).signed_in()


def test_a_secret_is_told_once(machine: Machine) -> None:
    made = machine.client.post(URL, json={"address": ADDRESS, "kinds": ["link.verified"]})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    (listed,) = machine.client.get(URL).json()
    assert (listed["address"], listed["kinds"], listed["waiting"], listed["dead"]) == (
        ADDRESS,
        ["link.verified"],
        0,
        0,
    )
    assert "whsec_" not in machine.client.get(URL).text
    turned = machine.client.post(f"{URL}/{made.json()['subscription_id']}/secret").json()
    assert turned["secret"] != made.json()["secret"]


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("http://hooks.example.org/", "address_not_https"),
        ("https://127.0.0.1:8080/", "address_not_public"),
        ("https://169.254.169.254/latest", "address_not_public"),
        ("https://[::ffff:10.0.0.1]/", "address_not_public"),
        ("https://user:pass@hooks.example.org/", "address_broken"),
        ("https://2130706433/", "address_broken"),
    ],
)
def test_nothing_is_sent_to_such_an_address(machine: Machine, address: str, rule: str) -> None:
    refused = machine.client.post(URL, json={"address": address})
    assert (refused.status_code, problem(refused)["errors"]) == (422, [{"pointer": "/address", "code": rule}])
    assert address not in refused.text
    assert machine.client.get(URL).json() == []


@pytest.mark.parametrize("body", [{}, {"address": ""}, {"address": ADDRESS, "kinds": ["x"]}, {"address": 1}, []])
def test_a_wish_has_its_form(machine: Machine, body: object) -> None:
    assert machine.client.post(URL, json=body).status_code == 422


def test_a_client_has_so_many_and_an_ended_one_makes_room(machine: Machine) -> None:
    made = [machine.client.post(URL, json={"address": ADDRESS}) for _ in range(11)]
    assert [answer.status_code for answer in made] == [201] * 10 + [409]
    first = made[0].json()["subscription_id"]
    assert machine.client.delete(f"{URL}/{first}").status_code == 204
    assert machine.client.delete(f"{URL}/{first}").status_code == 404
    assert machine.client.post(URL, json={"address": ADDRESS}).status_code == 201


def test_another_clients_subscription_is_as_one_that_does_not_exist(machine: Machine, world: World) -> None:
    own = machine.client.post(URL, json={"address": ADDRESS}).json()["subscription_id"]
    for system, stream in (("education", "pupils"), ("health", "infants")):
        other = Machine(world, system=system, stream=stream).signed_in()
        for known in (own, str(uuid4())):
            assert other.client.delete(f"{URL}/{known}").status_code == 404
            assert other.client.post(f"{URL}/{known}/secret").status_code == 404
        assert other.client.get(URL).json() == []
    assert len(machine.client.get(URL).json()) == 1


def test_people_subscribe_to_nothing(world: World) -> None:
    assert Program(world, "steward").client.post(URL, json={"address": ADDRESS}).status_code == 403
