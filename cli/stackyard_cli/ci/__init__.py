"""The pipelines of Git hosts, and the clients that talk to these hosts."""
