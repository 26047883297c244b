"""Objects that were there before the stack: read by reference, imported, left alone."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes import client

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)


def existing(api: client.ApiClient, name: str) -> client.CoreV1Api:
    core = client.CoreV1Api(api)
    metadata = client.V1ObjectMeta(name=name, labels={"of": "theirs"})
    body = client.V1ConfigMap(metadata=metadata, data={"key": "value"})
    core.create_namespaced_config_map("default", body)
    return core


def test_an_object_is_read_without_being_managed(stack: Any, api: client.ApiClient) -> None:
    core = existing(api, "read")

    def program(cluster: k8s.Provider) -> None:
        opts = pulumi.ResourceOptions(provider=cluster)
        found = k8s.core.v1.ConfigMap.get("found", "default/read", opts)
        pulumi.export("data", found.data)

    stack.program = program
    stack.up()
    assert stack.stack.outputs()["data"].value == {"key": "value"}
    stack.stack.destroy()
    assert core.read_namespaced_config_map("read", "default").data == {"key": "value"}


def test_an_object_is_imported_and_from_then_on_managed(stack: Any, api: client.ApiClient) -> None:
    core = existing(api, "imported")
    identity, data = "default/imported", {"key": "value"}

    def program(cluster: k8s.Provider) -> None:
        k8s.core.v1.ConfigMap(
            "imported",
            metadata={"name": "imported", "namespace": "default", "labels": {"of": "theirs"}},
            data=data,
            opts=pulumi.ResourceOptions(provider=cluster, import_=identity),
        )

    stack.program = program
    assert stack.up() == {"create": 2, "import": 1}
    assert stack.preview() == {"same": 3}
    identity = None
    stack.settings.update(enable_config_map_mutable=True, enable_patch_force=True)
    data = {"key": "new"}
    assert stack.steps()["imported"] == ("update", ["data.key"])
    stack.up()
    assert core.read_namespaced_config_map("imported", "default").data == {"key": "new"}
