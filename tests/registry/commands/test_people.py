"""Finding a child, printing a table and keeping accounts at the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.registry.commands.command_line import Home, lines_of
from tests.registry.commands.conftest import Demo, RealHome

TABLE = "children-by-province-age-sex"
SEARCH = ("--as", "worker", "--reason", "case_work")


@pytest.fixture(scope="module")
def pupil(demo: Demo, drop: Path) -> dict[str, str]:
    """A pupil of the worker's commune with a plain name."""
    for row in lines_of(drop / "education.csv"):
        said = demo.home.run("find", row["Mã học sinh"], *SEARCH, "--json")
        if said.code == 0 and said.document["total"] == 1 and len(row["Họ và tên"].split()) > 2:
            return row
    raise AssertionError("the worker's commune has pupils")


def test_a_child_is_found_by_the_key_of_a_record_and_by_name(demo: Demo, pupil: dict[str, str]) -> None:
    by_key = demo.home.answer("find", pupil["Mã học sinh"], *SEARCH)
    by_name = demo.home.answer("find", pupil["Họ và tên"].lower(), *SEARCH)
    wanted = by_key["found"][0]["child_id"]
    assert wanted in {one["child_id"] for one in by_name["found"]}


def test_a_search_is_printed_for_people_too(demo: Demo, pupil: dict[str, str]) -> None:
    said = demo.home.run("find", pupil["Họ và tên"], *SEARCH)
    assert said.code == 0
    assert "found, best first" in said.out


def test_every_search_leaves_a_leaf_and_the_log_still_holds(home: Home, pupil: dict[str, str]) -> None:
    before = home.answer("check")["log"]["detail"]
    home.answer("find", pupil["Họ và tên"], *SEARCH)
    after = home.answer("check")["log"]["detail"]
    assert int(after.split()[0]) > int(before.split()[0])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--reason", "case_work"), "--login ACCOUNT, or --as ACCOUNT"),
        (("--as", "worker", "--reason", "curiosity"), "case_work"),
        (("--as", "worker", "--reason", "statistics"), "case_work"),
        (("--as", "nobody", "--reason", "case_work"), "no such account"),
        (("--as", "statistician", "--reason", "case_work"), "Refused"),
        (("--as", "auditor", "--reason", "case_work"), "Refused"),
        (("--as", "worker", "--reason", "case_work", "--born", "31/02/2015"), "born"),
    ],
)
def test_a_search_that_may_not_be_made_is_refused_without_its_words(
    demo: Demo, options: tuple[str, ...], says: str
) -> None:
    refusal = demo.home.run("find", "Trần Thị Bịa Đặt", *options).refusal()
    assert says in refusal
    assert "Bịa" not in refusal


def test_as_works_on_a_demo_only(real: RealHome) -> None:
    for command in (("find", "x", *SEARCH), ("staff", "list", "--as", "chief"), ("table", TABLE, "--as", "chief")):
        assert "demo" in real.home.run(*command).refusal()


# -- tables --------------------------------------------------------------------------------------------------------


def test_a_table_is_printed_with_its_note(demo: Demo) -> None:
    said = demo.home.run("table", TABLE, "--format", "csv")
    assert said.code == 0
    lines = said.out.lstrip("\ufeff").splitlines()
    assert any(line.startswith("# method: ") for line in lines)
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not {"1", "2"} & {row[-1] for row in rows[1:]}


def test_a_table_says_the_same_each_time_and_in_both_languages(demo: Demo) -> None:
    first, second = (demo.home.run("table", TABLE).out for _ in range(2))
    assert first == second
    vietnamese = demo.home.run("table", TABLE, "--language", "vi").out
    assert vietnamese != first
    assert "Tỉnh" in vietnamese


def test_an_unknown_table_is_refused_with_the_known_ones_named(demo: Demo) -> None:
    assert TABLE in demo.home.run("table", "children").refusal()


def test_a_table_before_anything_was_counted_is_refused(new_home: Home, drop: Path) -> None:
    new_home.answer("ingest", "education", drop / "education.csv")
    assert "NoFrame" in new_home.run("table", TABLE).refusal()


# -- accounts ------------------------------------------------------------------------------------------------------


def test_accounts_are_listed_added_and_disabled(home: Home) -> None:
    us = ("--as", "administrator")
    before = home.answer("staff", "list", *us)["accounts"]
    added = home.answer(
        "staff", "add", "hoa", "--role", "commune_worker", "--office", "Xã A", "--commune", "24133", *us
    )
    assert added["login"] == "hoa"
    assert len(added["one_time_password"]) > 12
    after = {one["login"]: one["state"] for one in home.answer("staff", "list", *us)["accounts"]}
    assert after == {**{one["login"]: one["state"] for one in before}, "hoa": "active"}
    assert home.run("staff", "disable", "hoa", *us).code == 0
    assert {one["login"]: one["state"] for one in home.answer("staff", "list", *us)["accounts"]}["hoa"] == "disabled"
    assert "no such account" in home.run("find", "x", "--as", "hoa", "--reason", "case_work").refusal()


