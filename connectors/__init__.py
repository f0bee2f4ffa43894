"""Reading and answering outside systems: what they said, as they said it."""
