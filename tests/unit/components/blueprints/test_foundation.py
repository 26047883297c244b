from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard import contracts
from stackyard.blueprints import catalogue
from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.naming import StackId
from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, granted

STACK = StackId("platform", "foundation", "dev")
ADMIN = "arn:aws:iam::123456789012:role/platform-admin"
OPERATOR = "arn:aws:iam::123456789012:role/ci/stackyard-apply"


def config(**changes: Any) -> dict[str, Any]:
    return {
        "owner": "platform@example.com",
        "account": "123456789012",
        "region": "eu-central-1",
        "admins": [ADMIN],
        "operators": [OPERATOR],
        "cluster": {"node_pools": {"general": {"instance_types": ["m7g.large"]}}},
        "gpu_pools": {
            "training": {"instance_types": ["g5.xlarge"], "max": 4},
            "notebooks": {
                "instance_types": ["g4dn.xlarge"],
                "max": 2,
                "sharing": {"mode": "time-slicing", "replicas": 4},
            },
        },
        **changes,
    }


@pytest.fixture(scope="module")
def made(run: Any) -> Any:
    return run(catalogue.program("foundation", STACK, config(), {}))


def test_every_resource_is_a_child_of_a_component(made: Any) -> None:
    assert len(made.qualified_types) > 80
    assert made.at_the_root() == []


def test_the_contract_is_one_that_downstream_stacks_can_read(made: Any) -> None:
    read = contracts.parse(contracts.FoundationContract, made.contract, str(STACK))
    assert read.cluster_name == "platform-foundation-dev"
    assert read.cluster_endpoint == "https://127.0.0.1:6443"
    assert sorted(read.private_subnets) == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert set(read.key_arns) == {"data", "personal", "secrets", "logs", "images"}
    assert read.gpu_pools["training"].max_gpus == 4
    assert read.admin_arns == [ADMIN]


def test_logical_names_do_not_change_with_the_identity_of_the_stack(run: Any) -> None:
    here = run(catalogue.program("foundation", STACK, config(), {}))
    there = run(catalogue.program("foundation", StackId("p2", "base", "prod"), config(), {}))
    assert set(here.inputs) == set(there.inputs)


def test_gpu_node_groups_agree_with_the_published_facts(made: Any) -> None:
    groups = made.of_type("aws:eks/nodeGroup:NodeGroup")
    group = groups["gpu-training-nodes"]
    facts = made.contract["gpu_pools"]["training"]
    taint = {"key": facts["taint_key"], "value": facts["taint_value"], "effect": "NO_SCHEDULE"}
    assert group["taints"] == [taint]
    assert facts["node_selector"].items() <= group["labels"].items()
    assert group["scalingConfig"] == {"minSize": 0, "maxSize": 4, "desiredSize": 0}


def test_the_autoscaler_is_told_of_shared_gpus_only(made: Any) -> None:
    tags = made.of_type("aws:autoscaling/tag:Tag")
    assert {name: tag["tag"]["value"] for name, tag in tags.items()} == {
        "gpu-notebooks-scale-from-zero": "4"
    }


def test_ordinary_pools_take_the_image_of_their_architecture(made: Any) -> None:
    groups = made.of_type("aws:eks/nodeGroup:NodeGroup")
    images = {name: group["amiType"] for name, group in groups.items() if "pool" in name}
    assert images == {
        "cluster-pool-general-nodes": "AL2023_ARM_64_STANDARD",
        "cluster-pool-system-nodes": "AL2023_x86_64_STANDARD",
    }


def test_only_named_principals_enter_the_cluster(made: Any) -> None:
    (cluster,) = made.of_type("aws:eks/cluster:Cluster").values()
    assert cluster["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert cluster["vpcConfig"]["endpointPublicAccess"] is False
    entries = made.of_type("aws:eks/accessEntry:AccessEntry")
    assert {name: entry["principalArn"] for name, entry in entries.items()} == {
        "cluster-admin-role-platform-admin": ADMIN,
        "cluster-admin-role-stackyard-apply": OPERATOR,
    }


def test_no_role_has_wildcard_actions_or_trusts_everyone(made: Any) -> None:
    policies = made.of_type("aws:iam/rolePolicy:RolePolicy")
    roles = made.of_type("aws:iam/role:Role")
    assert policies
    assert len(roles) >= 5
    for name, inputs in policies.items():
        for statement in json.loads(inputs["policy"])["Statement"]:
            assert not any("*" in action for action in statement["Action"]), name
    for name, inputs in roles.items():
        for statement in json.loads(inputs["assumeRolePolicy"])["Statement"]:
            (service,) = statement["Principal"].values()
            assert service.endswith(".amazonaws.com"), name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"operators": []}, "at least 1 item"),
        ({"operators": ["arn:aws:iam::999999999999:role/x"]}, "not of `account` 123456789012"),
        ({"network": {"zones": ["eu-west-1a", "eu-west-1b"]}}, "zone eu-west-1a is not in"),
        ({"gpu_pools": {"system": {"instance_types": ["g5.xlarge"], "max": 1}}}, "`system`"),
    ],
)
def test_contradictions_between_sections_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FoundationConfig.model_validate(config(**changes))


def test_the_budget_of_a_foundation_notifies_its_owner(run: Any) -> None:
    """A project's budget does so by `monitoring`; a foundation has no such section."""
    limited = catalogue.program("foundation", STACK, config(budget={"monthly_limit": 2000}), {})
    (budget,) = run(limited).of_type("aws:budgets/budget:Budget").values()
    assert budget["limitAmount"] == "2000"
    assert all(notified["subscriberSnsTopicArns"] for notified in budget["notifications"])


def test_without_a_budget_nothing_is_limited(made: Any) -> None:
    assert made.of_type("aws:budgets/budget:Budget") == {}


def test_cloudtrail_can_take_the_role_of_its_log_group(made: Any) -> None:
    """It names neither account nor trail when it does."""
    role = made.of_type("aws:iam/role:Role")["audit-role"]
    service = frozenset({"cloudtrail.amazonaws.com"})
    asked = Asked("sts:AssumeRole", "arn:role", service, "123456789012", {})
    assert "named" in granted(asked, json.loads(role["assumeRolePolicy"]))
