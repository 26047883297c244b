"""What a preview says of running nodes, by what Karpenter replaces and what the cluster answers."""

from __future__ import annotations

from typing import Any, cast
from urllib.error import URLError

import pytest

from stackyard.karpenter.drift import NODE_CLASS, NODE_POOL
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Change, Step
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.errors import StackyardError
from stackyard_cli.reports.comment import entry, rendered
from stackyard_cli.review import replaced_nodes
from stackyard_cli.review.context import ReviewContext

STACK = StackId("platform", "services", "dev")
TYPE, BOUGHT = "node.kubernetes.io/instance-type", "karpenter.sh/capacity-type"


def spec(*types: str, capacity: str = "on-demand", budget: str = "1") -> dict[str, Any]:
    listed = {TYPE: list(types or ["g5.xlarge"]), BOUGHT: [capacity]}
    requirements = [{"key": key, "operator": "In", "values": of} for key, of in listed.items()]
    reference = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "training"}
    template = {"spec": {"nodeClassRef": reference, "requirements": requirements}}
    return {"disruption": {"budgets": [{"nodes": budget}]}, "template": template}


def pool(operation: str, *paths: str, name: str = "training-on-demand", **of: Any) -> Step:
    urn = f"urn:pulumi:dev::p::{NODE_POOL}::gpu-{name}"
    changes = tuple(Change(path, "update") for path in paths)
    inputs = {"spec": spec(**of) if "types" not in of else spec(*of.pop("types"), **of)}
    return Step(
        *("start", urn, NODE_POOL, operation, name),
        changes=changes,
        priced_before=inputs,
        priced_after=inputs,
    )


def node_class(*paths: str) -> Step:
    urn = f"urn:pulumi:dev::p::{NODE_CLASS}::gpu-training-node-class"
    changes = tuple(Change(path, "update") for path in paths)
    return Step("start", urn, NODE_CLASS, "update", "training", changes=changes)


def claim(
    node: str, kind: str = "g5.xlarge", pool: str = "training-on-demand", **metadata: Any
) -> dict[str, Any]:
    bought = pool.removeprefix("training-")
    labels = {"karpenter.sh/nodepool": pool, TYPE: kind, BOUGHT: bought}
    return {"metadata": {"labels": labels, **metadata}, "status": {"nodeName": node}}


def pod(node: str, *, undisturbed: bool = True) -> dict[str, Any]:
    annotations = {"karpenter.sh/do-not-disrupt": "true"} if undisturbed else {}
    return {"metadata": {"annotations": annotations}, "spec": {"nodeName": node}}


class Cluster:
    """Answers for the two lists that a review asks for, and counts the questions."""

    def __init__(self, claims: list[Any], pods: list[Any]) -> None:
        self.claims, self.pods, self.asked = claims, pods, 0

    def __call__(self, path: str) -> Any:
        self.asked += 1
        return {"items": self.claims if path.startswith("/apis/karpenter.sh/") else self.pods}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster([claim("n1"), claim("n2"), claim("n3", pool="other-on-demand")], [pod("n2")])
    monkeypatch.setattr(replaced_nodes, "_cluster", lambda *_: made)
    return made


def told(*steps: Step) -> list[str]:
    return [str(one) for one in _found(*steps)]


def _found(*steps: Step) -> list[replaced_nodes.ReplacedNodes]:
    report = Report(Task(STACK, "services", {}, "", {}), "preview")
    report.steps = {step.urn: step for step in steps}
    return replaced_nodes.replaced_nodes(cast(ReviewContext, None), report)


def test_a_changed_template_replaces_the_nodes_of_its_pool_and_waits_for_jobs(
    cluster: Cluster,
) -> None:
    [line] = told(pool("update", "spec.template.spec.expireAfter", "spec.limits.cpu"))
    assert line == (
        "2 nodes of NodePool `training-on-demand` would be replaced, 1 at a time "
        "(changed: spec.template.spec.expireAfter); on 1 node a job is waited for"
    )


def test_a_changed_class_replaces_the_nodes_of_the_pools_that_use_it(cluster: Cluster) -> None:
    cluster.claims.append(claim("n4", pool="training-spot"))
    lines = told(
        node_class("spec.amiSelectorTerms[0].alias"),
        pool("same", budget="50%"),
        pool("same", name="training-spot", capacity="spot"),
    )
    assert [line.partition(" would")[0] for line in lines] == [
        "2 nodes of NodePool `training-on-demand`",
        "1 node of NodePool `training-spot`",
    ]
    assert "50% at a time" in lines[0]


