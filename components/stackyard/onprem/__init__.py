"""Clusters of one's own beside the cloud's: the same namespaces, jobs and identities on both."""
