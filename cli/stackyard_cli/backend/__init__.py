"""State: backends, checkpoints, records and journals, and the preconditions of a run."""
