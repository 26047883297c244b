"""The files of an estate: read, merged, validated, with the origin of every value."""
