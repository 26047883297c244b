"""Access to the Pulumi engine: which binary, where state is, one worker process per stack.

Only this package imports `pulumi.automation`, and only in worker processes.
"""
