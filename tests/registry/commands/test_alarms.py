"""Decoys and alarms at the command line."""

from __future__ import annotations

from tests.registry.commands.command_line import Home
from tests.registry.commands.conftest import RealHome
from tests.registry.store.servers import connect


def test_decoys_are_planted_once_and_counted_without_being_named(home: Home) -> None:
    first = home.answer("decoys", "plant")
    assert first["planted"] > 0
    assert home.answer("decoys", "plant") == {"planted": 0}
    (day,) = home.answer("decoys", "list")["planted"]
    assert day["number"] == first["planted"]
    assert set(day) == {"day", "number"}
    said = home.run("decoys", "list")
    assert (said.code, said.err) == (0, "")


def test_after_decoys_the_linkage_counts_what_it_counted_before(home: Home) -> None:
    before = home.answer("match")["standing"]
    home.answer("decoys", "plant", "--per-commune", "2")
    assert home.answer("match")["standing"] == before


def test_a_commune_that_is_none_is_refused(home: Home) -> None:
    refusal = home.run("decoys", "plant", "--commune", "99999").refusal()
    assert "commune" in refusal
    assert "99999" not in refusal


def test_alarms_are_listed_and_acknowledged(home: Home) -> None:
    assert home.answer("alarms", "--as", "auditor") == {"alarms": []}
    raise_one(home)
    (alarm,) = home.answer("alarms", "--as", "auditor")["alarms"]
    assert (alarm["kind"], alarm["place"]) == ("keys_do_not_fit", "identity_wrap.key")
    assert home.run("alarms", "--as", "worker").code == 1
    assert home.run("alarms", "--as", "administrator", "--acknowledge", alarm["alarm_id"]).code == 1
    assert home.answer("alarms", "--as", "auditor", "--acknowledge", alarm["alarm_id"]) == {"alarms": []}
    (seen,) = home.answer("alarms", "--as", "auditor", "--all")["alarms"]
    assert seen["acknowledged_at"] is not None
    said = home.run("alarms", "--as", "auditor", "--all")
    assert "keys_do_not_fit" in said.out


def raise_one(home: Home) -> None:
    """Raise an alarm, as any of the program's roles can."""
    with connect(home.database_url or "") as connection:
        connection.execute(
            "set role child_registry_engine; set app.purpose = 'maintenance';"
            " select raise_alarm(gen_random_uuid(), 'keys_do_not_fit', now(), null, null, null, 'identity_wrap.key')"
        )


def test_on_a_real_database_decoys_are_an_auditors(real: RealHome) -> None:
    assert "SignInNeeded" in real.home.run("decoys", "plant").refusal()
    assert "Refused" in real.home.run("decoys", "plant", "--login", "steward", password=real.password).refusal()
    assert "Refused" in real.home.run("alarms", "--login", "steward", password=real.password).refusal()
