"""What programs that nobody here wrote say about the reference estate: `make audit`."""
