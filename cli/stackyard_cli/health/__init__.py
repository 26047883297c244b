"""The checks of `doctor`, `preflight` and `status`."""
