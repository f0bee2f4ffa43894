"""The server of the database itself: embedded, migrated, copied, restored."""
