"""What systems outside push and fetch: batches, single records, events, deliveries."""
