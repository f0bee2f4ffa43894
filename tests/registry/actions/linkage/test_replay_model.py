"""A changed model is compared with what stands, identity by identity, and nothing is changed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import pytest

from matching.model_files import toml_of
from registry.actions.linkage.adopt_model import NotReplayed, read_model, understood
from registry.actions.linkage.replay_model import moved_most
from registry.jobs.linking import NoExtract, NoSuchRun, link_all
from registry.jobs.opening import Installation
from registry.jobs.replay import adopt, replay_all
from tests.people import PATIENTS, citizen, numbered, record, twin_record, twins
from tests.registry.actions.changed_models import Sheet, changed, replayed, say, three_records
from tests.registry.actions.installed import (
    STAFF,
    child_of,
    deliver,
    digest_of,
    leaves,
    pass_time,
    person_of,
    query,
    unguarded,
)

ONE, OTHER = (twin.personal_number for twin in twins())
SHIPPED = read_model("child_vn")
EVERYTHING = (
    *("match_result", "candidate", "link", "verdict", "pointer", "member", "person_lookup", "identifier_lookup"),
    *("match_run", "linkage_model"),
)


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here has records: one that is linked, one that waits, one that is nobody's."""
    return three_records(peopled)


def declared(installed: Installation) -> Installation:
    """Return the installation with the schools declared to hold one record per child."""
    settings = installed.settings.model_copy(update={"one_record_per_child": frozenset({"education"})})
    return replace(installed, settings=settings)


def test_the_model_that_decided_would_change_nothing(installed: Installation) -> None:
    link_all(installed)
    account, sheet = replayed(installed, SHIPPED)
    assert (account.compared, account.changed, account.passed_over) == (3, 0, 0)
    assert account.moves == {("link", "link"): 1, ("review", "review"): 1, ("none", "none"): 1}
    assert sheet.lines == []


def test_a_changed_model_has_a_line_for_each_identity_that_would_change_and_stores_nothing(
    installed: Installation,
) -> None:
    link_all(installed)
    before = digest_of(installed, EVERYTHING)
    account, sheet = replayed(installed, changed(link=0.9999999999, review=0.9))
    assert digest_of(installed, EVERYTHING) == before
    assert (account.compared, account.changed, account.citizens) == (3, 2, 0)
    line = sheet.of(child_of(installed, "A"))
    assert (line["system"], line["before"], line["after"]) == ("education", "link", "review")
    assert (line["citizen_changes"], line["field"]) == ("no", "")
    assert line["probability_before"] == line["probability_after"]
    assert sheet.of(child_of(installed, "B1"))["after"] == "none"
    assert account.moves["review", "none"] == 1


def test_the_field_whose_weight_moved_most_is_named(installed: Installation) -> None:
    link_all(installed)
    document = tomllib.loads(SHIPPED.text)
    document["model"]["version"] = "names weigh nothing"
    document["fields"]["given"]["plain_same"]["u"] = 1e6  # times the share of the name: no more than 1 in all
    document["decision"]["review"] = 0.9
    _, sheet = replayed(installed, understood(toml_of(document).encode()))
    assert sheet.of(child_of(installed, "B1"))["field"] == "given"


def test_a_line_bears_no_personal_value(installed: Installation) -> None:
    link_all(installed)
    _, sheet = replayed(installed, changed(link=0.9999999999, review=0.9))
    told = repr(sheet.lines)
    for value in ("Nguyễn", "Hoà", "Le Minh Anh", citizen().personal_number, ONE, "A'", "B1"):
        assert value not in told


def test_a_citizen_who_would_be_another_is_told(installed: Installation) -> None:
    deliver(installed, [twin_record("B2", "Lê Minh Anh", personal_number=ONE)])
    link_all(installed)
    child_id = child_of(installed, "B2")
    other = person_of(installed, OTHER)
    with unguarded(installed.url) as connection:
        connection.execute("update link set person_id = %s where child_id = %s", [other, child_id])
    account, sheet = replayed(installed, SHIPPED)
    assert account.citizens == account.changed == 1
    assert sheet.of(child_id)["citizen_changes"] == "yes"


def test_what_people_decided_binds_in_a_replay(installed: Installation) -> None:
    link_all(installed)
    child_id = child_of(installed, "B1")
    say(installed, child_id, ONE, "different")
    _, sheet = replayed(installed, changed(link=0.2, review=0.1))
    assert sheet.of(child_id)["after"] == "link"
    assert person_of(installed, ONE) not in links_ever(installed, child_id)
    say(installed, child_id, OTHER, "same")
    account, sheet = replayed(installed, changed(link=0.9999999999, review=0.9))
    assert child_id not in [line["child_id"] for line in sheet.lines]
    assert account.compared == 2


