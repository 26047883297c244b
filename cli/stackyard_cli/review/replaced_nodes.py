"""Counts the running nodes that a change replaces or ends; the cluster is asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from stackyard.contracts import FoundationContract
from stackyard.karpenter import drift
from stackyard.karpenter.drift import NODE_CLASS, NODE_POOL
from stackyard_cli.backend.contracts import contract_of
from stackyard_cli.engine.messages import Step
from stackyard_cli.engine.report import Report
from stackyard_cli.errors import StackyardError
from stackyard_cli.review.context import ReviewContext

Kube = Callable[[str], Any]
"""Returns an object of the cluster's API by its path; None if there is none."""

CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"
ON_NODES = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
JOB_PODS = (
    f"/api/v1/pods?labelSelector=batch.kubernetes.io/job-name&fieldSelector={quote(ON_NODES)}"
)
"""Pods of Jobs that are on a node and have not ended,
https://kubernetes.io/docs/reference/labels-annotations-taints/#batch-kubernetes-io-job-name."""

UNDISTURBED = "karpenter.sh/do-not-disrupt"


@dataclass(frozen=True)
class ReplacedNodes:
    """The nodes of one NodePool that a change replaces, or ends with their NodePool."""

    node_pool: str
    ends: bool
    """Whether the NodePool goes, and its nodes with it."""

    because: Sequence[str]
    """The changed fields; empty if the NodePool goes."""

    at_once: str
    """How many nodes are replaced at the same time, as a number or in percent."""

    nodes: int | None
    """How many run now; None if the cluster could not be asked."""

    at_most: bool = False
    """Whether the cluster does not know which nodes, so that it may be fewer."""

    jobs: int = 0
    """How many of them run a job that asks not to be disturbed."""

    grace: str | None = None
    """After how long such a job is ended, as Kubernetes writes it; None if it is waited for."""

    unknown: str | None = None
    """Why the cluster could not be asked."""

    def __str__(self) -> str:
        done = "end" if self.ends else "be replaced"
        why = f" (changed: {', '.join(self.because)})" if self.because else ""
        pool = f"NodePool `{self.node_pool}`"
        if self.nodes is None:
            return f"nodes of {pool} would {done}{why}; how many run is unknown: {self.unknown}"
        if not self.nodes:
            return f"no node of {pool} runs that would {done}{why}"
        count = f"{'up to ' if self.at_most else ''}{_nodes(self.nodes)}"
        pace = "" if self.ends else f", {self.at_once} at a time"
        pace = ", each when it is empty" if self.at_once == "0" and not self.ends else pace
        then = f"ended after {self.grace}" if self.grace else "waited for"
        waits = f"; on {_nodes(self.jobs)} a job is {then}" if self.jobs else ""
        return f"{count} of {pool} would {done}{pace}{why}{waits}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "node_pool": self.node_pool,
            "operation": "end" if self.ends else "replace",
            "because": list(self.because),
            "at_once": self.at_once,
            "nodes": self.nodes,
            "at_most": self.at_most,
            "with_jobs": self.jobs,
            "jobs_end_after": self.grace,
            "unknown": self.unknown,
            "message": str(self),
        }


@dataclass(frozen=True)
class _Pool:
    """A NodePool of a preview, with the changed fields that replace nodes."""

    name: str
    spec: Mapping[str, Any]
    ends: bool
    fields: Mapping[str, drift.Nodes]

    @property
    def at_once(self) -> str:
        """The budget: the first, or none where one of them keeps nodes from being replaced."""
        budgets = self.spec.get("disruption", {}).get("budgets") or [{}]
        kept = any(one.get("nodes") == "0" for one in budgets)
        return "0" if kept else str(budgets[0].get("nodes", "10%"))

    @property
    def grace(self) -> str | None:
        """How long its nodes wait for their jobs when the NodePool goes; None for ever."""
        grace = self.spec.get("template", {}).get("spec", {}).get("terminationGracePeriod")
        return str(grace) if self.ends and grace else None

    def takes(self, claim: Mapping[str, Any]) -> bool:
        """Whether the change replaces or ends the node of a NodeClaim."""
        labels = claim["metadata"].get("labels", {})
        if labels.get("karpenter.sh/nodepool") != self.name:
            return False
        requirements = self.spec.get("template", {}).get("spec", {}).get("requirements", [])
        reserved = labels.get("karpenter.sh/capacity-type") == "reserved"
        kinds = set(self.fields.values())
        return (
            self.ends
            or bool(kinds & {"all", "some"})
            or ("reserved" in kinds and reserved)
            or ("unfitting" in kinds and not drift.fits(labels, requirements))
        )


