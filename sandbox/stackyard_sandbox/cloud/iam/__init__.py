"""IAM as the sandbox enforces it: who calls, with which rights, on which resource."""
