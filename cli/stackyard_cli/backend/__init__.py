"""Where state lives: backends, checkpoints, records, journals, and what must hold before a run."""
