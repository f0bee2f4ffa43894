"""Models that are shipped: TOML files with their numbers, version and provenance."""
