"""The `foundation` blueprint: its config and its program."""
