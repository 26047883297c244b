"""Serving: a registered model behind one address, with a canary, and rollback by config."""
