"""Training: m and u follow the damage in the records, without labels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from matching.__main__ import app
from matching.child_columns import COLUMNS
from matching.child_workspace import ChildWorkspace
from matching.levels import Field, code_of
from matching.training import CONVERGED, Pairs, Patterns, Round, estimate, estimate_u, random_pairs
from matching.weights import Model
from matching.workspace import Side
from tests.matching.people import MODEL

PEOPLE = 150
WRONG_SEX = code_of(Field.SEX, "different")
Row = dict[str, str]


def village() -> list[Row]:
    """Return the rows of children who live in two communes; the same at each call."""
    chance = np.random.default_rng(7)
    surnames, givens = (
        ("Nguyễn", "Trần", "Lê", "Phạm", "Vũ"),
        ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Khoa", "Lan"),
    )

    def one_of(words: Sequence[str]) -> str:
        return words[int(chance.integers(len(words)))]

    rows = []
    for place in range(PEOPLE):
        month, day = chance.integers(1, 13), chance.integers(2, 29)
        rows.append(
            {
                "record_id": f"p{place}",
                "full_name": f"{one_of(surnames)} {one_of(('Văn', 'Thị', 'Minh', 'Ngọc'))} {one_of(givens)}",
                "sex": one_of("12"),
                "birth_date": f"{chance.integers(2011, 2026)}-{month:02d}-{day:02d}",
                "commune_code": one_of(("00004", "00008")),
                "commune_scheme": "2025",
                "mother_name": f"{one_of(surnames)} Thị {one_of(givens)}",
            }
        )
    return rows


def workspace_of(records: list[Row], population: list[Row]) -> ChildWorkspace:
    space = ChildWorkspace(MODEL, year=2026)
    for side, rows in ((Side.LEFT, records), (Side.RIGHT, population)):
        space.add(side, pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS}))
    space.finish()
    return space


def neighbours(records: int) -> Pairs:
    """Return for each record its own person and two others."""
    person = np.array([[place, (place + 1) % PEOPLE, (place + 7) % PEOPLE] for place in range(records)], dtype=np.int32)
    starts = np.arange(records + 1, dtype=np.int64) * 3
    return Pairs(starts, np.repeat(np.arange(records, dtype=np.int32), 3), np.sort(person, axis=1).ravel())


def learnt(records: list[Row], **options: float) -> list[Round]:
    return list(estimate(workspace_of(records, village()), neighbours(len(records)), **options))  # type: ignore[arg-type]


def with_wrong_sex(rows: list[Row]) -> list[Row]:
    other: Mapping[str, str] = {"1": "2", "2": "1"}
    return [row | {"sex": other[row["sex"]]} if place % 5 == 0 else row for place, row in enumerate(rows)]


def test_a_source_that_often_gets_the_sex_wrong_is_found_out() -> None:
    last = learnt(with_wrong_sex(village()), prior_pairs=10)[-1]
    assert last.change < CONVERGED
    assert last.matches == pytest.approx(PEOPLE, rel=0.02)
    assert last.model.m[Field.SEX, WRONG_SEX] == pytest.approx(0.2, abs=0.03)


def test_records_of_children_who_are_not_there_lower_the_share_in_the_population() -> None:
    strangers = [
        row | {"full_name": "Hoàng Quốc Toản", "birth_date": "2010-01-02", "mother_name": ""} for row in village()
    ]
    rows = [
        stranger if place % 2 else row for place, (row, stranger) in enumerate(zip(village(), strangers, strict=True))
    ]
    last = learnt(rows)[-1]
    assert last.matches == pytest.approx(PEOPLE / 2, rel=0.05)
    assert last.model.in_population < MODEL.in_population


def test_m_adds_up_to_one_in_every_context() -> None:
    model = learnt(village(), rounds=1)[0].model
    for place, field in enumerate(model.schema.fields):
        for codes in field.contexts().values():
            assert model.m[place, list(codes)].sum() == pytest.approx(1)


def test_the_likelihood_does_not_fall_where_little_is_assumed() -> None:
    said = [each.log_likelihood for each in learnt(with_wrong_sex(village()), prior_pairs=0.01)]
    assert all(later >= earlier - 1e-3 * abs(earlier) for earlier, later in itertools.pairwise(said))


def test_the_rounds_end_even_when_m_still_moves() -> None:
    assert len(learnt(with_wrong_sex(village()), rounds=1)) == 1


def test_patterns_count_what_pairs_would() -> None:
    levels = np.array([[1, 2], [1, 0], [1, 2], [3, 2]], dtype=np.int8)
    patterns = Patterns.of(levels)
    assert len(patterns.levels) == 3
    expected = patterns.expected(np.array([0.5, 1.0, 0.25, 2.0]), 4)
    assert expected.tolist() == [[0.0, 1.75, 0.0, 2.0], [1.0, 0.0, 2.75, 0.0]]


def test_u_is_measured_on_pairs_drawn_at_random() -> None:
    space = workspace_of(village(), village())
    model = estimate_u(space, random_pairs(PEOPLE, PEOPLE, pairs=20_000, seed=1), people=PEOPLE)
    men = sum(row["sex"] == "1" for row in village()) / PEOPLE
    assert model.u[Field.SEX, code_of(Field.SEX, "same")] == pytest.approx(men**2 + (1 - men) ** 2, abs=0.02)
    seldom = Field.NUMBER, code_of(Field.NUMBER, "same")
    assert model.u[seldom] == MODEL.u[seldom]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    left, right = tmp_path / "records.csv", tmp_path / "people.csv"
    for path, rows in ((left, with_wrong_sex(village())), (right, village())):
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return left, right


def test_the_command_writes_a_model_that_links(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "own.toml"
    said = CliRunner().invoke(app, ["train", *map(str, files), "--out", str(out), "--pairs", "5000", "--trust", "10"])
    assert said.exit_code == 0, said.output
    assert "converged" in said.output
    model = Model.load(out)
    assert model.version == f"{MODEL.version}+trained"
    assert model.m[Field.SEX, WRONG_SEX] > 0.1
    linked = CliRunner().invoke(app, ["link", *map(str, files), "--model", str(out), "--out", str(tmp_path / "o.csv")])
    assert linked.exit_code == 0, linked.output


def test_an_explanation_adds_up_step_by_step(files: tuple[Path, Path]) -> None:
    said = CliRunner().invoke(app, ["explain", *map(str, files), "p3"])
    assert said.exit_code == 0, said.output
    assert "The birth date is the same" in said.output
    assert "before any evidence" in said.output


def test_a_record_that_is_not_there_cannot_be_explained(files: tuple[Path, Path]) -> None:
    said = CliRunner().invoke(app, ["explain", *map(str, files), "nobody"])
    assert said.exit_code != 0
    assert "record_id" in str(said.exception)
