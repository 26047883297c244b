"""Stackyard's components: what an MLOps environment can be built from. Import from the leaves."""
