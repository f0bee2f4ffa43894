"""The door on loopback by which the simulator is steered."""

from __future__ import annotations

import pytest

from tests.connectors.simulators.asking import BROTHER, LAN, about, asking, texts

LOOK_UP = "TraCuuThongTinCongDan"
CITIZEN = "CongdanCollection/CongDan"


def test_faults_are_ordered_for_the_next_requests_or_by_share() -> None:
    with asking() as asked:
        assert asked.door("faults", {"next": ["5xx", None], "times": 1}).json() == {"done": {"ordered": 2}}
        assert [asked.soap(about(LOOK_UP, LAN)).status_code for _ in range(2)] == [503, 200]
        asked.door("faults", {"shares": {"403": 1.0}})
        assert asked.soap(about(LOOK_UP, LAN)).status_code == 403
        asked.door("faults", {"shares": {}})
        assert asked.soap(about(LOOK_UP, LAN)).status_code == 200


@pytest.mark.parametrize(
    ("event", "place", "text"),
    [
        ({"event": "die", "on": "2026-11-01"}, "TrangThaiCongDan", "2"),
        ({"event": "move", "commune": "00008"}, "ThuongTru/MaPhuongXa", "00008"),
        ({"event": "renumber", "to": "001314777777"}, "SoDinhDanhMoi", "001314777777"),
        ({"event": "correct", "sex": "1"}, "GioiTinh", "1"),
    ],
)
def test_something_happens_to_somebody(event: dict[str, str], place: str, text: str) -> None:
    with asking() as asked:
        assert asked.door(f"people/{LAN.number}", event).status_code == 200
        assert texts(asked.soap(about(LOOK_UP, LAN)))[f"{CITIZEN}/{place}"] == text


def test_somebody_is_doubled_renumbered_by_itself_and_there_are_outages() -> None:
    with asking() as asked:
        asked.door(f"people/{LAN.number}", {"event": "double"})
        assert asked.soap(about(LOOK_UP, LAN)).text.count("<ns1:CongDan>") == 2
        new = asked.door(f"people/{BROTHER.number}", {"event": "renumber"}).json()["done"]["number"]
        assert new[:6] == BROTHER.number[:6]
        assert new != BROTHER.number
        assert asked.door("outage/30", {}).status_code == 200
        assert asked.door("outage", {"seconds": 0}).status_code == 200
        asked.soap(about(LOOK_UP, LAN))
        assert asked.client.get("/_simulator/log").json()["counts"] == {"answered": 2, "soap": 2}


@pytest.mark.parametrize(
    ("door", "document", "status"),
    [
        ("faults", {"next": ["nonsense"]}, 400),
        ("faults", {"shares": {"5xx": 2}}, 400),
        ("faults", [], 400),
        ("outage/-1", {}, 400),
        ("outage/nan", {}, 400),
        ("outage/inf", {}, 400),
        ("outage/soon", {}, 400),
        ("outage", {}, 400),
        ("quirks", {"quirks": ["nonsense"]}, 400),
        ("people/000000000000", {"event": "die"}, 404),
        (f"people/{LAN.number}", {"event": "vanish"}, 400),
        (f"people/{LAN.number}", {"event": "move", "to": "x"}, 400),
        (f"people/{LAN.number}", {"event": "renumber", "to": BROTHER.number}, 400),
        ("nothing", {}, 404),
    ],
)
def test_what_is_not_understood_changes_nothing(door: str, document: object, status: int) -> None:
    with asking() as asked:
        before = asked.soap(about(LOOK_UP, LAN)).text
        assert asked.door(door, document).status_code == status
        assert asked.soap(about(LOOK_UP, LAN)).text == before


def test_the_door_is_for_this_machine_alone() -> None:
    with asking() as asked:
        for headers in ({"Host": "simulator.example.org"}, {"Origin": "http://example.org"}):
            assert asked.client.post("/_simulator/faults", json={}, headers=headers).status_code == 403
        assert asked.client.get("/_simulator/faults").status_code == 404
