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
        "cluster": {"system_nodes": {"instance_types": ["m7g.large"]}},
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
    assert read.kubernetes_version == "1.35"
    assert read.node_role_arn
    assert read.isolated is False
    assert read.admin_arns == [ADMIN]


def test_logical_names_do_not_change_with_the_identity_of_the_stack(run: Any) -> None:
    here = run(catalogue.program("foundation", STACK, config(), {}))
    there = run(catalogue.program("foundation", StackId("p2", "base", "prod"), config(), {}))
    assert set(here.inputs) == set(there.inputs)


def test_the_system_nodes_are_of_one_size_and_nothing_else_changes_it(made: Any) -> None:
    """An update of minimum and maximum takes the size along: EKS refuses one outside of them."""
    (group,) = made.of_type("aws:eks/nodeGroup:NodeGroup").values()
    assert group["scalingConfig"] == {"minSize": 2, "maxSize": 2, "desiredSize": 2}
    assert group["amiType"] == "AL2023_ARM_64_STANDARD"
    assert "taints" not in group


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({"system_nodes": {"instance_types": ["m7g.xlarge"]}}, True),
        ({"system_nodes": {"instance_types": ["m7g.large"], "nodes": 3}}, False),
        ({"system_nodes": {"instance_types": ["m7g.large"], "volume_gib": 80}}, False),
    ],
)
def test_what_eks_cannot_change_makes_a_group_of_another_name(
    run: Any, made: Any, changes: dict[str, Any], new: bool
) -> None:
    """With the same name the old nodes, and DNS with them, would go before the new ones come."""
    changed = run(catalogue.program("foundation", STACK, config(cluster=changes), {}))
    (before,) = made.of_type("aws:eks/nodeGroup:NodeGroup").values()
    (after,) = changed.of_type("aws:eks/nodeGroup:NodeGroup").values()
    assert (before["nodeGroupName"] != after["nodeGroupName"]) is new


def test_nodes_of_karpenter_may_join_and_nothing_more(made: Any) -> None:
    entries = made.of_type("aws:eks/accessEntry:AccessEntry")
    assert entries["cluster-karpenter-nodes-entry"]["type"] == "EC2_LINUX"
    (profile,) = made.of_type("aws:iam/instanceProfile:InstanceProfile").values()
    attached = made.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    policies = [
        one["policyArn"].rpartition("/")[2]
        for one in attached.values()
        if one["role"] == profile["role"]
    ]
    assert sorted(policies) == ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"]


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
        "cluster-karpenter-nodes-entry": "arn:aws:mock:::cluster-karpenter-nodes-role",
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
