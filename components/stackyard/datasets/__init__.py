"""Datasets: versioned, encrypted, private buckets, and the layout of their objects."""
