"""Checks of a machine, an account and an applied stack, for `doctor` and `status`."""
