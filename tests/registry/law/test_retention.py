"""Retention: what was kept long enough goes, and a hold, an open case or an open request keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from registry.actions.keys.erase import erase_child
from registry.actions.law import legal_holds
from registry.actions.law.legal_holds import Held, HoldView
from registry.actions.law.retention import RuleAccount
from registry.jobs.duties import run_retention
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import NotFound, ReasonNeeded, RegistryError
from registry.model.law import Kept
from registry.protect.keys.erasure_ledger import LEDGER_FILE
from tests.people import CASES, PATIENTS, broken, case, record
from tests.registry.actions.installed import (
    child_of,
    count,
    deliver,
    leaves,
    outcomes,
    pass_time,
    query,
    somebody,
    unguarded,
)
from tests.registry.law.family import auditor
from tests.registry.law.test_subject_requests import ask, close

CLOSED: Mapping[str, Any] = {"details": {"form": "06", "status": "closed"}}


def run(installed: Installation, *, dry_run: bool = False) -> dict[Kept, RuleAccount]:
    """Run the schedule."""
    return {account.name: account for account in run_retention(installed, dry_run=dry_run)}


def grown_up(installed: Installation) -> UUID:
    """Return the girl of 2014 in 2033, when all of her has been kept long enough."""
    pass_time(installed, days=365.25 * 7)
    return child_of(installed, "A")


def close_the_case(installed: Installation) -> None:
    """Let the source close the girl's case."""
    deliver(installed, [case(day=30, case_facts=CLOSED)], form=CASES)


def erased(installed: Installation) -> int:
    """Return the number of erased identities."""
    return int(query(installed, "select count(*) as n from child where erased_at is not null")[0]["n"])


def place(installed: Installation, held: UUID, *, of_case: bool = False, sentence: str = "Toà án yêu cầu giữ.") -> UUID:
    """Place a hold as the auditor."""
    with installed.store.begin(auditor(installed)) as transaction:
        return legal_holds.place_hold(transaction, installed.vault, held, of_case=of_case, sentence=sentence)


def lift(installed: Installation, hold: UUID) -> None:
    """Lift a hold as the auditor."""
    with installed.store.begin(auditor(installed)) as transaction:
        legal_holds.lift_hold(transaction, installed.vault, hold, sentence="Vụ án đã kết thúc.")


def holds(installed: Installation) -> list[HoldView]:
    """Return all holds."""
    with installed.store.begin(auditor(installed)) as transaction:
        return legal_holds.list_holds(transaction, installed.vault)


def test_nobody_goes_before_the_time(installed: Installation) -> None:
    close_the_case(installed)
    assert {account.due for account in run(installed).values()} == {0}
    assert erased(installed) == 0


def test_a_child_goes_with_all_records_when_the_time_is_over(installed: Installation) -> None:
    close_the_case(installed)
    pass_time(installed, days=365.25 * 6.5)  # of May 2033: the year of her sixteenth birthday and two more are over
    counted = run(installed, dry_run=True)[Kept.AGE_OUT]
    assert (counted.due, counted.gone, erased(installed)) == (1, 0, 0)
    done = run(installed)[Kept.AGE_OUT]
    assert (done.due, done.gone, erased(installed)) == (1, 1, 3)
    assert count(installed, "child_key") == 0
    assert (installed.settings.keys / LEDGER_FILE).exists()
    assert run(installed)[Kept.AGE_OUT].due == 0, "a second run finds nothing"


def test_an_open_case_keeps_her(installed: Installation) -> None:
    grown_up(installed)
    assert run(installed, dry_run=True)[Kept.AGE_OUT].blocked == {"open_case": 1}
    assert run(installed)[Kept.AGE_OUT].blocked == {"open_case": 1}
    assert erased(installed) == 0


def test_an_open_request_of_the_family_keeps_her_until_it_is_closed(installed: Installation) -> None:
    close_the_case(installed)
    grown_up(installed)
    request_id = ask(installed)
    assert run(installed, dry_run=True)[Kept.AGE_OUT].blocked == {"open_request": 1}
    assert run(installed)[Kept.AGE_OUT].blocked == {"open_request": 1}
    close(installed, request_id)
    assert run(installed)[Kept.AGE_OUT].gone == 1


@pytest.mark.parametrize("what", ["a record of hers", "her case"])
def test_a_legal_hold_keeps_her_until_it_is_lifted(installed: Installation, what: str) -> None:
    close_the_case(installed)
    grown_up(installed)
    held = child_of(installed, "H1", form=PATIENTS) if what == "a record of hers" else _case_id(installed)
    hold = place(installed, held, of_case=what == "her case")
    assert run(installed, dry_run=True)[Kept.AGE_OUT].blocked == {"hold": 1}
    assert run(installed)[Kept.AGE_OUT].blocked == {"hold": 1}
    assert erased(installed) == 0
    lift(installed, hold)
    assert run(installed)[Kept.AGE_OUT].gone == 1