@pytest.mark.parametrize(
    "arguments",
    [
        ("staff", "add", "worker", "--role", "steward", "--office", "A"),
        ("staff", "add", "hoa", "--role", "commune_worker", "--office", "A"),
        ("staff", "add", "hoa", "--role", "commune_worker", "--office", "A", "--commune", "024133"),
        ("staff", "add", "hoa", "--role", "province_worker", "--office", "A", "--province", "77777"),
        ("staff", "disable", "hoa"),
    ],
)
def test_an_account_that_breaks_a_rule_is_refused(demo: Demo, arguments: tuple[str, ...]) -> None:
    before = demo.home.answer("staff", "list", "--as", "administrator")
    demo.home.run(*arguments, "--as", "administrator").refusal()
    assert demo.home.answer("staff", "list", "--as", "administrator") == before


def test_only_an_administrator_keeps_accounts(demo: Demo) -> None:
    for login in ("worker", "steward", "auditor", "custodian"):
        assert "Refused" in demo.home.run("staff", "list", "--as", login).refusal()
        assert "Refused" in demo.home.run("staff", "disable", "worker", "--as", login).refusal()


def test_the_first_account_of_all_is_an_administrators(new_home: Home, drop: Path) -> None:
    home = new_home.with_settings(CHILD_REGISTRY_MARK="real")
    for command in (("check",), ("ingest", "education", drop / "education.csv"), ("staff", "list")):
        assert "keys" in home.run(*command).refusal(), "nobody has made them yet"
    assert not home.data.exists()
    assert "administrator" in home.run("staff", "add", "lan", "--role", "steward", "--office", "Sở").refusal()
    home.answer("staff", "add", "chief", "--role", "administrator", "--office", "Sở")
    assert "--login" in home.run("ingest", "education", drop / "education.csv").refusal()
    assert "--login" in home.run("staff", "add", "two", "--role", "administrator", "--office", "Sở").refusal()


def test_a_one_time_password_must_be_replaced_before_it_is_good_at_the_command_line(real: RealHome) -> None:
    add = ("staff", "add", "lan", "--role", "steward", "--office", "Sở", "--login", "chief")
    first = real.home.answer(*add, password=real.password)["one_time_password"]
    said = real.home.run("match", "--login", "lan", password=first).refusal()
    assert "PasswordMustBeChosen" in said
    assert first not in said


def test_at_the_command_line_a_code_is_asked_for_and_taken_once(real: RealHome) -> None:
    once = real.password
    assert real.home.answer("staff", "list", "--login", "chief", password=once)["accounts"]
    assert "SignInRefused" in real.home.run("staff", "list", "--login", "chief", password=once).refusal()
    assert "SignInRefused" in real.home.run("staff", "list", "--login", "chief", password=real.words).refusal()


def test_an_administrator_signs_somebody_out_everywhere(real: RealHome) -> None:
    said = real.home.run("staff", "end-sessions", "steward", "--login", "chief", password=real.password)
    assert said.code == 0, said
    refused = real.home.run("staff", "end-sessions", "nobody", "--login", "chief", password=real.password)
    assert "no account of this login" in refused.refusal()


def test_an_account_is_invited_for_the_identity_provider(real: RealHome) -> None:
    add = ("staff", "add", "lan", "--role", "steward", "--office", "Sở", "--oidc-subject", "subject-of-lan")
    assert "OIDC_ISSUER" in real.home.run(*add, "--login", "chief", password=real.password).refusal()
    beside = real.home.with_settings(
        CHILD_REGISTRY_OIDC_ISSUER="https://provider.example",
        CHILD_REGISTRY_OIDC_CLIENT_ID="child-registry",
        CHILD_REGISTRY_LOCAL_PASSWORDS="command_line",
    )
    assert beside.answer(*add, "--login", "chief", password=real.password)["one_time_password"] is None
    invite = ("staff", "invite", "steward", "--login", "chief")
    taken = beside.run(*invite, "--oidc-subject", "subject-of-lan", password=real.password)
    assert "Conflict" in taken.refusal()
    assert "either a subject or a name" in beside.run(*invite, password=real.password).refusal()
    assert beside.run(*invite, "--oidc-name", "steward.a", password=real.password).code == 0


def test_beside_an_identity_provider_no_password_is_taken_at_the_command_line_unless_said(real: RealHome) -> None:
    beside = real.home.with_settings(
        CHILD_REGISTRY_OIDC_ISSUER="https://provider.example", CHILD_REGISTRY_OIDC_CLIENT_ID="child-registry"
    )
    said = beside.run("staff", "list", "--login", "chief", password=real.password)
    assert "PasswordsRefused" in said.refusal()
