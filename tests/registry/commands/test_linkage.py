"""The linkage as commands: replay a model, adopt it, learn one from reviews, list what waits for a person."""

from __future__ import annotations

import stat
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from matching.model_files import toml_of
from registry.actions.linkage.adopt_model import SHIPPED, read_model
from registry.actions.linkage.review import decide_pair, open_pair, review_queue
from registry.demo.invention import FILES
from registry.jobs.identity import access_on_demo
from registry.jobs.opening import installation
from registry.model.access import Purpose
from registry.settings import Settings
from tests.registry.commands.command_line import Home, lines_of
from tests.registry.commands.conftest import Demo, RealHome


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A model that links nobody without a person."""
    document = tomllib.loads(read_model(SHIPPED).text)
    document["model"]["version"] = "strict"
    document["decision"]["link"] = 0.9999999999999
    path = tmp_path / "strict.toml"
    path.write_text(toml_of(document), encoding="utf-8")
    return path


def test_a_model_is_replayed_then_adopted_then_used(home: Home, demo: Demo, strict: Path, tmp_path: Path) -> None:
    diff = tmp_path / "diff.csv"
    told = home.answer("match", "--replay", strict, "--diff", diff)
    assert told["model"] == "strict"
    assert told["compared"] == sum(demo.said.document["links"].values())
    lines = lines_of(diff)
    assert stat.S_IMODE(diff.stat().st_mode) == 0o600
    assert len(lines) == told["changed"] > 0
    moves = {(move["from"], move["to"]): move["identities"] for move in told["moves"]}
    changed = {move: number for move, number in moves.items() if move[0] != move[1]}
    assert Counter((line["before"], line["after"]) for line in lines) == changed
    assert home.answer("match", "--replay", SHIPPED, "--diff", tmp_path / "same.csv")["changed"] == 0
    assert home.answer("match", "--adopt", strict) == {"adopted": "strict"}
    standing = home.answer("match")["standing"]
    assert standing["link"] == sum(number for (_, after), number in moves.items() if after == "link")


def test_the_differences_show_no_value(home: Home, drop: Path, strict: Path, tmp_path: Path) -> None:
    diff = tmp_path / "diff.csv"
    home.answer("match", "--replay", strict, "--diff", diff)
    assert {line["system"] for line in lines_of(diff)} <= set(FILES)
    assert len({UUID(line["child_id"]) for line in lines_of(diff)}) == len(lines_of(diff))
    told = diff.read_text(encoding="utf-8")
    for pupil in lines_of(drop / "education.csv"):
        for column in ("Mã học sinh", "Họ và tên", "Số định danh cá nhân"):
            assert not pupil[column] or pupil[column] not in told


def test_people_read_what_would_change(home: Home, strict: Path, tmp_path: Path) -> None:
    said = home.run("match", "--replay", strict, "--diff", tmp_path / "diff.csv")
    assert said.code == 0
    assert "Model strict against" in said.out
    said = home.run("match", "--adopt", strict)
    assert "version strict is adopted" in said.out


def test_a_model_that_was_not_replayed_is_refused(home: Home, strict: Path) -> None:
    assert "--replay" in home.run("match", "--adopt", strict).refusal()


@pytest.mark.parametrize(
    "options",
    [
        ("--replay", "child_vn"),
        ("--diff", "diff.csv"),
        ("--learn",),
        ("--out", "model.toml"),
        ("--learn", "--out", "model.txt"),
        ("--replay", "child_vn", "--diff", "diff.csv", "--adopt", "child_vn"),
        ("--adopt", "child_vn", "--since", "5b0d8f4e-0000-4000-8000-000000000001"),
        ("--adopt", "nobody"),
        ("--adopt", "nowhere.toml"),
        ("--replay", "nobody", "--diff", "diff.csv"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_done(
    untouched: Home, options: tuple[str, ...]
) -> None:
    untouched.run("match", *options).refusal()
    assert not untouched.data.exists()


def test_a_file_of_differences_that_cannot_be_written_is_refused(home: Home, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "diff.csv"
    assert "nowhere" in home.run("match", "--replay", "child_vn", "--diff", nowhere).refusal()


def test_without_reviews_there_is_nothing_to_learn(home: Home, tmp_path: Path) -> None:
    model = tmp_path / "learned.toml"
    assert "NothingDecided" in home.run("match", "--learn", "--out", model).refusal()
    assert not model.exists()


def test_a_model_is_learned_from_reviews_and_written_whole(world_of_reviews: Home, tmp_path: Path) -> None:
    model = tmp_path / "learned.toml"
    told = world_of_reviews.answer("match", "--learn", "--out", model)
    assert told["same"] >= 1
    assert told["model"] == tomllib.loads(model.read_text(encoding="utf-8"))["model"]["version"]
    assert sum(band["pairs"] for band in told["bands"]) == told["same"] + told["different"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".partial"] == []
    world_of_reviews.answer("match", "--replay", model, "--diff", tmp_path / "diff.csv")
    assert world_of_reviews.answer("match", "--adopt", model) == {"adopted": told["model"]}
    said = world_of_reviews.run("match", "--learn", "--out", model)
    assert "NothingDecided" in said.refusal(), "its own reviews are not learned from twice"


@pytest.fixture
def world_of_reviews(home: Home) -> Home:
    """The place where the main job ran, after a reviewer has linked the first pair that waits."""
    settings = Settings(data=home.data, database_url=SecretStr(home.database_url or ""))
    with installation(settings, clock=lambda: datetime.now(UTC)) as opened:
        access = access_on_demo(opened, "reviewer", Purpose.REVIEW)
        with opened.store.begin(access) as transaction:
            _, child_id = review_queue(transaction)
            assert child_id is not None
            best = open_pair(transaction, opened.vault, child_id).candidates[0]
            decide_pair(transaction, opened.vault, child_id, best.person_id, says="same", reason="Đã gọi cho gia đình.")
    return home


def test_what_waits_is_listed_page_by_page(home: Home, strict: Path, tmp_path: Path) -> None:
    home.answer("match", "--replay", strict, "--diff", tmp_path / "diff.csv")
    home.answer("match", "--adopt", strict)
    review = home.answer("match")["standing"]["review"]
    every = home.answer("reviews", "--as", "reviewer", "--limit", 200)["waiting"]
    assert 2 <= len(every) <= review
    assert [one["information"] for one in every] == sorted((one["information"] for one in every), reverse=True)
    first = home.answer("reviews", "--as", "reviewer", "--limit", 1)
    second = home.answer("reviews", "--as", "reviewer", "--limit", 1, "--after", first["next"])
    assert [*first["waiting"], *second["waiting"]] == every[:2]
    said = home.run("reviews", "--as", "reviewer", "--limit", 1)
    assert "next " in said.out


def test_only_who_reviews_lists_what_waits(home: Home) -> None:
    assert "Refused" in home.run("reviews", "--as", "worker").refusal()
    assert "--login" in home.run("reviews").refusal()


def test_a_steward_adopts_a_model_on_real_records_and_is_named(real: RealHome) -> None:
    said = real.home.run("match", "--adopt", "child_vn", "--login", "steward", password=real.password)
    assert "NotReplayed" in said.refusal()
    assert (
        "Refused" in real.home.run("match", "--adopt", "child_vn", "--login", "chief", password=real.password).refusal()
    )
    assert "--login" in real.home.run("match", "--adopt", "child_vn").refusal()


def test_an_unknown_system_with_one_record_per_child_is_refused(home: Home) -> None:
    declared = home.with_settings(CHILD_REGISTRY_ONE_RECORD_PER_CHILD="civil_status,police")
    said = declared.run("match").refusal()
    assert "CHILD_REGISTRY_ONE_RECORD_PER_CHILD" in said
    assert "police" not in said
    assert "civil_status" in said


def test_a_declared_source_has_no_citizen_twice(home: Home, drop: Path, tmp_path: Path) -> None:
    pupil = _linked_pupil(home, tmp_path / "before.csv")
    lines = (drop / "education.csv").read_bytes().split(b"\r\n")
    row = next(line for line in lines if pupil["source_key"].encode() in line)
    twice = row.replace(pupil["source_key"].encode(), pupil["source_key"].encode() + b"9")
    (tmp_path / "education.csv").write_bytes(b"\r\n".join([lines[0], twice, b""]))
    declared = home.with_settings(CHILD_REGISTRY_ONE_RECORD_PER_CHILD="education, civil_status")
    assert declared.answer("ingest", "education", tmp_path / "education.csv")["accepted"] == 1
    declared.answer("match")
    declared.answer("links", "--out", tmp_path / "declared.csv")
    keys = {pupil["source_key"], pupil["source_key"] + "9"}
    found = [line for line in lines_of(tmp_path / "declared.csv") if line["source_key"] in keys]
    assert {(line["source_key"], line["decision"]) for line in found} == {(key, "review") for key in keys}
    assert {line["personal_number"] for line in found} >= {pupil["personal_number"]}
    home.answer("match")
    home.answer("links", "--out", tmp_path / "undeclared.csv")
    found = [line for line in lines_of(tmp_path / "undeclared.csv") if line["source_key"] in keys]
    assert {(line["decision"], line["personal_number"]) for line in found} == {("link", pupil["personal_number"])}


def _linked_pupil(home: Home, path: Path) -> dict[str, str]:
    home.answer("links", "--out", path)
    linked = [line for line in lines_of(path) if line["decision"] == "link" and line["system"] == "education"]
    return max(linked, key=lambda line: float(line["score"]))
