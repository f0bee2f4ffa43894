"""Background work: what runs without a person waiting, in transactions of its own."""
