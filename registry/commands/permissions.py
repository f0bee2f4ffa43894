"""Prints who may do what, from the table that decides it."""

from __future__ import annotations

import sys

from registry.protect.policy_page import policy_page


def permissions() -> None:
    """Print the permissions of every role as a page in Markdown."""
    sys.stdout.write(policy_page())
