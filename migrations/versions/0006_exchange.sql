-- What systems push to us and fetch from us: batches, subscriptions, deliveries.

DO $$ BEGIN END $$;
