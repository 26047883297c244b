"""When objects count as ready, and how waits end."""

import threading
import time
from typing import Any

import pytest

from stackyard_sandbox.provider.kubernetes import waits
from stackyard_sandbox.provider.kubernetes.client import Object, Resource
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.kubernetes.pods import pod_problems
from stackyard_sandbox.provider.kubernetes.readiness import WAITS, Wait, wait_of, waiting


class Cluster:
    """A cluster that answers from a table of paths; lists are empty unless given."""

    def __init__(self, objects: dict[str, Any] | None = None) -> None:
        self.objects = objects or {}
        self.written: dict[str, Any] = {}

    def resource(self, api_version: str, kind: str) -> Resource:
        return Resource(f"/{api_version}", kind, namespaced=kind != "StorageClass")

    def get(self, path: str) -> Object | None:
        return self.objects.get(path)

    def list(self, path: str, _selector: str) -> list[Object]:
        return list(self.objects.get(path, []))

    def merge(self, path: str, body: Object) -> None:
        self.written[path] = body


def live(spec: Any = None, generation: int = 1, **status: Any) -> Object:
    metadata = {"name": "a", "namespace": "b", "generation": generation}
    return {"metadata": metadata, "spec": spec or {}, "status": status}


def condition(kind: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, **more}]}


