"""Tests of the engine of sources."""
