"""Limits of AWS and Kubernetes, each with its source: pure, for `validate` and for the preview."""
