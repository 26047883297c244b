"""A cluster with Karpenter in it, declared without our components, and what tests change in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import yaml
from kubernetes import client, config, utils
from kubernetes.client.exceptions import NotFoundException

from stackyard_sandbox import toolchain
from stackyard_sandbox.state import Sandbox
from tests.support.clients import REGION, Clients

from .karpenter_declared import (
    CLUSTER,
    NAMESPACE,
    QUEUE,
    account,
    deployment,
    plugin,
    roles,
    statements,
)
from .karpenter_pods import pod_template, until

AMI = "al2023@v20260512"
IDLE = "5s"


class KarpenterCluster:
    """Independent clients of the cluster, and what tests change in it."""

    def __init__(self, sandbox: Sandbox, aws: Clients) -> None:
        self.aws, self.sandbox = aws, sandbox
        self.subnets, self.group = _network(aws)
        self.node_role = _role(aws, "karpenter-node", "ec2.amazonaws.com")
        _profile(aws, "karpenter-node")
        self.controller_role = _role(aws, "karpenter", "pods.eks.amazonaws.com")
        self._make_cluster()
        self.api = config.new_client_from_config(str(sandbox.kubeconfig), CLUSTER)
        self.core = client.CoreV1Api(self.api)
        self.custom = client.CustomObjectsApi(self.api)
        self.rbac = client.RbacAuthorizationV1Api(self.api)
        self.endpoint = self.api.configuration.host
        aws("sqs").create_queue(QueueName=QUEUE)
        self.allow(statements())
        self._declare()

    def _make_cluster(self) -> None:
        eks = self.aws("eks")
        system = _role(self.aws, "system-node", "ec2.amazonaws.com")
        eks.create_cluster(
            name=CLUSTER,
            version="1.36",
            roleArn=_role(self.aws, "cluster", "eks.amazonaws.com"),
            resourcesVpcConfig={"subnetIds": self.subnets},
            accessConfig={"authenticationMode": "API"},
        )
        eks.create_nodegroup(
            clusterName=CLUSTER,
            nodegroupName="system",
            nodeRole=system,
            subnets=self.subnets,
            instanceTypes=["m6i.large"],
            scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 1},
        )
        eks.create_access_entry(clusterName=CLUSTER, principalArn=self.node_role, type="EC2_LINUX")
        eks.create_pod_identity_association(
            clusterName=CLUSTER,
            namespace=NAMESPACE,
            serviceAccount="karpenter",
            roleArn=self.controller_role,
        )

    def allow(self, given: list[dict[str, Any]]) -> None:
        """Give the controller's role these statements and no others."""
        document = json.dumps({"Version": "2012-10-17", "Statement": given})
        self.aws("iam").put_role_policy(
            RoleName="karpenter", PolicyName="karpenter", PolicyDocument=document
        )

    def _declare(self) -> None:
        for file in toolchain.karpenter_definitions():
            utils.create_from_dict(self.api, yaml.safe_load(file.read_text()))
        for each in (*account(), *roles(), deployment(self.endpoint), plugin()):
            utils.create_from_dict(self.api, each)

    def node_class(self, name: str, **changes: Any) -> None:
        """Make an EC2NodeClass."""
        spec = {
            "amiSelectorTerms": [{"alias": AMI}],
            "instanceProfile": "karpenter-node",
            "subnetSelectorTerms": [{"id": subnet} for subnet in self.subnets],
            "securityGroupSelectorTerms": [{"id": self.group}],
            **changes,
        }
        self._make("karpenter.k8s.aws", "EC2NodeClass", name, spec)

    def node_pool(self, name: str, node_class: str, types: list[str], **changes: Any) -> None:
        """Make a NodePool whose nodes are tainted and labelled with its name.

        `changes` are of its specification, `capacity` of its requirements, and `node` of its nodes.
        """
        node = {"expireAfter": "24h", **changes.pop("node", {})}
        capacity = changes.pop("capacity", ["on-demand"])
        spec = {
            "limits": {"nvidia.com/gpu": "2"},
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": IDLE},
            **changes,
            "template": {
                "metadata": {"labels": {"pool": name}},
                "spec": {
                    "nodeClassRef": {
                        "group": "karpenter.k8s.aws",
                        "kind": "EC2NodeClass",
                        "name": node_class,
                    },
                    **node,
                    "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}],
                    "requirements": [
                        _in("node.kubernetes.io/instance-type", types),
                        _in("karpenter.sh/capacity-type", capacity),
                    ],
                },
            },
        }
        self._make("karpenter.sh", "NodePool", name, spec)

    def ready_pool(self, name: str, types: list[str], **changes: Any) -> None:
        """Make a NodePool and its class, both of this name; wait until Karpenter accepts them."""
        self.node_class(name)
        self.node_pool(name, name, types, **changes)
        self.until_ready(name)

    def until_ready(self, name: str) -> None:
        """Wait until Karpenter accepts an EC2NodeClass."""
        until(lambda: self.conditions(name).get("Ready", {}).get("status") == "True")

    def _make(self, group: str, kind: str, name: str, spec: dict[str, Any]) -> None:
        body = {
            "apiVersion": f"{group}/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        }
        plural = "ec2nodeclasses" if kind == "EC2NodeClass" else "nodepools"
        self.custom.create_cluster_custom_object(group, "v1", plural, body)

    def remove(self, name: str) -> None:
        """Delete the NodePool and the EC2NodeClass of a name."""
        for group, plural in (
            ("karpenter.sh", "nodepools"),
            ("karpenter.k8s.aws", "ec2nodeclasses"),
        ):
            self.custom.delete_cluster_custom_object(group, "v1", plural, name)

    def gpu_pod(self, name: str, pool: str, gpus: int = 1, **more: Any) -> None:
        """Make a pod that asks for GPUs of a pool; `more` as in `pod_template`."""
        template = pod_template(pool, gpus, **more)
        template["metadata"]["name"] = name
        self.core.create_namespaced_pod("default", template)

    def gpu_pods(self) -> Iterator[Callable[..., None]]:
        """Yield what makes GPU pods; in the end they are deleted, and their nodes go."""
        made: list[str] = []

        def make(name: str, pool: str = "gpu", gpus: int = 1, **more: Any) -> None:
            self.gpu_pod(name, pool, gpus, **more)
            made.append(name)

        yield make
        self.clear(made)
        until(lambda: not self.instances() and not self.all_nodes())

    def clear(self, pods: list[str]) -> None:
        """End pods, and the nodes that were made for them; both may have gone by themselves."""
        for name in pods:
            with suppress(NotFoundException):
                self.core.delete_namespaced_pod(name, "default", grace_period_seconds=0)
        self.custom.delete_collection_cluster_custom_object("karpenter.sh", "v1", "nodeclaims")

    def phase(self, name: str) -> str:
        """Phase of a pod."""
        return str(self.core.read_namespaced_pod(name, "default").status.phase)

    def runs(self, name: str) -> Callable[[], bool]:
        """Return a function that says whether a pod runs."""
        return lambda: self.phase(name) == "Running"

    def drifts(self, pool: str) -> bool:
        """Whether Karpenter would replace a node of a pool."""
        found = [each for claim in self.claims(pool) for each in claim["status"]["conditions"]]
        return ("Drifted", "True") in [(each["type"], each["status"]) for each in found]

    def interrupt(self, instance: str) -> None:
        """Send what EventBridge sends when AWS takes a spot instance back."""
        warning = {
            "version": "0",
            "id": "1e5527d7-bb36-4607-3370-4164db56a40e",
            "detail-type": "EC2 Spot Instance Interruption Warning",
            "source": "aws.ec2",
            "account": "123456789012",
            "time": "2026-11-29T00:00:00Z",
            "region": REGION,
            "resources": [f"arn:aws:ec2:{REGION}a:instance/{instance}"],
            "detail": {"instance-id": instance, "instance-action": "terminate"},
        }
        sqs = self.aws("sqs")
        queue = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(warning))

    def nodes(self, pool: str) -> list[Any]:
        """The nodes of a pool."""
        found = self.core.list_node(label_selector=f"karpenter.sh/nodepool={pool}").items
        return list(found)

    def all_nodes(self) -> list[Any]:
        """The nodes of all pools."""
        return list(self.core.list_node(label_selector="karpenter.sh/nodepool").items)

    def claims(self, pool: str) -> list[Any]:
        """The NodeClaims of a pool."""
        found = self.custom.list_cluster_custom_object(
            "karpenter.sh", "v1", "nodeclaims", label_selector=f"karpenter.sh/nodepool={pool}"
        )
        return list(found["items"])

    def conditions(self, name: str) -> dict[str, Any]:
        """The conditions of an EC2NodeClass by type."""
        found: Any = self.custom.get_cluster_custom_object(
            "karpenter.k8s.aws", "v1", "ec2nodeclasses", name
        )
        return {each["type"]: each for each in found.get("status", {}).get("conditions", [])}

    def classes(self) -> list[str]:
        """The names of all EC2NodeClasses."""
        found: Any = self.custom.list_cluster_custom_object(
            "karpenter.k8s.aws", "v1", "ec2nodeclasses"
        )
        return [each["metadata"]["name"] for each in found["items"]]

    def instances(self) -> list[Any]:
        """The instances that run."""
        answer = self.aws("ec2").describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        )
        return [each for group in answer["Reservations"] for each in group["Instances"]]


def _in(key: str, values: list[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": values}


def _network(aws: Clients) -> tuple[list[str], str]:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )
        for at, zone in enumerate("ab")
    ]
    return [each["Subnet"]["SubnetId"] for each in subnets], group["GroupId"]


def _role(aws: Clients, name: str, service: str) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def _profile(aws: Clients, name: str) -> None:
    aws("iam").create_instance_profile(InstanceProfileName=name)
    aws("iam").add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
