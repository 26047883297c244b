"""Pipelines for Git hosts, and the requests of their jobs to these hosts."""
