"""Every kind that the components use, through its life: created, unchanged, read, deleted."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes import client, dynamic

from stackyard import kubernetes

from .conftest import ClusterStack

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

RBAC = "rbac.authorization.k8s.io"
LABELS = {"app": "all"}
CONTAINER = {
    "name": "main",
    "image": "example.invalid/main:1",
    "env": [{"name": "MODE", "value": "test"}],
    "ports": [{"containerPort": 8080}],
    "resources": {"requests": {"cpu": "0.05", "memory": "65536Ki"}, "limits": {"cpu": "1000m"}},
    "readinessProbe": {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 5},
    "securityContext": {},
}
POD = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER], "volumes": []}}
ONCE = {
    "metadata": {"labels": {"app": "once"}},
    "spec": {"containers": [{"name": "a", "image": "a"}], "restartPolicy": "Never"},
}
WORKLOAD = {"selector": {"matchLabels": LABELS}, "template": POD}
CLAIM = {
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "all",
    "resources": {"requests": {"storage": "1024Mi"}},
}
SCHEMA = {
    "openAPIV3Schema": {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {"size": {"type": "integer"}, "ratio": {"type": "number"}},
            }
        },
    }
}
POLICY = {
    "failurePolicy": "Fail",
    "matchConstraints": {
        "resourceRules": [
            {
                "apiGroups": ["apps"],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["deployments"],
            }
        ]
    },
    "validations": [{"expression": "object.spec.replicas < 1000", "message": "too many"}],
}

# Apiversion and kind -> inputs without name and namespace. Values are written as people write
# them, which is not how the API server gives them back: that must not show as a change.
KINDS: dict[tuple[str, str], dict[str, Any]] = {
    ("core/v1", "ResourceQuota"): {"spec": {"hard": {"requests.cpu": "4000m", "pods": "20"}}},
    ("core/v1", "LimitRange"): {
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "0.01"}}]}
    },
    ("core/v1", "ServiceAccount"): {"automountServiceAccountToken": False},
    ("core/v1", "ConfigMap"): {"data": {"app.yaml": "a: 1\n"}},
    ("core/v1", "Secret"): {"stringData": {"password": "of-a-test"}, "type": "Opaque"},
    ("core/v1", "Service"): {
        "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": "web", "name": "web"}]}
    },
    ("core/v1", "PersistentVolumeClaim"): {"spec": CLAIM},
    (f"{RBAC}/v1", "Role"): {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    },
    (f"{RBAC}/v1", "RoleBinding"): {
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "all"},
        "subjects": [{"kind": "Group", "name": "stackyard:all:scientists", "apiGroup": RBAC}],
    },
    (f"{RBAC}/v1", "ClusterRole"): {
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    },
    (f"{RBAC}/v1", "ClusterRoleBinding"): {
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "all"},
        "subjects": [{"kind": "ServiceAccount", "name": "all", "namespace": "all"}],
    },
    ("networking.k8s.io/v1", "NetworkPolicy"): {
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}],
        }
    },
    ("apps/v1", "Deployment"): {"spec": {"replicas": 1, **WORKLOAD}},
    ("apps/v1", "StatefulSet"): {"spec": {"serviceName": "all", "replicas": 2, **WORKLOAD}},
    ("apps/v1", "DaemonSet"): {"spec": WORKLOAD},
    ("batch/v1", "Job"): {"spec": {"backoffLimit": 0, "template": ONCE}},
    ("batch/v1", "CronJob"): {
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": ONCE}}}
    },
    ("core/v1", "Pod"): {"spec": {"containers": [CONTAINER]}},
    ("autoscaling/v2", "HorizontalPodAutoscaler"): {
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "all"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }
            ],
        }
    },
    ("policy/v1", "PodDisruptionBudget"): {
        "spec": {"minAvailable": "50%", "selector": {"matchLabels": LABELS}}
    },
    ("scheduling.k8s.io/v1", "PriorityClass"): {"value": 1000, "description": "of a test"},
    ("storage.k8s.io/v1", "StorageClass"): {
        "provisioner": "ebs.csi.aws.com",
        "parameters": {"type": "gp3"},
        "volumeBindingMode": "WaitForFirstConsumer",
    },
    ("node.k8s.io/v1", "RuntimeClass"): {"handler": "nvidia"},
    ("coordination.k8s.io/v1", "Lease"): {
        "spec": {"holderIdentity": "all", "leaseDurationSeconds": 30}
    },
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"): {"spec": POLICY},
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"): {
        "spec": {"policyName": "all", "validationActions": ["Deny"]}
    },
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): {
        "spec": {
            "group": "test.stackyard.dev",
            "names": {"kind": "Pool", "plural": "pools"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": SCHEMA}],
        }
    },
    ("test.stackyard.dev/v1", "Pool"): {"spec": {"size": 3, "ratio": 0.5}},
}

SPECIAL_NAMES = {"CustomResourceDefinition": "pools.test.stackyard.dev"}
AFTER = {
    "PersistentVolumeClaim": ["StorageClass"],
    "Service": ["Deployment"],
    "Pool": ["CustomResourceDefinition"],
}
"""What must be there first; for the others, order does not matter."""


class AnyObject(pulumi.CustomResource):
    """A resource of any kind from plain data, as it goes over the wire."""

    def __init__(
        self, token: str, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(token, name, {**inputs, "status": None}, opts)


def declare(cluster: k8s.Provider) -> None:
    space = k8s.core.v1.Namespace(
        "space",
        metadata=k8s.meta.v1.ObjectMetaArgs(name="all"),
        opts=pulumi.ResourceOptions(provider=cluster),
    )
    made: dict[str, pulumi.Resource] = {}

    def make(api_version: str, kind: str) -> pulumi.Resource:
        if kind not in made:
            first = [make(*key) for key in KINDS if key[1] in AFTER.get(kind, [])]
            metadata = {"name": SPECIAL_NAMES.get(kind, "all")}
            opts = pulumi.ResourceOptions(provider=cluster, depends_on=[space, *first])
            # As the SDK's classes do: the provider reads the kind from the object.
            named = {"apiVersion": api_version.removeprefix("core/"), "kind": kind}
            inputs = {**named, "metadata": metadata, **KINDS[api_version, kind]}
            made[kind] = AnyObject(f"kubernetes:{api_version}:{kind}", kind, inputs, opts)
        return made[kind]

    for key in KINDS:
        make(*key)


def test_kinds_live_and_die(stack: ClusterStack, api: client.ApiClient) -> None:
    stack.settings["namespace"] = "all"
    stack.program = declare
    count = len(KINDS) + 3
    assert stack.up() == {"create": count}
    found = dynamic.DynamicClient(api)
    for group_version, kind in KINDS:
        resource = found.resources.get(api_version=group_version.removeprefix("core/"), kind=kind)
        namespace = "all" if resource.namespaced else None
        resource.get(name=SPECIAL_NAMES.get(kind, "all"), namespace=namespace)

    assert stack.steps() == {}
    assert stack.preview() == {"same": count}
    assert stack.refresh() == {"same": count}
    assert stack.steps() == {}

    stack.destroy()
    core = client.CoreV1Api(api)
    assert "all" not in [item.metadata.name for item in core.list_namespace().items]
    assert (
        not client.RbacAuthorizationV1Api(api)
        .list_cluster_role_binding(field_selector="metadata.name=all")
        .items
    )


def test_restricted_pods_are_admitted_where_others_are_not(stack: ClusterStack) -> None:
    restricted = False

    def program(cluster: k8s.Provider) -> None:
        opts = pulumi.ResourceOptions(provider=cluster)
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        space = k8s.core.v1.Namespace("space", metadata={"labels": labels}, opts=opts)
        context = kubernetes.restricted_container() if restricted else None
        main = k8s.core.v1.ContainerArgs(name="main", image="a", security_context=context)
        spec = k8s.core.v1.PodSpecArgs(
            containers=[main],
            security_context=kubernetes.restricted_pod(user=1000) if restricted else None,
        )
        name = space.metadata.name
        k8s.core.v1.Pod("pod", metadata={"name": "pod", "namespace": name}, spec=spec, opts=opts)

    stack.program = program
    assert 'violates PodSecurity "restricted' in stack.error(stack.up)
    restricted = True
    assert stack.up()["create"] == 1


def test_a_definition_and_its_objects_come_in_one_run(
    stack: ClusterStack, api: client.ApiClient
) -> None:
    size = 1

    def program(cluster: k8s.Provider) -> None:
        opts = pulumi.ResourceOptions(provider=cluster)
        kinds = {"kind": "Shelf", "plural": "shelves"}
        number = k8s.apiextensions.v1.JSONSchemaPropsArgs(type="integer")
        spec = k8s.apiextensions.v1.JSONSchemaPropsArgs(type="object", properties={"size": number})
        schema = k8s.apiextensions.v1.JSONSchemaPropsArgs(type="object", properties={"spec": spec})
        version = k8s.apiextensions.v1.CustomResourceDefinitionVersionArgs(
            name="v1",
            served=True,
            storage=True,
            schema=k8s.apiextensions.v1.CustomResourceValidationArgs(open_apiv3_schema=schema),
        )
        definition = k8s.apiextensions.v1.CustomResourceDefinition(
            "definition",
            metadata={"name": "shelves.once.example"},
            spec=k8s.apiextensions.v1.CustomResourceDefinitionSpecArgs(
                group="once.example",
                names=k8s.apiextensions.v1.CustomResourceDefinitionNamesArgs(**kinds),
                scope="Namespaced",
                versions=[version],
            ),
            opts=opts,
        )
        k8s.apiextensions.CustomResource(
            "shelf",
            api_version="once.example/v1",
            kind="Shelf",
            metadata={"name": "one"},
            spec={"size": size},
            opts=pulumi.ResourceOptions(provider=cluster, depends_on=[definition]),
        )

    stack.program = program
    assert stack.preview() == {"create": 4}
    assert stack.up() == {"create": 4}
    size = 2
    assert stack.steps() == {"shelf": ("update", ["spec.size"])}
    stack.up()
    custom = client.CustomObjectsApi(api)
    where = ("once.example", "v1", "default", "shelves", "one")
    assert custom.get_namespaced_custom_object(*where)["spec"] == {"size": 2}
    size = "two"  # type: ignore[assignment] # the mistake that is tested
    assert "spec.size" in stack.error(stack.preview)
