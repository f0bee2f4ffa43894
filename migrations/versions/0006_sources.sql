-- Sources, how far their streams are read, the runs, and what was seen of drift.

DO $$ BEGIN END $$;
