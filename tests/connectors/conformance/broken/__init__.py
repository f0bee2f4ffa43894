"""Connectors that each break one clause of the contract, and otherwise keep it."""
