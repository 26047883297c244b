"""Alerts on nodes that do not come, from Karpenter's metrics.

None is on `karpenter_scheduler_unschedulable_pods_count`: it keeps its last value when the pods are
gone (`Provisioner.Schedule` of sigs.k8s.io/karpenter v1.13.0).
"""

from __future__ import annotations

from stackyard.karpenter import metrics as karpenter
from stackyard.monitoring.alert import Rule

NODE_SECONDS = 15 * 60
"""Seconds after which a pod has waited long for a node; a new one takes about five minutes."""

ERRORS, LIMIT, USAGE = karpenter.OF_ALL


def node_rules(here: str) -> list[Rule]:
    """Return the alerts of a project; `here` is the label matcher of its namespace."""
    waiting = f"{karpenter.OF_PODS}{{{here}}} > {NODE_SECONDS}"
    gpus = f'kube_pod_container_resource_requests{{{here}, resource="nvidia_com_gpu"}} > 0'
    # Of pods with GPUs another alert tells the scientists.
    others = f'{waiting} unless on (name) label_replace({gpus}, "name", "$1", "pod", "(.*)")'
    return [_pod_rule(others), _launch_rule(), _limit_rule(waiting), _controller_rule()]


def _pod_rule(waiting: str) -> Rule:
    return Rule(
        name="PodWithoutNode",
        audience="dev",
        severity="ticket",
        summary="Pod {{ $labels.name }} has waited long for a node",
        runbook="`kubectl describe pod` says why; messages of Karpenter are among its events. "
        "No pool fits: compare the pod's requests and tolerations with the pools. Pool at its "
        "limits, or no capacity in the zones: ask the platform team for more.",
        expression=waiting,
        minutes=1,
    )


def _launch_rule() -> Rule:
    """Lack of capacity does not count: Karpenter takes another zone, type or way of buying."""
    return Rule(
        name="NodesNotStarted",
        audience="dev",
        severity="ticket",
        summary="Karpenter cannot start nodes: {{ $labels.error }}",
        runbook="Tell the platform team; the log of Karpenter in its namespace says what AWS "
        "answered. Access denied: compare role and boundary with the stack. "
        "NodeClassNotReadyError: `kubectl describe ec2nodeclass` names what it does not find. "
        "Else look for a quota that is used up.",
        expression=f'sum by (error) (increase({ERRORS}{{method="Create", '
        'error!="InsufficientCapacityError"}[15m])) > 0',
        minutes=5,
    )


def _limit_rule(waiting: str) -> Rule:
    """A full pool is no fault while nothing waits; static pools are always almost full."""
    return Rule(
        name="PoolAtLimit",
        audience="dev",
        severity="ticket",
        summary="Pool {{ $labels.nodepool }} is at its limit of {{ $labels.resource_type }}, "
        "and pods wait",
        runbook="Stop what nobody needs, or wait until a job ends. If the pool is too small "
        "for the work, have the platform team raise its `limits` after a look at the price "
        "that the preview shows, and at the account's quota.",
        expression=f'max by (nodepool, resource_type) ({USAGE}{{resource_type!="nodes"}} '
        f"/ {LIMIT}) >= 0.9 and on () (count({waiting}) > 0)",
        minutes=5,
    )


def _controller_rule() -> Rule:
    return Rule(
        name="KarpenterMissing",
        audience="dev",
        severity="page",
        summary="No metrics of Karpenter arrive: perhaps no pod gets a new node",
        runbook="Look at the pods of the Deployment `karpenter` in the namespace of the "
        "platform. Pending: a node of the system's node group is lost. Restarting: its log "
        "names a missing right or resource definition. Both pods fine: look at the collector.",
        expression=f'absent(up{{job="{karpenter.SERVICE}"}} == 1)',
        minutes=10,
    )
