"""The checks of `status`, one for each concern of a project."""
