"""The facts known of one person, by the name they are imported under elsewhere; see `matching.known`."""

from __future__ import annotations

from matching.known import coded_year, is_a_parents_number, known_father, known_mother, known_name

__all__ = ["coded_year", "is_a_parents_number", "known_father", "known_mother", "known_name"]
