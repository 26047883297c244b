"""The worker process: runs one operation of the Pulumi engine on one stack."""
