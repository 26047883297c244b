"""Judges: sources that nobody here wrote, against which all that the estates declare is held."""
