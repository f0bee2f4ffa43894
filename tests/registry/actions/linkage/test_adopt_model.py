"""A model decides once it was replayed and adopted; what it is read from is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.actions.linkage.adopt_model import NotReplayed, VersionTaken, read_model, understood
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.jobs.replay import adopt
from registry.model.errors import BadQuery
from tests.people import record
from tests.registry.actions.changed_models import adopted, changed, replayed, three_records
from tests.registry.actions.installed import STAFF, child_of, decisions, deliver, leaves, pass_time, query

SHIPPED = read_model("child_vn")


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """Every test here has records: one that is linked, one that waits, one that is nobody's."""
    return three_records(peopled)


def test_a_model_decides_once_it_is_adopted(installed: Installation) -> None:
    link_all(installed)
    model = changed(link=0.9999999999, review=0.9)
    _, sheet = replayed(installed, model)
    adopt(installed, model, by=STAFF)
    (row,) = query(installed, "select name, version, adopted_by, document from linkage_model")
    assert row == {"name": "child_vn", "version": "changed", "adopted_by": STAFF, "document": model.text}
    assert link_all(installed).matched == {"link": 0, "review": 1, "none": 2}
    now = decisions(installed)
    assert {line["child_id"]: line["after"] for line in sheet.lines}.items() <= now.items()
    assert {row["model_version"] for row in query(installed, "select model_version from match_result")} == {"changed"}
    assert len(leaves(installed, "adopt_model")) == 1


def test_a_model_that_was_not_replayed_is_not_adopted_and_the_refusal_says_what_to_do(installed: Installation) -> None:
    link_all(installed)
    with pytest.raises(NotReplayed, match="--replay"):
        adopt(installed, changed(), by=None)
    replayed(installed, changed(link=0.98))
    with pytest.raises(NotReplayed):
        adopt(installed, changed(), by=None)
    assert query(installed, "select 1 from linkage_model") == []


def test_a_replay_is_out_of_date_once_the_linkage_has_changed_anything(installed: Installation) -> None:
    link_all(installed)
    replayed(installed, changed())
    link_all(installed)  # it changes nothing
    adopt(installed, changed(), by=None)
    deliver(installed, [record("D")])
    link_all(installed, changed_only=True)
    with pytest.raises(NotReplayed):
        adopt(installed, changed(), by=None)


def test_a_replay_of_some_identities_does_not_do(installed: Installation) -> None:
    first = link_all(installed).run_id
    replayed(installed, changed(), since=first)
    with pytest.raises(NotReplayed):
        adopt(installed, changed(), by=None)


def test_layout_and_comments_make_no_other_model(installed: Installation) -> None:
    link_all(installed)
    replayed(installed, changed())
    adopt(installed, understood(b"# looked at\n" + changed().text.encode()), by=None)
    assert len(query(installed, "select 1 from linkage_model")) == 1


def test_a_version_belongs_to_one_content(installed: Installation) -> None:
    link_all(installed)
    adopted(installed, changed())
    for other in (changed(link=0.98), changed(version=SHIPPED.model.version, link=0.98)):
        replayed(installed, other)
        with pytest.raises(VersionTaken):
            adopt(installed, other, by=None)


def test_the_shipped_model_can_be_taken_back(installed: Installation) -> None:
    link_all(installed)
    before = decisions(installed)
    adopted(installed, changed(link=0.9999999999))
    link_all(installed)
    assert decisions(installed) != before
    adopted(installed, SHIPPED)
    link_all(installed)
    assert decisions(installed) == before


def test_after_an_adoption_new_records_are_matched_without_redoing_the_old(installed: Installation) -> None:
    link_all(installed)
    adopted(installed, changed(link=0.9999999999))
    pass_time(installed, hours=1)
    run_id = link_all(installed, changed_only=True).run_id
    pass_time(installed, hours=1)
    deliver(installed, [record("D")])
    old = "select md5(string_agg(m::text, '' order by child_id)) as told from match_result m where child_id <> %s"
    new = child_of(installed, "D")
    before = query(installed, old, new)
    assert sum(link_all(installed, since=run_id).matched.values()) == 1
    assert query(installed, old, new) == before
    assert sum(link_all(installed).matched.values()) == 4, "a plain run decides anew what another model decided"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\xff", "UTF-8"),
        (b"= 1", "TOML"),
        (b"[model]\nname = 'x'", "missing"),
        (SHIPPED.text.replace("link = 0.99", "link = 1.5").encode(), "between 0 and 1"),
        (SHIPPED.text.replace("swapped =", "turned =", 1).encode(), "level swapped is missing"),
    ],
)
def test_a_file_that_is_no_model_is_refused_by_its_rule(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(content)
    with pytest.raises(BadQuery, match=rule):
        read_model(str(path))


@pytest.mark.parametrize("source", ["nobody", "../models/child_vn", ""])
def test_a_name_that_no_shipped_model_bears_is_refused(source: str) -> None:
    with pytest.raises(BadQuery):
        read_model(source)


def test_a_file_far_longer_than_a_model_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(BadQuery, match="longer"):
        read_model(str(path))


def test_a_model_of_other_columns_is_not_the_registrys() -> None:
    with pytest.raises(BadQuery, match="child_vn"):
        read_model("person")
