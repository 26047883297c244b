"""The `services` blueprint: its config and its program."""
