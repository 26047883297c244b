"""A project's namespace: quota, network policies, and the permissions of each audience."""
