"""The EKS cluster: control plane, who may enter it, add-ons, and pools of ordinary nodes."""
