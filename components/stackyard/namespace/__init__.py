"""A project's namespace: quota, network policies, and what each audience may do in it."""
