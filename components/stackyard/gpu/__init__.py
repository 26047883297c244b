"""GPU pools: their taint, node selector, quota and smoke Job are computed from one model."""
