"""One operation on one stack, on both sides of a pipe.

`parent/` runs in the command: it starts worker processes, sends them requests, and reads events.
`worker/` runs in a worker process: it drives the engine by `pulumi.automation`, which nothing else
imports. Both sides use the modules here: the messages between them, and their meaning.
"""
