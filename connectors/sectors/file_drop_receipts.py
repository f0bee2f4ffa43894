"""The receipt beside a delivery: how many of its rows were taken in, and which wait under which rule; no values."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from connectors.contract import FileRefused, Receipt
from connectors.sectors.file_drop_deliveries import RECEIPT


def write_receipt(folder: Path, stream: str, receipt: Receipt) -> Path:
    """Write, or complete, the receipt of a delivery; a package of several tables has one for all of them.

    Raises:
        FileRefused: it names no file of the folder, or cannot be written there.
    """
    if Path(receipt.delivery).name != receipt.delivery or receipt.delivery.startswith("."):
        raise FileRefused("receipt_unwritable", stream)
    path = folder / f"{receipt.delivery}{RECEIPT}"
    told = _told_before(path) | {stream: _told(receipt)}
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_text(json.dumps({"streams": told}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        os.replace(half, path)  # noqa: PTH105  whole or not at all, also where the name is taken
    except OSError:
        raise FileRefused("receipt_unwritable", stream) from None
    return path


def _told_before(path: Path) -> dict[str, Any]:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    streams = before.get("streams") if isinstance(before, dict) else None
    return dict(streams) if isinstance(streams, dict) else {}


def _told(receipt: Receipt) -> dict[str, Any]:
    return {
        "at": receipt.at.isoformat(),
        "counts": dict(receipt.counts),
        "refused": [{"row": one.row, "rule": one.rule, "field": one.field} for one in receipt.refused],
    }
