"""Every way in which the population database is known to answer, as tables: one row a quirk, and what comes of it."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import contract
from connectors.contract import (
    Ambiguous,
    CitizenSnapshot,
    ConnectorError,
    ContractDrift,
    Inactive,
    Inactivity,
    NotFound,
    Outcome,
)
from tests.connectors.npdb_world import CLAIM, CONTEXT, NOW, enveloped, saying

TABLES = Path(__file__).with_name("npdb_quirks")
USUAL = {
    "HoVaTen": "<c:HoVaTen><c:Ho/><c:ChuDem/><c:Ten>TRẦN THỊ MẪU</c:Ten></c:HoVaTen>",
    "NgayThangNamSinh": "<c:NgayThangNamSinh><c:NgayThangNam>20140503</c:NgayThangNam></c:NgayThangNamSinh>",
    "ThuongTru": "<c:ThuongTru><c:MaPhuongXa>00001</c:MaPhuongXa></c:ThuongTru>",
}
OF_THE_BUS = {"transport": "lgsp", "token_url": "http://127.0.0.1:9/token"}


def rows(table: str) -> list[Any]:
    """Return the quirks of a table, each named by its sentence."""
    quirks = tomllib.loads((TABLES / table).read_text(encoding="utf-8"))["quirk"]
    return [pytest.param(quirk, id=quirk["name"]) for quirk in quirks]


def citizen_of(quirk: dict[str, Any]) -> str:
    """Return the answer that a row of the citizens' table describes."""
    entry = quirk.get("entry", "")
    own = re.sub(r"<c:(Cha|Me)>.*?</c:\1>", "", entry)
    usual = [
        element
        for tag, element in USUAL.items()
        if tag != quirk.get("without") and not re.search(rf"<\w+:{tag}[\s>/]", own)
    ]
    number = f"<c:SoDinhDanh>{quirk.get('number', CLAIM.personal_number)}</c:SoDinhDanh>"
    citizen = f"<c:CongDan>{number}{''.join(usual)}{entry}</c:CongDan>"
    return enveloped(f"<c:CongdanCollection {quirk.get('collection', '')}>{citizen}</c:CongdanCollection>")


@pytest.mark.parametrize("quirk", rows("citizens.toml"))
def test_a_citizen_is_understood_as_they_are_written(quirk: dict[str, Any]) -> None:
    connector, _ = saying(citizen_of(quirk))
    if "drift" in quirk:
        with pytest.raises(ContractDrift) as drift:
            connector.get(CLAIM, CONTEXT)
        assert quirk["drift"] in drift.value.path
        return
    found = connector.get(CLAIM, CONTEXT)
    if "inactive" in quirk:
        assert found == Inactive(
            source_ref="REQ-0001",
            inactivity=Inactivity(quirk["inactive"]),
            replaced_by=quirk.get("replaced_by"),
        )
        return
    assert isinstance(found, CitizenSnapshot)
    assert found.personal_number == CLAIM.personal_number
    for fact, expected in quirk["facts"].items():
        assert plain(getattr(found, fact)) == expected, fact


def plain(fact: object) -> object:
    """Return a fact as a table writes it."""
    if isinstance(fact, datetime):
        return fact.isoformat()
    return list(fact) if isinstance(fact, tuple) else fact or ""


def content_of(quirk: dict[str, Any]) -> str:
    """Return the whole response that a row of the answers' table describes."""
    if "content" in quirk:
        return str(quirk["content"])
    if "wrapped" in quirk:
        response = {"error_code0": "00", "message": "", "data": enveloped(quirk["wrapped"])}
        return json.dumps({"code": 200, "status": "OK", "correlationId": "x", "response": response})
    return enveloped(quirk["body"], quirk.get("header", ""))


@pytest.mark.parametrize("quirk", rows("answers.toml"))
def test_nothing_but_an_answer_is_taken_for_one(quirk: dict[str, Any]) -> None:
    bus = OF_THE_BUS if quirk.get("transport") == "lgsp" else {}
    connector, service = saying(content_of(quirk), **bus, **quirk.get("settings", {}))
    ask = getattr(connector, quirk.get("operation", "get"))
    if "failure" in quirk:
        failure: type[ConnectorError] = getattr(contract, quirk["failure"])
        with pytest.raises(failure) as raised:
            ask(CLAIM, CONTEXT)
        assert type(raised.value) is failure
        assert quirk.get("told", "") in str(raised.value)
        assert "Mẫu" not in str(raised.value)
    else:
        assert outcome_of(ask(CLAIM, CONTEXT)) == quirk["outcome"]
    assert len(service.asked) == 1


def outcome_of(said: object) -> str:
    """Return what was said, in the word of the table."""
    kinds = {NotFound: "not_found", Ambiguous: "ambiguous", CitizenSnapshot: "citizen"}
    if type(said) in kinds:
        return kinds[type(said)]
    assert isinstance(said, contract.Verification)
    assert (said.as_of, said.source_ref) == (NOW, "REQ-0001")
    # A plain no does not say which of the facts is wrong, so none of them is said to be.
    assert said.attributes == {}
    assert (said.outcome is Outcome.INACTIVE) == (said.inactivity is not None)
    return said.outcome.value
