-- What the roles may do with the queue: ask for work inside their own transaction. The worker itself is the login role.

GRANT SELECT, INSERT ON procrastinate_jobs TO child_registry_sector_system, child_registry_reviewer, child_registry_engine;
GRANT INSERT ON procrastinate_events TO child_registry_sector_system, child_registry_reviewer, child_registry_engine;
GRANT USAGE ON SEQUENCE procrastinate_jobs_id_seq, procrastinate_events_id_seq
    TO child_registry_sector_system, child_registry_reviewer, child_registry_engine;
