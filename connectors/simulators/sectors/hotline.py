"""The hotline for children, as it hands calls over: a feed of calls, receipts, acknowledgements, a count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.sectors.faulty import SectorFault
from connectors.simulators.sectors.paged import ChangesSource


class HotlineSource(ChangesSource):
    """Hands calls over at /handovers, counts them at /handovers/count, hears of them at the two other paths."""

    def __init__(
        self, *, seed: int = 0, shares: Mapping[SectorFault, float] | None = None, slow_seconds: float = 0.2
    ) -> None:
        super().__init__(
            key="call_id", tombstone={"withdrawn": True}, seed=seed, shares=shares, slow_seconds=slow_seconds
        )
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.receipts: list[dict[str, Any]] = []

    def answered(self, asked: Asked) -> Answered:
        """Answer by the path that is asked."""
        if asked.path.endswith("/count"):
            return json_answer({"count": len(self.keys())})
        if asked.path.endswith("/receipts"):
            self.receipts.append(json.loads(asked.body))
            return json_answer({"heard": True})
        if asked.path.endswith("/acknowledgements"):
            return self._acknowledged(asked)
        return super().answered(asked)

    def _acknowledged(self, asked: Asked) -> Answered:
        try:
            items = json.loads(asked.body)["items"]
            answers = [self._one(item) for item in items]
        except (ValueError, KeyError, TypeError):
            return json_answer({"code": "01"}, status=400)
        return json_answer({"items": answers})

    def _one(self, item: Mapping[str, Any]) -> dict[str, Any]:
        call_id = str(item["call_id"])
        known = call_id in self.keys()
        if known:
            self.acknowledged[call_id] = dict(item)
        return {"call_id": call_id, "taken": known} | ({} if known else {"rule": "call_unknown"})