def replaced_nodes(context: ReviewContext, report: Report) -> list[ReplacedNodes]:
    """Return what a preview does to running nodes; asks the cluster only if it does anything."""
    pools = list(_pools(report))
    if not pools:
        return []
    try:
        claims, busy = _asked(_cluster(context, report))
    except (OSError, StackyardError) as error:
        return [_unknown(pool, f"the cluster's API is not reached: {error}") for pool in pools]
    return [_counted(pool, claims, busy) for pool in pools]


def _pools(report: Report) -> Iterator[_Pool]:
    steps = report.steps.values()
    classes = {one.id: _fields(one) for one in steps if one.type == NODE_CLASS}
    for step in steps:
        if step.type != NODE_POOL or step.operation == "create":
            continue
        ends = step.kind in {"delete", "replace"}
        spec = ((step.priced_before if ends else step.priced_after) or {}).get("spec", {})
        used = spec.get("template", {}).get("spec", {}).get("nodeClassRef", {}).get("name")
        fields = {} if ends else {**_fields(step), **classes.get(used, {})}
        if ends or fields:
            yield _Pool(step.id or step.name, spec, ends, fields)


def _fields(step: Step) -> dict[str, drift.Nodes]:
    """Return the changed fields of an object that replace nodes."""
    if step.kind != "update":
        return {}
    found = {change.path: drift.replaced_by(step.type, change.path) for change in step.changes}
    return {path: nodes for path, nodes in sorted(found.items()) if nodes != "none"}


def _cluster(context: ReviewContext, report: Report) -> Kube:
    from stackyard_cli.clients.foundation import Clients

    foundation = report.task.upstreams["foundation"]
    contract = contract_of(context.location, FoundationContract, foundation)
    return Clients(context.location.environment, contract).kube


def _asked(kube: Kube) -> tuple[list[Mapping[str, Any]], set[str]]:
    """Return the NodeClaims that are not going, and the nodes with jobs that are waited for."""
    claims = (kube(CLAIMS) or {}).get("items", [])
    staying = [one for one in claims if "deletionTimestamp" not in one["metadata"]]
    pods = (kube(JOB_PODS) or {}).get("items", []) if staying else []
    busy = {
        pod["spec"]["nodeName"]
        for pod in pods
        if pod["metadata"].get("annotations", {}).get(UNDISTURBED) == "true"
    }
    return staying, busy


def _counted(pool: _Pool, claims: Sequence[Mapping[str, Any]], busy: set[str]) -> ReplacedNodes:
    taken = [one for one in claims if pool.takes(one)]
    return ReplacedNodes(
        pool.name,
        pool.ends,
        tuple(pool.fields),
        pool.at_once,
        len(taken),
        at_most="some" in pool.fields.values() and "all" not in pool.fields.values(),
        grace=pool.grace,
        jobs=sum(one.get("status", {}).get("nodeName") in busy for one in taken),
    )


def _unknown(pool: _Pool, reason: str) -> ReplacedNodes:
    fields = tuple(pool.fields)
    return ReplacedNodes(pool.name, pool.ends, fields, pool.at_once, None, unknown=reason)


def _nodes(count: int) -> str:
    return f"{count} node{'s' if count > 1 else ''}"
