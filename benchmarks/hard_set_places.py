"""Places of an invented population: communes of very different size, each with the old units it was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hard_set_habits import Reals, Whole

from matching.reference import rows
from registry.demo.profiles import REGION_OF, Region

REGIONS = tuple(Region)
_TOWN = 2.2  # times as many children as in a rural commune of the same chance
_CROWDED = {Region.MOUNTAINS: 0.4, Region.HIGHLANDS: 0.7, Region.SOUTH: 1.3, Region.NORTH: 1.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Old units in the order of today's provinces, each part of one of today's communes. Rows are places."""

    old_code: list[str]
    new_code: list[str]
    province: list[str]  # today's
    region: Whole
    prefix: Whole  # three digits of a number registered there
    province_start: Whole  # the first row of the row's province, and the row behind its last
    province_end: Whole
    bounds: Reals  # cumulative weights

    def draw(self, rng: np.random.Generator, count: int) -> Whole:
        """Return that many places, populous ones more often."""
        chosen = np.searchsorted(self.bounds, rng.random(count) * self.bounds[-1], side="right")
        return np.asarray(chosen, dtype=np.int64)

    def elsewhere(self, rng: np.random.Generator, home: Whole) -> Whole:
        """Return another place for each home: mostly in the same province."""
        span = self.province_end[home] - self.province_start[home]
        near = self.province_start[home] + (rng.random(len(home)) * span).astype(np.int64)
        return np.where(rng.random(len(home)) < 0.62, near, self.draw(rng, len(home)))


def places_of(seed: int, children: int) -> Places:
    """Return the places of one seed: as many communes as keep a commune's number of children near the real one."""
    rng = np.random.default_rng([seed, 2])
    communes = rows("admin_communes_2025")
    wanted = min(len(communes), max(40, round(0.67 * children**0.5)))
    chosen = np.sort(rng.permutation(len(communes))[:wanted])
    size = {}
    for place, chance in zip(chosen, rng.lognormal(0, 0.6, wanted), strict=True):
        row = communes[place]
        crowded = _TOWN if row["type"] == "Phường" else 1.0
        size[row["code"]] = chance * crowded * _CROWDED.get(REGION_OF[row["province_code"]], 1.0)
    parts = [row for row in rows("admin_old_to_new_2025") if row["new_ward_code"] in size]
    parts.sort(key=lambda row: (row["new_province_code"], row["new_ward_code"], row["old_ward_code"]))
    count = dict.fromkeys(size, 0)
    for row in parts:
        count[row["new_ward_code"]] += 1
    weights = np.array([size[row["new_ward_code"]] / count[row["new_ward_code"]] for row in parts])
    province = np.array([int(row["new_province_code"]) for row in parts])
    return Places(
        old_code=[row["old_ward_code"] or row["old_district_code"] for row in parts],
        new_code=[row["new_ward_code"] for row in parts],
        province=[row["new_province_code"] for row in parts],
        region=np.array([REGIONS.index(REGION_OF[row["new_province_code"]]) for row in parts]),
        prefix=np.array([int(row["old_province_code"]) for row in parts]),
        province_start=np.searchsorted(province, province, side="left").astype(np.int64),
        province_end=np.searchsorted(province, province, side="right").astype(np.int64),
        bounds=np.cumsum(weights),
    )
