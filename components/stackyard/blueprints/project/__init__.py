"""The `project` blueprint: its config and its program."""
