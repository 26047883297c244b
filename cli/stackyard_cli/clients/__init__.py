"""Connections to AWS and to Kubernetes clusters."""
