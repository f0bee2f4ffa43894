"""Servers that behave like the outside systems, quirks and faults included, for demonstration and tests."""
