"""Contracts of upstream stacks, as plain outputs: what a stack of the stage dev reads."""

from __future__ import annotations

from typing import Any

from stackyard.contracts import FoundationContract, ServicesContract
from stackyard.naming import StackId

ACCOUNT = "123456789012"
REGION = "eu-central-1"
FOUNDATION = StackId("platform", "foundation", "dev")
SERVICES = StackId("platform", "services", "dev")
CLUSTER = "platform-foundation-dev"
KEY_PURPOSES = ("data", "personal", "secrets", "logs", "images")

GPU_POOL: dict[str, Any] = {
    "version": 1,
    "node_selector": {"stackyard.dev/gpu-pool": "training"},
    "taint_key": "nvidia.com/gpu",
    "taint_value": "training",
    "resource": "nvidia.com/gpu",
    "gpus_per_node": 1,
    "max_gpus": 4,
}
"""The GPU pool `training` as the services stack promises it."""


def foundation(**changes: Any) -> dict[str, Any]:
    """The outputs of a foundation with one cluster ; `changes` replace fields."""
    return {
        "version": FoundationContract.VERSION,
        "stage": "dev",
        "account": ACCOUNT,
        "region": REGION,
        "vpc_id": "vpc-1",
        "vpc_cidr": "10.10.0.0/16",
        "private_subnets": {f"{REGION}a": "subnet-a", f"{REGION}b": "subnet-b"},
        "cluster_name": CLUSTER,
        "cluster_endpoint": "https://127.0.0.1:6443",
        "cluster_ca": "Y2E=",
        "cluster_security_group": "sg-1",
        "key_arns": {
            purpose: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{purpose}" for purpose in KEY_PURPOSES
        },
        "kubernetes_version": "1.35",
        "node_role_arn": f"arn:aws:iam::{ACCOUNT}:role/{CLUSTER}-karpenter-nodes",
        "node_instance_profile": f"{CLUSTER}-karpenter-nodes",
        **changes,
    }


def services(**changes: Any) -> dict[str, Any]:
    """The outputs of the shared services on that cluster."""
    return {
        "version": ServicesContract.VERSION,
        "stage": "dev",
        "cluster_name": CLUSTER,
        "priority_classes": [],
        "gpu_pools": {},
        **changes,
    }
