"""Stack files: find the estate, read and merge its files, keep the origin of every value."""
