"""The kit is tried on a connector that keeps its contract, and on many that each break one clause."""
