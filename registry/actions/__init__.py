"""What the registry does, one verb a file; a door opens the transaction and hands in the access."""
