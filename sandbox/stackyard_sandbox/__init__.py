"""A cloud on this machine: tools, a Kubernetes control plane, an AWS API, and Pulumi providers."""
