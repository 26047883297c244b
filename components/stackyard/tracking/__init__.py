"""Run tracking: one MLflow server per project, and the settings of its clients."""
