"""One file a step: expand, backfill, contract."""
