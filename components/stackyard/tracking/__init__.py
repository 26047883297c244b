"""Run tracking: an MLflow server per project, and what clients need to use it."""
