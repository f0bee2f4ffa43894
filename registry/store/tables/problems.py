"""Lists of children whose number is missing or wrong, as they went to the police and came back."""

from __future__ import annotations
