"""Our own connectors keep the contract; all clauses of what is read over HTTP are tried with the slow tests."""

from __future__ import annotations

import pytest

from connectors.conformance.checking import check_sector
from connectors.conformance.choosing import checking_of
from connectors.conformance.clauses import Ending
from connectors.conformance.scenarios.dropped import DropScenario
from connectors.plugins import BUILT_IN_SECTORS
from connectors.sectors.file_drop import FileDrop
from tests.connectors.conformance.older_files import OLDER_FILES

pytestmark = pytest.mark.slow

BESIDE = {"count", "push", "reread", "start-over", "missing-field"}  # not every source can show these
FIXED = {"repeats", "unknown-field"}  # a file has each row once, in columns that are fixed


@pytest.mark.parametrize("scenario", [DropScenario, *OLDER_FILES])
def test_a_drop_folder_breaks_no_clause(scenario: type[DropScenario]) -> None:
    verdicts = check_sector(FileDrop, scenario)
    assert {verdict.clause: verdict.said for verdict in verdicts if verdict.ending is Ending.BROKEN} == {}
    not_shown = {verdict.clause for verdict in verdicts if verdict.ending is Ending.NOT_SHOWN}
    assert not_shown <= (BESIDE if scenario is DropScenario else BESIDE | FIXED)


@pytest.mark.parametrize("name", sorted(BUILT_IN_SECTORS))
def test_a_built_in_connector_reads_its_source_whole_and_sees_what_changes_goes_and_breaks(name: str) -> None:
    connector = BUILT_IN_SECTORS[name]
    checking = checking_of(sector=f"{connector.__module__}:{connector.__name__}")
    found = {clause: checking.verdict(clause) for clause in ("deletes", "failures", "missing-field")}
    assert {clause: one.said for clause, one in found.items() if one.ending is Ending.BROKEN} == {}
    assert (found["deletes"].ending, found["failures"].ending) == (Ending.HELD, Ending.HELD)
