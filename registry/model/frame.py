"""The statistical frame: coded facts under pseudonyms, and their counts by cell. Nothing here may be published."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One child on the day of a frame, as codes under a pseudonym; one fact a child. Its repr shows nothing."""

    pseudonym: bytes = field(repr=False)  # stable within one frame only
    record_key: int = field(repr=False)  # signed 64 bits, the same in every frame
    province: str | None = field(repr=False)  # code of the list of 2025; None: not known
    age: int = field(repr=False)  # completed years on the day of the frame, 0 to 15
    sex: str | None = field(repr=False)  # "male" or "female"; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCell:
    """The children of one province, single year of age and sex: a true count, so its repr shows no number.

    A frame has one base cell at most for each combination.
    """

    province: str | None
    age: int
    sex: str | None
    count: int = field(repr=False)  # at least one
    key: int = field(repr=False)  # XOR of the record keys of its children, signed 64 bits
