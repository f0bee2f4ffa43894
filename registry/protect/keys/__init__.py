"""Keys: where they lie, who keeps their root, and what each may open."""