def _case_id(installed: Installation) -> UUID:
    return UUID(str(query(installed, "select case_id from protection_case")[0]["case_id"]))


def test_a_hold_stops_the_custodian_too(installed: Installation) -> None:
    child = child_of(installed, "A")
    place(installed, child)
    access = replace(installed.engine(Purpose.MAINTENANCE), reason="Gia đình yêu cầu.")
    with pytest.raises(Held), installed.store.begin(access) as transaction:
        erase_child(transaction, installed.vault, child, ledger=installed.ledger)
    assert erased(installed) == 0
    assert not (installed.settings.keys / LEDGER_FILE).exists()


def test_a_closed_case_goes_alone_and_does_not_come_back(installed: Installation) -> None:
    deliver(installed, [record("YOUNG", birth_date="2026-01-05", personal_number=None)])
    deliver(
        installed,
        [case("OLD", birth_date="2026-01-05", personal_number=None, day=1, case_facts=CLOSED)],
        form=CASES,
    )
    with unguarded(installed.url) as connection:
        connection.execute("update source_record set version_at = '2016-05-01' where system = 'protection'")
    counted = run(installed, dry_run=True)[Kept.CLOSED_CASE]
    assert (counted.due, counted.gone) == (1, 0), "the girl's own case is old too, and open"
    assert run(installed)[Kept.CLOSED_CASE].gone == 1
    assert erased(installed) == 1
    again = deliver(
        installed, [case("OLD", birth_date="2026-01-05", personal_number=None, day=2, case_facts=CLOSED)], form=CASES
    )
    assert outcomes(installed, again) != ["accepted"]


def test_rows_that_could_not_be_read_go_and_alarms_forget_whom_they_name(installed: Installation) -> None:
    deliver(installed, [broken()])
    with unguarded(installed.url) as connection:
        connection.execute(
            "insert into alarm (alarm_id, kind, raised_at, login, child_pseudonym, acknowledged_at)"
            " values (gen_random_uuid(), 'decoy_opened', now(), 'hoa.tran', '\\x01', '2026-11-01')"
        )
    pass_time(installed, days=200)
    assert run(installed)[Kept.QUARANTINE].gone == 1
    assert count(installed, "quarantine") == 0
    pass_time(installed, days=600)
    assert run(installed, dry_run=True)[Kept.ALARM].due == 1
    assert run(installed)[Kept.ALARM].gone == 1
    (alarm,) = query(installed, "select kind, login, child_pseudonym from alarm where kind = 'decoy_opened'")
    assert (alarm["kind"], alarm["login"], alarm["child_pseudonym"]) == ("decoy_opened", None, None)


def test_every_erasure_of_the_schedule_is_in_the_log(installed: Installation) -> None:
    close_the_case(installed)
    grown_up(installed)
    run(installed)
    (leaf,) = [one for one in leaves(installed, "retention") if "erased" in one.counts]
    assert leaf.groups == ("age_out",)
    assert leaf.sealed_reason is not None
    assert len(leaves(installed, "erase")[-1].children) == 3


def test_a_hold_tells_its_sentence_to_the_auditor_alone(installed: Installation) -> None:
    hold = place(installed, uuid4(), sentence="Toà án  yêu cầu giữ.")
    (view,) = holds(installed)
    assert (view.hold_id, view.sentence, view.lifted_at) == (hold, "Toà án yêu cầu giữ.", None)
    lift(installed, hold)
    assert holds(installed)[0].lifting == "Vụ án đã kết thúc."
    with pytest.raises(NotFound):
        lift(installed, hold)
    assert "Toà" not in str(query(installed, "select h::text from legal_hold h"))
    for role in (Role.COMMUNE_WORKER, Role.CUSTODIAN, Role.ADMINISTRATOR):
        access = somebody(installed, role, Purpose.ADMINISTRATION)
        with pytest.raises(RegistryError), installed.store.begin(access) as transaction:
            legal_holds.list_holds(transaction, installed.vault)


@pytest.mark.parametrize("sentence", ["", "   ", "a" * 1001])
def test_a_hold_needs_a_sentence(installed: Installation, sentence: str) -> None:
    with pytest.raises(ReasonNeeded):
        place(installed, uuid4(), sentence=sentence)


def test_the_clock_of_a_span_is_the_days(installed: Installation) -> None:
    deliver(installed, [broken()])
    pass_time(installed, days=180)
    assert run(installed)[Kept.QUARANTINE].due == 0
    pass_time(installed, days=timedelta(days=3).days)
    assert run(installed)[Kept.QUARANTINE].gone == 1