SEEN = {"observedGeneration": 1}
ONE = {**SEEN, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
SET: Object = {**SEEN, "readyReplicas": 1, "currentRevision": "x", "updateRevision": "x"}
DAEMONS = {**SEEN, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}
STUCK = condition("Progressing", "False", reason="ProgressDeadlineExceeded")

STATES: list[tuple[str, Object, str]] = [
    ("Deployment", live({"replicas": 1}, **ONE), "ready"),
    ("Deployment", live({"replicas": 0}, **SEEN), "ready"),
    ("Deployment", live({"replicas": 1}, generation=2, **ONE), "waiting"),
    ("Deployment", live({"replicas": 2}, **ONE), "waiting"),
    ("Deployment", live({"replicas": 1}, **{**ONE, "replicas": 2}), "waiting"),
    ("Deployment", live({"replicas": 1}, **{**ONE, "updatedReplicas": 0}), "waiting"),
    ("Deployment", live({"replicas": 1}, **SEEN, **STUCK), "failed"),
    ("StatefulSet", live({"replicas": 1}, **SET), "ready"),
    ("StatefulSet", live({"replicas": 2}, **SET), "waiting"),
    ("StatefulSet", live({"replicas": 1}, **{**SET, "updateRevision": "y"}), "waiting"),
    ("DaemonSet", live(**DAEMONS), "ready"),
    ("DaemonSet", live(**{**DAEMONS, "numberAvailable": 0}), "waiting"),
    ("DaemonSet", live(generation=2, **DAEMONS), "waiting"),
    ("Job", live(**condition("Complete")), "ready"),
    ("Job", live({"suspend": True}), "ready"),
    ("Job", live(active=1), "waiting"),
    ("Job", live(**condition("Failed", reason="BackoffLimitExceeded")), "failed"),
    ("Pod", live(**condition("Ready")), "ready"),
    ("Pod", live(phase="Succeeded"), "ready"),
    ("Pod", live(phase="Pending"), "waiting"),
    ("Pod", live(phase="Failed"), "failed"),
    ("PersistentVolume", live(phase="Available"), "ready"),
    ("PersistentVolume", live(phase="Pending"), "waiting"),
    ("PersistentVolumeClaim", live(phase="Bound"), "ready"),
    ("PersistentVolumeClaim", live(phase="Pending"), "waiting"),
    ("ResourceQuota", live({"hard": {"pods": "1"}}, hard={"pods": "1"}), "ready"),
    ("ResourceQuota", live({"hard": {"pods": "1"}}), "waiting"),
    ("CustomResourceDefinition", live(**condition("Established")), "ready"),
    ("CustomResourceDefinition", live(**condition("Established", "False")), "waiting"),
    ("Service", live({"clusterIP": "None", "selector": {"a": "b"}}), "ready"),
    ("Service", live({"clusterIP": "10.0.0.1"}), "ready"),
    ("Service", live({"clusterIP": "10.0.0.1", "selector": {"a": "b"}}), "waiting"),
]
RULES = {kind: wait.rule for (_, kind), wait in WAITS.items()}


@pytest.mark.parametrize(("kind", "found", "state"), STATES)
def test_states(kind: str, found: Object, state: str) -> None:
    assert RULES[kind](Cluster(), found).state == state  # type: ignore[arg-type] # a stand-in


def test_most_kinds_are_not_waited_for() -> None:
    assert wait_of(Kind("v1", "ConfigMap")) is None
    assert wait_of(Kind("networking.k8s.io/v1", "Ingress")) is None
    assert wait_of(Kind("batch.volcano.sh/v1", "Job")) is None


def test_a_service_is_ready_with_its_first_ready_endpoint() -> None:
    service = live({"clusterIP": "10.0.0.1", "selector": {"a": "b"}})
    path = "/discovery.k8s.io/v1/namespaces/b/EndpointSlice"
    for ready, state in ((False, "waiting"), (True, "ready")):
        slices = [{"endpoints": [{"conditions": {"ready": ready}}]}]
        cluster: Any = Cluster({path: slices})
        assert RULES["Service"](cluster, service).state == state


def test_a_load_balancer_gets_an_address_from_the_sandbox() -> None:
    cluster: Any = Cluster()
    service = live({"type": "LoadBalancer"}, loadBalancer={})
    assert RULES["Service"](cluster, service).state == "waiting"
    written = cluster.written["/v1/namespaces/b/Service/a/status"]
    assert RULES["Service"](cluster, {**service, **written}).state == "ready"


def test_a_claim_that_binds_on_first_use_is_not_waited_for() -> None:
    claim = live({"storageClassName": "gp3"}, phase="Pending")
    mode = {"volumeBindingMode": "WaitForFirstConsumer"}
    cluster: Any = Cluster({"/storage.k8s.io/v1/StorageClass/gp3": mode})
    assert RULES["PersistentVolumeClaim"](cluster, claim).state == "ready"


def test_pods_tell_why_they_do_not_run() -> None:
    pending = condition("PodScheduled", "False", reason="Unschedulable", message="no GPU")
    crashed = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
    killed = {"state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
    fine = {"state": {"waiting": {"reason": "ContainerCreating"}}}
    statuses = [{"name": "x", **crashed}, {"name": "y", **killed}, {"name": "z", **fine}]
    pods = [live(**pending), live(containerStatuses=statuses), live(phase="Running")]
    assert pod_problems(pods) == (
        "pod a: Unschedulable: no GPU",
        "pod a: container x CrashLoopBackOff: back-off; container y OOMKilled: exit code 137",
    )


def test_the_limit_is_the_options_then_the_annotations_then_the_kinds() -> None:
    annotated = {"metadata": {"annotations": {waits.TIMEOUT: "7"}}}
    assert waits.limit(5, annotated, 600) == 5
    assert waits.limit(0, annotated, 600) == 7
    assert waits.limit(0, {"metadata": {}}, 600) == 600


def test_a_cancelled_run_ends_its_waits_at_once() -> None:
    cluster: Any = Cluster({"/a": live()})
    never = Wait(lambda _client, _live: waiting("no pods"))
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    started = time.monotonic()
    assert waits.until_ready(cluster, "/a", never, 60, cancelled) == [
        "the run was cancelled",
        "no pods",
    ]
    assert time.monotonic() - started < 5


def test_waits_end_with_their_time_and_say_what_is_missing() -> None:
    cluster: Any = Cluster({"/a": live()})
    never = Wait(lambda _client, _live: waiting("no pods"))
    found = waits.until_ready(cluster, "/a", never, 0.1, threading.Event())
    assert found == ["not ready after 0.1 s", "no pods"]
    gone = waits.until_ready(cluster, "/b", never, 0.1, threading.Event())
    assert gone == ["it was deleted while it was waited for"]


def test_a_deletion_is_over_when_another_object_has_the_name() -> None:
    held = {"metadata": {"uid": "1", "finalizers": ["a/b"]}}
    cluster: Any = Cluster({"/a": held})
    assert waits.until_gone(cluster, "/a", "0", 0.1, threading.Event()) == []
    assert waits.until_gone(cluster, "/b", "1", 0.1, threading.Event()) == []
    found = waits.until_gone(cluster, "/a", "1", 0.1, threading.Event())
    assert found == ["still there after 0.1 s", "finalizers: a/b"]
