"""Karpenter: the controller that starts nodes for pending pods, and its node pools."""
