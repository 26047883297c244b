"""IAM enforcement of the sandbox: the caller, its permissions, and the resource of a request."""
