"""What the imitated autoscaler knows of pods and of the instance types' sizes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from stackyard_sandbox.cloud import pods
from stackyard_sandbox.cloud.node_groups import capacity

TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}


def pod(*containers: Any, **spec: Any) -> Any:
    return {"spec": {"containers": [{"resources": each} for each in containers], **spec}}


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", "2"), ("250m", "0.25"), ("1Ki", "1024"), ("1.5Gi", "1610612736"), ("3k", "3000")],
)
def test_quantities(text: Any, number: Any) -> None:
    assert pods.quantity(text) == Decimal(number)


def test_a_pod_asks_for_its_containers_together_or_its_largest_init_container() -> None:
    init = [{"resources": {"requests": {"cpu": "4"}}}]
    asking = pod({"requests": {"cpu": "1"}}, {"limits": {"cpu": "500m"}}, initContainers=init)
    assert pods.requests(asking) == {"cpu": Decimal(4)}
    assert not pods.fits(pods.requests(asking), pods.amounts({"cpu": "3"}))
    assert not pods.fits({"nvidia.com/gpu": Decimal(1)}, pods.amounts({"cpu": "3"}))


@pytest.mark.parametrize(
    ("toleration", "does"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "nvidia.com/gpu", "value": "true"}, True),
        ({"key": "nvidia.com/gpu", "value": "other"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_tolerations(toleration: Any, does: Any) -> None:
    assert pods.tolerates(pod(tolerations=[toleration]), [TAINT]) is does
    assert pods.tolerates(pod(), [{**TAINT, "effect": "PreferNoSchedule"}])


@pytest.mark.parametrize(
    ("rule", "does"),
    [
        ({"operator": "In", "key": "pool", "values": ["gpu"]}, True),
        ({"operator": "NotIn", "key": "pool", "values": ["gpu"]}, False),
        ({"operator": "Exists", "key": "pool"}, True),
        ({"operator": "DoesNotExist", "key": "pool"}, False),
    ],
)
def test_affinity(rule: Any, does: Any) -> None:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    asking = pod(affinity={"nodeAffinity": required})
    assert pods.accepts(asking, {"pool": "gpu"}) is does
    assert not pods.accepts(pod(nodeSelector={"pool": "cpu"}), {"pool": "gpu"})


def test_instance_types_have_the_sizes_that_aws_says() -> None:
    assert capacity("p4d.24xlarge")["nvidia.com/gpu"] == "8"
    assert capacity("m6i.large") == {"cpu": "2", "memory": "8192Mi"}
