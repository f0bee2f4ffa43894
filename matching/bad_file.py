"""What is wrong with a file that was given to us."""

from __future__ import annotations


class BadFile(Exception):
    """A file cannot be used. The message names the file, the column or row and the rule, and never a value."""
