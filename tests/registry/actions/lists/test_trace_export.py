"""From which list a file was taken, or a part of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.formats.workbooks import texts_of
from registry.actions.lists.exports import State
from registry.actions.lists.fetch_export import Form
from registry.actions.lists.trace_export import trace_export
from registry.jobs.opening import Installation
from registry.model.errors import Refused
from tests.registry.actions.listing import (
    EVERYBODY,
    ask,
    asker,
    children_in,
    decide,
    fetch,
    large,
    trace,
    village,
)


@pytest.fixture
def installed(own: Installation) -> Installation:
    """A database of the test's own, with three children here and one next door."""
    village(own)
    return own


def test_a_part_of_a_file_is_traced_by_the_codes_of_its_rows(installed: Installation, tmp_path: Path) -> None:
    asked, other = ask(installed), ask(installed)
    file = fetch(installed, asked.export_id, form=Form.XLSX)
    fetch(installed, other.export_id)
    path = tmp_path / "found.xlsx"
    path.write_bytes(file.content)
    part = [["", row[6]] for row in texts_of(path)[4:5]]
    traced = trace(installed, part)
    assert [(one.export_id, one.codes, one.verdict) for one in traced.origins] == [(asked.export_id, 1, "certain")]
    assert traced.origins[0].login == "hoa.tran"


def test_a_part_without_codes_is_traced_by_how_it_is_written(installed: Installation) -> None:
    large(installed, 80)
    lists = [ask(installed, replace(EVERYBODY, first_year=2010 + number)) for number in range(2)]
    lists += [ask(installed, replace(EVERYBODY, last_year=2025 - number)) for number in range(2)]
    for waits in lists:
        if waits.state is State.WAITING:
            decide(installed, waits)
    files = [fetch(installed, one.export_id) for one in lists]
    part = [row[:3] for row in children_in(files[2])[10:35]]
    traced = trace(installed, part)
    assert (traced.origins[0].export_id, traced.origins[0].verdict) == (lists[2].export_id, "certain")
    assert [one.verdict for one in traced.origins[1:]] == []
    mixed = sorted(part)  # in another order, and as another program writes it
    traced = trace(installed, mixed)
    assert (traced.origins[0].export_id, traced.origins[0].likeness.in_order) == (lists[2].export_id, False)
    assert traced.origins[0].verdict in ("certain", "likely")


def test_what_comes_from_no_list_is_told_so(installed: Installation) -> None:
    asked = ask(installed)
    fetch(installed, asked.export_id)
    table = [["Phạm Văn Người", "01/02/2013", "Nam"], ["ABCD-EFGH-IJKL-MNOP"], [], ["", "x" * 5000]]
    traced = trace(installed, table)
    assert (traced.rows, traced.forged) == (1, 1)
    assert [one.verdict for one in traced.origins] == ["no"]


def test_only_an_auditor_traces(installed: Installation) -> None:
    with pytest.raises(Refused), installed.store.begin(asker(installed)) as transaction:
        trace_export(transaction, installed.vault, [])
