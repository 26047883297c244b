"""Datasets: versioned, encrypted, closed buckets, and the layout of what lies in them."""
