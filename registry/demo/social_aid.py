"""The social-aid file: recipients in an old character set, semicolons between unquoted values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from registry.demo.chance import Weighted, moment, whole
from registry.demo.clerks import Clerk
from registry.demo.drafts import Draft, Filing, System
from registry.demo.education import SEXES_VI
from registry.demo.gazetteer import Gazetteer
from registry.demo.households import CHILDHOOD_YEARS
from registry.demo.names import group_names
from registry.demo.numbers import SerialIssuer
from registry.demo.people import Child, Household
from registry.demo.tcvn3 import to_tcvn3

SOCIAL_AID_COLUMNS: Final = (
    "MA_DT",
    "HO_TEN",
    "NGAY_SINH",
    "GIOI",
    "DAN_TOC",
    "SO_DDCN",
    "MA_XA",
    "HO_TEN_ME",
    "HO_TEN_BO",
    "LOAI_DT",
    "HO_NGHEO",
    "MUC_TC",
    "TU_NGAY",
    "DEN_NGAY",
    "NGAY_CN",
)
_NAME, _MOTHER, _FATHER, _POOR, _AMOUNT, _STAMP = 1, 7, 8, 10, 11, 14
_BROKEN: Final = ("bad_date", "columns", "number_11_digits", "bad_byte", "sex_x", "future_date")
_NO_SUCH_BYTE: Final = b"\x81"

# Groups of children in special circumstances, Law on Children 102/2016/QH13, Art. 10(1), in its order.
_GROUPS: Final = Weighted(
    [
        (4, 279),
        (13, 135),
        (1, 119),
        (3, 103),
        (2, 48),
        (8, 34),
        (14, 23),
        (6, 21),
        (5, 20),
        (9, 12),
        (11, 10),
        (7, 6),
        (10, 4),
        (12, 3),
    ]
)
_POVERTY: Final = Weighted([(0, 48.0), (1, 36.0), (2, 16.0)])
_UNITS_OF_AMOUNT: Final = Weighted([(2, 17), (3, 26), (4, 27), (5, 7), (6, 10), (7, 1)])
_UNIT_DONG: Final = 250_000
_RESENT: Final = Weighted([("", 98.4), ("amount", 0.7), ("poor_household", 0.9)])
_YEAR_ONLY: Final = 0.14
_YOUNGEST_DAYS: Final = 60


class SocialAid:
    """Writes the list of the children who get aid."""

    def __init__(self, seed: int, *, on: date, children: int, places: Gazetteer) -> None:
        self._clerk = Clerk(System.SOCIAL_AID, seed, on=on, places=places, broken=_BROKEN, expected=children // 9)
        self._keys = SerialIssuer(seed, digits=6)

    def filings(self, household: Household) -> Iterator[Filing]:
        """Yield what the social-aid offices hold about the children of a household."""
        for draft, damage in self._clerk.drafts(household, self._coverage, capitals=1.0):
            key = self._keys.issue(f"DT{draft.home.place.old_province}")
            rows = [self._cells(key, draft, damage)]
            if damage == "columns":
                del rows[0][_MOTHER]
            elif damage == "bad_byte":
                rows[0][_NAME] = rows[0][_NAME][:5] + _NO_SUCH_BYTE + rows[0][_NAME][5:]
            elif damage is None:
                self._resend(rows, draft)
            yield self._clerk.filing(key, draft, [b";".join(cells) for cells in rows])

    def _coverage(self, child: Child) -> float:
        if (self._clerk.on - child.born).days < _YOUNGEST_DAYS:
            return 0.0
        return 0.22 if child.absent else 0.122

    def _cells(self, key: str, draft: Draft, damage: str | None) -> list[bytes]:
        rng, on = self._clerk.rng, self._clerk.on
        born, group = draft.child.born, _GROUPS.draw(rng)
        birth = draft.day_first
        if damage is None and rng.random() < _YEAR_ONLY:
            birth = f"{draft.born[0]}"
            draft.faults.append("dob_year_only")
        since = moment(rng, max(born + timedelta(days=10), on - timedelta(days=2500)), on - timedelta(days=40))
        stamp = moment(rng, max(since.date(), on - timedelta(days=650)), on - timedelta(days=32))
        ends = rng.random() < 0.37
        amount = 0 if group in (6, 7, 8) or rng.random() < 0.05 else _UNITS_OF_AMOUNT.draw(rng) * _UNIT_DONG
        cells = [
            key,
            draft.name,
            birth,
            SEXES_VI[draft.sex] if draft.sex else "",
            group_names()[draft.child.group],
            draft.number or "",
            draft.home.place.old_code,
            draft.mother or "",
            draft.father or "",
            f"{group}",
            f"{_POVERTY.draw(rng)}",
            f"{amount}",
            f"{since:%d/%m/%Y}",
            f"{min(born.day, 28):02d}/{born:%m}/{born.year + CHILDHOOD_YEARS}" if ends else "",
            _stamped(stamp),
        ]
        encoded = [to_tcvn3(cell) for cell in cells]
        if any(lost for _, lost in encoded):
            draft.faults.append("charset_loss")
        return [text for text, _ in encoded]

    def _resend(self, rows: list[list[bytes]], draft: Draft) -> None:
        """Add a newer version with another amount or another standing of the household."""
        rng = self._clerk.rng
        kind = _RESENT.draw(rng)
        if not kind:
            return
        newer = list(rows[0])
        if kind == "amount":
            newer[_AMOUNT] = b"%d" % (int(newer[_AMOUNT]) + _UNIT_DONG)
        else:
            newer[_POOR] = b"1" if newer[_POOR] != b"1" else b"2"
        older = datetime.strptime(newer[_STAMP].decode() + "+0700", "%d/%m/%Y %H:%M:%S%z")
        newer[_STAMP] = _stamped(older + timedelta(days=whole(rng, 2, 30))).encode()
        draft.faults.append(f"resent:{kind}")
        rows.append(newer)


def _stamped(moment_: datetime) -> str:
    return f"{moment_:%d/%m/%Y %H:%M:%S}"
