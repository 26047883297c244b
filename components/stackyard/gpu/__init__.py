"""GPU pools: one model from which taint, node selector, quota and smoke Job are computed."""
