"""Invented children and calls, the same for the same seed."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

_SURNAMES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi")
_MIDDLE: Final = ("Văn", "Thị", "Minh", "Ngọc", "Đức", "Thu")
_GIVEN: Final = ("Ví Dụ", "Mẫu", "Giả", "Thử", "Nghiệm", "Tưởng")
_CHANNELS: Final = ("phone", "online", "letter")


def invented_name(chance: Random) -> str:
    """Return a name that nobody bears."""
    return f"{chance.choice(_SURNAMES)} {chance.choice(_MIDDLE)} {chance.choice(_GIVEN)}"


def invented_child(number: int, chance: Random, *, at: datetime) -> dict[str, Any]:
    """Return a child's record, changed at a time."""
    born = datetime(2012, 1, 1, tzinfo=at.tzinfo) + timedelta(days=chance.randrange(4500))
    return {
        "record_id": f"SIM-{number:06d}",
        "updated_at": at.isoformat(),
        "status": "active",
        "full_name": invented_name(chance),
        "birth_date": born.date().isoformat(),
        "sex": chance.choice(("male", "female")),
        "commune_code": f"{chance.randrange(1, 33000):05d}",
        "commune_scheme": "2025",
        "mother_name": invented_name(chance),
        "school": f"Trường Ví Dụ số {chance.randrange(1, 90)}",
    }


def invented_call(number: int, chance: Random, *, at: datetime) -> dict[str, Any]:
    """Return a call to the hotline: half of them know no name."""
    named = chance.random() < 0.5
    willing = chance.random() < 0.3
    return {
        "call_id": f"111-SIM-{number:06d}",
        "version": 1,
        "updated_at": at.isoformat(),
        "received_at": at.isoformat(),
        "channel": chance.choice(_CHANNELS),
        "child": {
            "name": invented_name(chance) if named else None,
            "estimated_age": chance.randrange(0, 16),
            "sex": chance.choice(("male", "female", "unknown")),
        },
        "place": {
            "address": "Thôn Ví Dụ",
            "commune_code": f"{chance.randrange(1, 33000):05d}",
            "commune_scheme": "2025",
        },
        "state": "Tình trạng ví dụ.",
        "likely_harm": "Nguy cơ ví dụ.",
        "harm_level": chance.choice(("low", "medium", "high")),
        "groups": sorted(chance.sample(range(1, 15), chance.randrange(1, 3))),
        "mother": {"name": invented_name(chance), "age": chance.randrange(20, 50), "job": "nghề ví dụ"},
        "informant": {"willing": willing, "name": invented_name(chance), "phone": "0199000000"},
        "suspect": {"relation": "neighbour"} if chance.random() < 0.2 else None,
    }
