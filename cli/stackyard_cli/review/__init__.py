"""The safe change path: what a preview means, what stops it, and what was approved."""
