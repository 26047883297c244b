"""Clusters on premises: the same namespaces, jobs and identities as on the cloud's cluster."""