def test_nodes_that_drift_may_not_touch_are_replaced_when_empty(cluster: Cluster) -> None:
    step = pool("update", "spec.template.spec.expireAfter")
    kept = {"nodes": "0", "reasons": ["Drifted"]}
    assert step.priced_after
    step.priced_after["spec"]["disruption"]["budgets"].append(kept)
    assert "would be replaced, each when it is empty (changed:" in told(step)[0]


def test_what_replaces_no_node_asks_no_cluster(cluster: Cluster) -> None:
    harmless = ("spec.limits.cpu", "spec.weight", "spec.disruption.budgets[0].nodes")
    assert told(pool("update", *harmless, "spec.replicas"), pool("create", name="new")) == []
    assert cluster.asked == 0


def test_changed_requirements_replace_only_nodes_that_no_longer_fit(cluster: Cluster) -> None:
    cluster.claims.append(claim("n4", kind="g5.12xlarge"))
    path = "spec.template.spec.requirements[0].values[1]"
    [line] = told(pool("update", path, types=["g5.xlarge", "g5.2xlarge"]))
    assert line.startswith("1 node of ")
    [line] = told(pool("update", path, types=["g5.xlarge", "g5.12xlarge"]))
    assert line.startswith("no node of ")


def test_changed_reservations_concern_nodes_in_one(cluster: Cluster) -> None:
    cluster.claims.append(claim("n4", pool="training-reserved"))
    lines = told(
        node_class("spec.capacityReservationSelectorTerms[0].id"),
        pool("same"),
        pool("same", name="training-reserved", capacity="reserved"),
    )
    assert [line.partition(" of")[0] for line in lines] == ["no node", "1 node"]


def test_subnets_that_go_replace_up_to_all_nodes(cluster: Cluster) -> None:
    [line] = told(node_class("spec.subnetSelectorTerms[1]"), pool("same"))
    assert line.startswith("up to 2 nodes of ")


def test_nodes_go_with_their_pool(cluster: Cluster) -> None:
    cluster.claims.append(claim("n5", deletionTimestamp="2026-11-29T00:00:00Z"))
    [line] = told(pool("delete"))
    assert line == (
        "2 nodes of NodePool `training-on-demand` would end; on 1 node a job is waited for"
    )
    step = pool("delete")
    assert step.priced_before
    # Spot nodes of training pools have it.
    step.priced_before["spec"]["template"]["spec"]["terminationGracePeriod"] = "100s"
    assert told(step)[0].endswith("; on 1 node a job is ended after 100s")


def test_jobs_that_may_be_disturbed_are_not_waited_for(cluster: Cluster) -> None:
    cluster.pods = [pod("n1", undisturbed=False)]
    [line] = told(pool("update", "spec.template.spec.taints[0].value"))
    assert "job" not in line


@pytest.mark.parametrize(
    "error", [URLError("timed out"), TimeoutError("late"), StackyardError("no contract")]
)
def test_a_cluster_that_does_not_answer_is_no_cluster_without_nodes(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def silent(*_: object) -> Any:
        raise error

    monkeypatch.setattr(replaced_nodes, "_cluster", silent)
    [one] = _found(pool("update", "spec.template.spec.expireAfter"))
    assert one.to_dict()["nodes"] is None
    assert "how many run is unknown" in str(one)
    assert "would be replaced" in str(one)


def test_the_comment_shows_replaced_nodes_before_changed_access(cluster: Cluster) -> None:
    found = [*_found(pool("update", "spec.template.spec.expireAfter"))]
    steps = [{"operation": "update", "type": "aws:iam/role:Role", "name": "one", "paths": []}]
    content = {"stack": str(STACK), "steps": steps, "nodes": [one.to_dict() for one in found]}
    lines = [line for line in rendered([entry(content)]).splitlines() if line.startswith("- ")]
    assert "replaces nodes: `2 nodes of NodePool" in lines[0]
    assert "changes access" in lines[1]


def test_a_pool_without_nodes_is_no_risk_in_the_comment(cluster: Cluster) -> None:
    cluster.claims = []
    [one] = _found(pool("update", "spec.template.spec.expireAfter"))
    text = rendered([entry({"stack": str(STACK), "nodes": [one.to_dict()]})])
    assert "replaces nodes" not in text
