"""The stage's PostgreSQL instance, and one database with an owner for each use of a project."""
