"""The GPU contract: one pool model from which taint, selector, quota and smoke Job all come."""
