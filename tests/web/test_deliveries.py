"""The stewards see which deliveries were given up, and of nobody what they told."""

from __future__ import annotations

import psycopg
from sqlalchemy import make_url

from tests.api.machines import Machine
from tests.web.browsing import person
from tests.web.world import World

DEAD = (
    "insert into delivery (subscription_id, position, system, state, attempts, due_at, last_status, last_fault,"
    " created_at) values (%s, 1, 'education', 'dead', 10, now(), 503, 'refused', now())"
)


def test_a_delivery_that_was_given_up_is_shown_to_the_steward(world: World) -> None:
    program = Machine(world).signed_in().client
    made = program.post("/v1/subscriptions", json={"address": "https://hooks.example.org/secret-path"}).json()
    address = make_url(world.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("set role child_registry_engine; set app.purpose = 'maintenance'")
        connection.execute(DEAD, [made["subscription_id"]])
    page = person(world, "steward", language="en").get("/sources")
    assert page.status_code == 200
    assert "Given up" in page.text
    assert "<code>refused</code>" in page.text
    assert "secret-path" not in page.text
    assert program.get("/v1/subscriptions").json()[0]["dead"] == 1
