"""The tables, as the migrations make them; one file a subject."""
