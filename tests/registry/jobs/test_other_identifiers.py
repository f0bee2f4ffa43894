"""A record is found by the other identifiers that its source gave, whichever key they stand under."""

from __future__ import annotations

from dataclasses import replace

from registry.actions.intake.record_rows import other_identifier
from registry.actions.keys.prove import prove
from registry.jobs import rotating
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.protect.keys.keyring_file import Domain
from tests.people import record
from tests.registry.actions.installed import deliver, query

CARD = "urn:vn:bhyt:card"


def found(installed: Installation, value: str) -> int:
    """Return to how many records an identifier leads today."""
    hashed = other_identifier(installed.vault.index, CARD, value)
    return len(query(installed, "select leads_to from identifier_lookup where number_index = %s", hashed))


def test_a_new_version_brings_its_own_identifiers_and_drops_the_older_ones(installed: Installation) -> None:
    first = replace(record("EDU0001"), identifiers=((CARD, "A1"), (CARD, "A2")))
    deliver(installed, [first])
    assert (found(installed, "A1"), found(installed, "A2")) == (1, 1)
    later = replace(record("EDU0001", day=2, address="Thôn Khác"), identifiers=((CARD, "A2"),))
    deliver(installed, [later])
    assert (found(installed, "A1"), found(installed, "A2")) == (0, 1)


def test_identifiers_are_found_under_a_new_key(installed: Installation) -> None:
    deliver(installed, [replace(record("EDU0001"), identifiers=((CARD, "A1"),))])
    before = query(installed, "select count(*) as rows from identifier_lookup")
    assert rotating.rotate(installed, Domain.INDEX).finished
    assert found(installed, "A1") == 1
    assert query(installed, "select count(*) as rows from identifier_lookup") == before
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        assert prove(transaction, installed.vault).sound
