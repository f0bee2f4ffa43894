"""The duties of the law at the command line."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from tests.registry.commands.command_line import Home
from tests.registry.commands.conftest import RealHome

SOMEBODY = "5b0d8f4e-0000-4000-8000-00000000000a"
AUDITOR = ("--as", "auditor")
FACTS = (
    *("--what", "Một máy tính xách tay bị mất.", "--kind", "tên", "--kind", "địa chỉ", "--consequences", "Lộ địa chỉ."),
    *("--measures", "Đã khoá tài khoản.", "--contact", "UBND xã Thử"),
)


def test_legal_bases_are_listed_added_and_ended(home: Home) -> None:
    before = home.answer("legal-bases", "list", *AUDITOR)
    assert before["without_basis"] == []
    (other,) = [one for one in before["bases"] if one["purpose"] == "other"]
    home.answer("legal-bases", "end", other["basis_id"], "--last-day", "2020-01-01", *AUDITOR)
    assert home.answer("legal-bases", "list", *AUDITOR)["without_basis"] == ["other"]
    assert (
        "NoLegalBasis"
        in home.run(*("find", "Nguyen", "--reason", "other", "--sentence", "Họp tổ.", "--as", "worker")).refusal()
    )
    entered = ("--law", "Luật thử", "--article", "1", "--wording", "Cho phép.", "--valid-from", "2026-01-01")
    home.answer("legal-bases", "add", "other", *entered, *AUDITOR)
    assert home.answer("legal-bases", "list", *AUDITOR)["without_basis"] == []
    assert "Luật thử" in home.run("legal-bases", "list", *AUDITOR).out


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("legal-bases", "end", SOMEBODY, "--last-day", "never"), "last_day"),
        (("legal-bases", "end", SOMEBODY, "--last-day", "2026-12-31"), "basis"),
        (("holds", "place", SOMEBODY, "--sentence", " "), "sentence"),
        (("holds", "lift", SOMEBODY, "--sentence", "Xong."), "hold"),
        (("breaches", "add", "--discovered-at", "yesterday", *FACTS), "discovered_at"),
        (("breaches", "add", "--discovered-at", "2026-10-30T08:00", *FACTS), "discovered_at"),
        (("breaches", "export", SOMEBODY), "breach"),
    ],
)
def test_what_cannot_be_done_is_refused_by_field(home: Home, arguments: tuple[str, ...], field: str) -> None:
    assert field in home.run(*arguments, *AUDITOR).refusal()


def test_holds_are_placed_listed_and_lifted(home: Home) -> None:
    hold = home.answer("holds", "place", SOMEBODY, "--sentence", "Toà án yêu cầu giữ.", *AUDITOR)["hold_id"]
    (listed,) = home.answer("holds", "list", *AUDITOR)["holds"]
    assert (listed["hold_id"], listed["sentence"]) == (hold, "Toà án yêu cầu giữ.")
    home.answer("holds", "lift", hold, "--sentence", "Xong.", *AUDITOR)
    assert "lifted" in home.run("holds", "list", *AUDITOR).out
    assert "Refused" in home.run("holds", "list", "--as", "worker").refusal()


def test_retention_is_counted_before_it_runs(home: Home) -> None:
    counted = home.answer("retention", "run", "--dry-run")
    assert counted["dry_run"] is True
    assert {rule["rule"] for rule in counted["rules"]} == {"age_out", "closed_case", "quarantine", "alarm"}
    assert all(rule["gone"] == 0 for rule in counted["rules"])
    assert home.answer("retention", "run")["dry_run"] is False
    assert "age_out" in home.run("retention", "schedule").out
    assert home.run("retention", "run", "--dry-run").code == 0


def test_a_breach_is_written_down_updated_and_exported(home: Home) -> None:
    added = home.answer("breaches", "add", "--discovered-at", "2026-10-30T08:00+07:00", *FACTS, *AUDITOR)
    breach = added["breach_id"]
    assert added["notify_by"].startswith("2026-11-02 08:00")
    told = ("--children", "12", "--notified-at", "2026-10-31T08:00+07:00")
    home.answer("breaches", "update", breach, *FACTS, *told, *AUDITOR)
    document = home.run("breaches", "export", breach, *AUDITOR).document
    assert [version["children"] for version in document["versions"]] == [None, 12]
    assert not document["late"]
    assert "<h1>" in home.run("breaches", "export", breach, "--format", "html", *AUDITOR).out
    assert "Hạn thông báo" in home.run("breaches", "export", breach, "--format", "csv", *AUDITOR).out
    assert home.answer("breaches", "list", *AUDITOR)["breaches"][0]["breach_id"] == breach
    assert "notice given" in home.run("breaches", "list", *AUDITOR).out


@pytest.mark.parametrize(("language", "title"), [("vi", "# Hồ sơ xử lý"), ("en", "# Record of processing")])
def test_the_record_of_processing_is_printed(home: Home, language: str, title: str) -> None:
    said = home.run("processing-record", "--lang", language, *AUDITOR)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(title)
    assert "keyfile" in said.out
    assert "Refused" in home.run("processing-record", "--as", "worker").refusal()


def test_an_installation_goes_by_its_own_file_of_the_law(home: Home, tmp_path: Path) -> None:
    own = tmp_path / "law.toml"
    shipped = files("registry.model").joinpath("law.toml").read_text(encoding="utf-8")
    own.write_text(shipped.replace("months = 120", "months = 60"), encoding="utf-8")
    rules = home.with_settings(CHILD_REGISTRY_LAW_FILE=str(own)).answer("retention", "schedule")["rules"]
    assert {rule["name"]: rule["months"] for rule in rules}["closed_case"] == 60
    own.write_text("nonsense", encoding="utf-8")
    assert "LawRefused" in home.with_settings(CHILD_REGISTRY_LAW_FILE=str(own)).run("retention", "schedule").refusal()


def test_on_a_real_database_retention_is_the_custodians(real: RealHome) -> None:
    assert "SignInNeeded" in real.home.run("retention", "run", "--dry-run").refusal()
    refused = real.home.run("retention", "run", "--dry-run", "--login", "steward", password=real.password).refusal()
    assert "Refused" in refused
