"""The model registry: versions with their lineage, kept for as long as they are registered."""
