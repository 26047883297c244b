"""The model registry: versions with their lineage, kept while they are registered."""
