"""Pipelines for Git hosts, and what their jobs need from these hosts."""
