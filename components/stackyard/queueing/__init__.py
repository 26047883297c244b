"""Queues of Kueue: jobs of many projects wait their turn for the same GPUs."""
