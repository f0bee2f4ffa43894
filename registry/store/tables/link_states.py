"""What is known of each link from the population database: its state, what waits to be asked, what was found."""

from __future__ import annotations
