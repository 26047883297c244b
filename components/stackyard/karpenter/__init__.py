"""Karpenter: the controller that makes nodes for waiting pods, and the pools it makes them in."""
