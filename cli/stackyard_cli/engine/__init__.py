"""One operation on one stack, on both sides of a pipe.

`parent/` runs in the command: it starts worker processes, sends them requests, and reads events.
`worker/` runs in a worker process: it drives the engine by `pulumi.automation`, which nothing else
imports. The modules here are read by both sides: the messages between them, and what they mean.
"""
