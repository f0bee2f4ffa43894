"""The invented province."""
