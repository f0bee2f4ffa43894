"""Sources: how far their streams are read, their runs, and what was seen of drift."""

from __future__ import annotations
