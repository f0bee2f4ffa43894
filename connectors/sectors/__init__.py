"""The sectors' systems, each read from a delivered file."""
