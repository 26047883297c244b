"""Reads, merges and validates the files of an estate; every value keeps its position."""
