"""Every sector connector of this package keeps the contract, as anybody's must: shown over HTTP where it is read so."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.conformance.choosing import checking_of
from connectors.conformance.clauses import Ending
from connectors.plugins import BUILT_IN_SECTORS
from tests.connectors.conformance.running import ROLL, run

pytestmark = pytest.mark.slow

# Not every source can show these.
BESIDE = {"count", "push", "receipt", "reread", "repeats", "start-over", "missing-field"}
FIXED = {"oneroster_csv": {"unknown-field"}}  # its columns are the same for all rows


@pytest.mark.parametrize("name", sorted(BUILT_IN_SECTORS))
def test_a_connector_breaks_no_clause(name: str) -> None:
    connector = BUILT_IN_SECTORS[name]
    verdicts = list(checking_of(sector=f"{connector.__module__}:{connector.__name__}").verdicts())
    assert {verdict.clause: verdict.said for verdict in verdicts if verdict.ending is Ending.BROKEN} == {}
    assert {verdict.clause for verdict in verdicts if verdict.ending is Ending.NOT_SHOWN} <= BESIDE | FIXED.get(
        name, set()
    )


def test_it_is_split_over_processes_like_any_other_tests(tmp_path: Path) -> None:
    words = ("-q", "-p", "xdist", "-n", "2", "--connector", f"{ROLL}:RollByNumber", "-k", "api or resume or pages")
    told = run(tmp_path, *words)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "3 held, 0 broken, 0 not shown" in told.stdout
