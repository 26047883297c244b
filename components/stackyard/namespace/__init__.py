"""A project's namespace: its quota, its walls, and who may do what in it."""
