"""Kueue queues, in which jobs of many projects wait for the same GPUs."""
