"""Clients of a running project: its model registry and its pipeline."""