def links_ever(installed: Installation, child_id: UUID) -> list[UUID]:
    """Return to whom the engine has ever linked an identity."""
    return [row["person_id"] for row in query(installed, "select person_id from link where child_id = %s", child_id)]


def test_new_and_newer_records_are_left_to_the_next_run(installed: Installation) -> None:
    link_all(installed)
    pass_time(installed, hours=1)
    deliver(installed, numbered([record("A", day=5, address="Thôn Mới"), record("D")]))
    account, _ = replayed(installed, SHIPPED)
    assert (account.compared, account.passed_over) == (2, 2)


def test_a_replay_since_a_run_looks_at_what_came_since(installed: Installation) -> None:
    first = link_all(installed).run_id
    pass_time(installed, hours=1)
    deliver(installed, [record("D")])
    link_all(installed, changed_only=True)
    account, _ = replayed(installed, SHIPPED, since=first)
    assert account.compared == 1


def test_the_rule_of_one_record_per_child_holds_in_a_replay(installed: Installation) -> None:
    deliver(installed, [record("A2")])
    deliver(installed, [record("PAT01", form=PATIENTS), record("PAT02", form=PATIENTS)], form=PATIENTS)
    link_all(installed)
    account, sheet = replayed(declared(installed), SHIPPED)
    both = {child_of(installed, "A"), child_of(installed, "A2")}
    assert {line["child_id"] for line in sheet.lines} == both
    assert {(line["after"], line["field"]) for line in sheet.lines} == {("review", "one_record_per_child")}
    link_all(declared(installed))
    account, sheet = replayed(declared(installed), SHIPPED)
    assert (account.changed, sheet.lines) == (0, [])


def test_a_replay_of_some_counts_the_claims_of_the_others(installed: Installation) -> None:
    link_all(installed)
    pass_time(installed, hours=1)
    run_id = link_all(installed).run_id
    pass_time(installed, hours=1)
    deliver(installed, [record("A2")])
    link_all(installed, changed_only=True)
    _, sheet = replayed(declared(installed), SHIPPED, since=run_id)
    assert [line["child_id"] for line in sheet.lines] == [child_of(installed, "A2")]


def test_the_whole_replay_stands_in_the_log(installed: Installation) -> None:
    link_all(installed)
    replayed(installed, changed(link=0.9999999999, review=0.9))
    told = [dict(leaf.counts) for leaf in leaves(installed, "replay_model")]
    assert told == [{"compared": 3}, {"compared": 3, "changed": 2}]


def test_a_replay_that_was_broken_off_leaves_no_file_and_counts_for_nothing(installed: Installation) -> None:
    link_all(installed)
    sheet = Sheet()

    def broken(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay_all(installed, changed(), sheet=sheet, progress=broken)
    assert sheet.lines == []
    with pytest.raises(NotReplayed):
        adopt(installed, changed(), by=None)


@contextmanager
def _full() -> Iterator[Callable[[Iterable[Sequence[object]]], None]]:
    def write(lines: Iterable[Sequence[object]]) -> None:
        del lines

    yield write
    raise OSError(28, "No space left on device")


def test_a_replay_whose_file_could_not_be_kept_counts_for_nothing(installed: Installation) -> None:
    link_all(installed)
    with pytest.raises(OSError, match="No space"):
        replay_all(installed, changed(), sheet=_full)
    with pytest.raises(NotReplayed):
        adopt(installed, changed(), by=None)


def test_a_replay_without_an_extract_or_since_a_run_that_never_was_is_refused(
    bare: Installation, installed: Installation
) -> None:
    with pytest.raises(NoExtract):
        replayed(bare, SHIPPED)
    with pytest.raises(NoSuchRun):
        replayed(installed, SHIPPED, since=STAFF)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ({"given": 5.0, "birth": 3.0}, {"given": 5.0, "birth": 1.0}, "birth"),
        ({"given": 5.0}, {"birth": -6.0}, "birth"),
        ({"given": 5.0}, {"given": 5.0}, ""),
        ({}, {}, ""),
    ],
)
def test_the_field_that_moved_most(before: dict[str, float], after: dict[str, float], field: str) -> None:
    assert moved_most(before, after) == field
