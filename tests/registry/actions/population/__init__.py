"""Tests of what the population database says of links."""
