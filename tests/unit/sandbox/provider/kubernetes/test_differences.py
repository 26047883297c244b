"""What a change of inputs is, and what it replaces."""

from typing import Any

import pytest

from stackyard_sandbox.provider.kubernetes.differences import differences
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.kubernetes.replacement import AUTONAMED, delete_first, replaces
from stackyard_sandbox.provider.protocol import UNKNOWN

IMAGE_1 = {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}
IMAGE_2 = {"spec": {"containers": [{"name": "a", "image": "a:2"}]}}

CHANGES: list[tuple[Any, Any, dict[str, str]]] = [
    ({"a": 1}, {"a": 1}, {}),
    ({"a": 1}, {"a": 2}, {"a": "update"}),
    ({"a": 1}, {"a": True}, {"a": "update"}),
    ({"a": 1}, {"a": "1"}, {"a": "update"}),
    ({}, {"a": {}}, {}),
    ({"a": []}, {}, {}),
    ({"globalDefault": False}, {}, {}),
    ({"globalDefault": True}, {}, {"globalDefault": "delete"}),
    ({"automount": False}, {}, {"automount": "delete"}),
    ({"a": {"b": 1}}, {}, {"a": "delete"}),
    ({"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}, {}),
    ({"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "2"}}, {"limits.cpu": "update"}),
    ({"data": {"cpu": "1000m"}}, {"data": {"cpu": "1"}}, {"data.cpu": "update"}),
    ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a.c": "delete"}),
    ({"a": [1]}, {"a": [1, 2]}, {"a[1]": "add"}),
    ({"a": [1, 2]}, {"a": [3]}, {"a[0]": "update", "a[1]": "delete"}),
    ({"a": [1]}, {"a": {"b": 1}}, {"a": "update"}),
    ({"a": 1}, {"a": UNKNOWN}, {"a": "update"}),
    (
        {"labels": {"app.kubernetes.io/name": "a"}},
        {"labels": {"app.kubernetes.io/name": "b"}},
        {'labels["app.kubernetes.io/name"]': "update"},
    ),
    (IMAGE_1, IMAGE_2, {"spec.containers[0].image": "update"}),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_differences(old: Any, new: Any, expected: dict[str, str]) -> None:
    assert {str(change): change.how for change in differences(old, new)} == expected


def named(name: str = "a", namespace: str = "b", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, **more}


APPS, BATCH, RBAC = "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1"
REPLACES: list[tuple[Kind, dict[str, Any], dict[str, Any], list[str]]] = [
    (Kind("v1", "Service"), named("a"), named("b"), ["metadata.name"]),
    (Kind("v1", "Service"), named("a", "b"), named("a", "c"), ["metadata.namespace"]),
    (Kind("v1", "Namespace"), named(labels={}), named(labels={"a": "b"}), []),
    (Kind(APPS, "Deployment"), {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, []),
    (
        Kind(APPS, "Deployment"),
        {"spec": {"selector": {"matchLabels": {"a": "b"}}}},
        {"spec": {"selector": {"matchLabels": {"a": "c"}}}},
        ["spec.selector.matchLabels.a"],
    ),
    (
        Kind(APPS, "StatefulSet"),
        {"spec": {"serviceName": "a", "replicas": 1}},
        {"spec": {"serviceName": "b", "replicas": 2}},
        ["spec.serviceName"],
    ),
    (
        Kind(BATCH, "Job"),
        {"spec": {"template": IMAGE_1}},
        {"spec": {"template": IMAGE_2}},
        ["spec.template.spec.containers[0].image"],
    ),
    (Kind(BATCH, "Job"), {"spec": {"suspend": False}}, {"spec": {"suspend": True}}, []),
    (Kind("v1", "Pod"), IMAGE_1, IMAGE_2, ["spec.containers[0].image"]),
    (Kind("v1", "Pod"), {"spec": {}}, {"spec": {"tolerations": [{}]}}, []),
    (Kind(RBAC, "RoleBinding"), {"roleRef": {"name": "a"}}, {"roleRef": {}}, ["roleRef.name"]),
    (Kind(RBAC, "RoleBinding"), {"subjects": []}, {"subjects": [{}]}, []),
    (
        Kind("storage.k8s.io/v1", "StorageClass"),
        {"provisioner": "a", "allowVolumeExpansion": False},
        {"provisioner": "b", "allowVolumeExpansion": True},
        ["provisioner"],
    ),
    (
        Kind("v1", "PersistentVolumeClaim"),
        {"spec": {"storageClassName": "a", "resources": {"requests": {"storage": "1Gi"}}}},
        {"spec": {"storageClassName": "b", "resources": {"requests": {"storage": "2Gi"}}}},
        ["spec.storageClassName"],
    ),
    (Kind("v1", "ConfigMap"), {"data": {"a": "1"}}, {"data": {"a": "2"}}, ["data.a"]),
    (Kind("v1", "Secret"), {"stringData": {"a": "1"}}, {"stringData": {}}, ["stringData.a"]),
    (Kind("v1", "Secret"), {"type": "Opaque"}, {"type": "other"}, ["type"]),
    (
        Kind("a.example/v1", "Thing"),
        {"apiVersion": "a.example/v1"},
        {"apiVersion": "b.example/v1"},
        ["apiVersion"],
    ),
    (
        Kind("a.example/v2", "Thing"),
        {"apiVersion": "a.example/v1"},
        {"apiVersion": "a.example/v2"},
        [],
    ),
]


@pytest.mark.parametrize(("kind", "old", "new", "expected"), REPLACES)
def test_replaces(
    kind: Kind, old: dict[str, Any], new: dict[str, Any], expected: list[str]
) -> None:
    found = replaces(kind, old, new, frozenset(), differences(old, new))
    assert [str(change) for change in found] == expected


def test_data_may_be_told_to_change_in_place_unless_it_is_frozen() -> None:
    kind, mutable = Kind("v1", "ConfigMap"), frozenset({"ConfigMap"})
    old, new = {"data": {"a": "1"}}, {"data": {"a": "2"}}
    assert replaces(kind, old, new, mutable, differences(old, new)) == []
    old["immutable"] = new["immutable"] = True  # type: ignore[assignment] # a plain object
    assert len(replaces(kind, old, new, mutable, differences(old, new))) == 1


def test_only_a_name_that_a_person_chose_is_in_the_way() -> None:
    autonamed = {"metadata": {"name": "a-1", "annotations": {AUTONAMED: "true"}}}
    assert delete_first(named("a"), named("a"))
    assert not delete_first(named("a"), named("b"))
    assert not delete_first(named("a", "b"), named("a", "c"))
    assert not delete_first(autonamed, autonamed)
