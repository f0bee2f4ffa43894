"""Which records are one child, and which citizen she is; decided by the engine or by a person."""
