"""The parent side, in the command's process: starts workers, sends requests, and stops them."""
