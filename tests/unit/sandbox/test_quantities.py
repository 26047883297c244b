"""Amounts of Kubernetes, and the sizes of instance types in them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stackyard_sandbox.cloud.node_groups import capacity
from stackyard_sandbox.quantities import quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", "2"), ("250m", "0.25"), ("1Ki", "1024"), ("1.5Gi", "1610612736"), ("3k", "3000")],
)
def test_quantities(text: str, number: str) -> None:
    assert quantity(text) == Decimal(number)


def test_instance_types_have_the_sizes_that_aws_says() -> None:
    assert capacity("p4d.24xlarge")["nvidia.com/gpu"] == "8"
    assert capacity("m6i.large") == {"cpu": "2", "memory": "8192Mi"}
