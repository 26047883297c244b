"""The stage's PostgreSQL instance, and one database with an owner of its own per project use."""
