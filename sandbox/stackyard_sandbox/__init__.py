"""The sandbox: a cloud in one process group."""
