"""Who looks, where, why, when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from registry.model.access import NATION, NOWHERE, PEOPLE_PURPOSES, Access, Area, Purpose, Role

ACCESS = Access(
    staff_id=UUID(int=1),
    login="worker.mau",
    role=Role.COMMUNE_WORKER,
    area=Area(communes=frozenset({"05443"})),
    office="UBND xã Mẫu",
    purpose=Purpose.OTHER,
    reason="a sentence about somebody",
    at=datetime(2026, 11, 1, tzinfo=UTC),
    session_ref=None,
    os_account=None,
    request_id=UUID(int=2),
)


@pytest.mark.parametrize(
    ("area", "covered"),
    [
        (NATION, True),
        (NOWHERE, False),
        (Area(provinces=frozenset({"19"})), True),
        (Area(provinces=frozenset({"01"})), False),
        (Area(communes=frozenset({"05443"})), True),
        (Area(communes=frozenset({"05444"})), False),
    ],
)
def test_an_area_covers_its_places(area: Area, *, covered: bool) -> None:
    assert area.covers(province="19", commune="05443") is covered


def test_a_place_that_is_not_known_lies_in_the_nation_only() -> None:
    assert NATION.covers(province=None, commune=None)
    assert not Area(provinces=frozenset({"19"}), communes=frozenset({"05443"})).covers(province=None, commune=None)


def test_an_access_shows_neither_account_nor_reason() -> None:
    assert "mau" not in repr(ACCESS)
    assert "sentence" not in repr(ACCESS)


def test_an_access_carries_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(ACCESS, at=ACCESS.at.replace(tzinfo=None))


def test_the_engine_acts_for_the_nation_and_for_nobodys_curiosity() -> None:
    engine = Access.of_engine(Purpose.LINKAGE, at=ACCESS.at, request_id=UUID(int=3))
    assert (engine.role, engine.area, engine.staff_id) == (Role.ENGINE, NATION, None)
    assert engine.purpose not in PEOPLE_PURPOSES
