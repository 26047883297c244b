"""Measurements of the tool; `make bench` prints the table."""
