"""Where Karpenter's metrics are, and those that alerts use.

Source: https://karpenter.sh/docs/reference/metrics/.
"""

from __future__ import annotations

SERVICE, PORT = "karpenter", 8080
"""Name of the Service and of the scrape job, and the port of the controller."""

OF_PODS = "karpenter_pods_unbound_time_seconds"
"""Seconds for which a pod has waited for a node, by its `name` and `namespace`."""

OF_ALL = (
    "karpenter_cloudprovider_errors_total",
    "karpenter_nodepools_limit",
    "karpenter_nodepools_usage",
)
"""Metrics of the cluster, with no name of a pod in them."""
