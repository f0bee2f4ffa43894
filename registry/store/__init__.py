"""PostgreSQL: the tables and every query, one file a subject."""
