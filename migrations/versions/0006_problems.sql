-- Lists of children whose number is missing or wrong, as they went to the police and came back.

DO $$ BEGIN END $$;
