"""The EKS cluster: control plane, access entries, add-ons, node pools, priority classes."""
