"""An invented province to try the registry with: seeded, with the mistakes that real files have."""
