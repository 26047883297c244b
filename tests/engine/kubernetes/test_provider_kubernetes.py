"""The `kubernetes` provider under the real engine: plans, changes, drift, refusals, failures."""

import contextlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes import client

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

MERGE = "application/merge-patch+json"


def meta(name: str | None = None, namespace: pulumi.Input[str] | None = None, **more: Any) -> Any:
    return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, **more)


def on(cluster: k8s.Provider, **more: Any) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=cluster, **more)


def pod(
    labels: dict[str, str], cpu: str = "0.5", restart: str | None = None
) -> k8s.core.v1.PodTemplateSpecArgs:
    resources = k8s.core.v1.ResourceRequirementsArgs(requests={"cpu": cpu, "memory": "1024Mi"})
    main = k8s.core.v1.ContainerArgs(name="main", image="example.invalid/a:1", resources=resources)
    spec = k8s.core.v1.PodSpecArgs(containers=[main], restart_policy=restart)
    return k8s.core.v1.PodTemplateSpecArgs(metadata=meta(labels=labels), spec=spec)


def deployment(
    cluster: k8s.Provider,
    name: str,
    namespace: pulumi.Input[str] = "default",
    replicas: int = 2,
    cpu: str = "0.5",
    annotations: dict[str, str] | None = None,
) -> k8s.apps.v1.Deployment:
    labels = {"app.kubernetes.io/name": name}
    return k8s.apps.v1.Deployment(
        name,
        metadata=meta(name, namespace, labels=labels, annotations=annotations),
        spec=k8s.apps.v1.DeploymentSpecArgs(
            replicas=replicas,
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
            template=pod(labels, cpu),
        ),
        opts=on(cluster),
    )


def config_map(cluster: k8s.Provider, data: dict[str, str], name: str | None = None) -> Any:
    return k8s.core.v1.ConfigMap("settings", metadata=meta(name), data=data, opts=on(cluster))


def test_namespace_quota_and_deployment(stack: Any, api: client.ApiClient) -> None:
    replicas = 2

    def program(cluster: k8s.Provider) -> None:
        namespace = k8s.core.v1.Namespace("space", metadata=meta("team-a"), opts=on(cluster))
        k8s.core.v1.ResourceQuota(
            "quota",
            metadata=meta("quota", namespace.metadata.name),
            spec=k8s.core.v1.ResourceQuotaSpecArgs(hard={"requests.cpu": "4", "pods": "10"}),
            opts=on(cluster),
        )
        web = deployment(cluster, "web", namespace.metadata.name, replicas)
        pulumi.export("ready", web.status.ready_replicas)

    stack.program = program
    # The namespace is not there yet, so a dry run in it is impossible: no error.
    assert stack.preview() == {"create": 5}
    assert stack.up() == {"create": 5}
    assert stack.stack.outputs()["ready"].value == 2
    assert stack.preview() == {"same": 5}
    assert stack.refresh() == {"same": 5}

    replicas = 3
    assert stack.steps() == {"web": ("update", ["spec.replicas"])}
    assert stack.up() == {"same": 4, "update": 1}
    live = client.AppsV1Api(api).read_namespaced_deployment("web", "team-a")
    assert live.status.ready_replicas == 3

    stack.stack.destroy()
    names = [item.metadata.name for item in client.CoreV1Api(api).list_namespace().items]
    assert "team-a" not in names


def test_changes_by_hand_are_found_and_undone(stack: Any, api: client.ApiClient) -> None:
    stack.program = lambda cluster: deployment(cluster, "drifting")
    stack.up()
    apps = client.AppsV1Api(api)
    apps.patch_namespaced_deployment_scale("drifting", "default", {"spec": {"replicas": 5}})
    assert stack.preview() == {"same": 3}, "a preview does not look at the cluster"

    assert stack.refresh() == {"same": 2, "update": 1}
    # As on a real cluster: who changed the field owns it now.
    assert "enablePatchForce" in stack.error(stack.preview)

    stack.settings["enable_patch_force"] = True
    assert stack.steps()["drifting"] == ("update", ["spec.replicas"])
    stack.up()
    assert apps.read_namespaced_deployment("drifting", "default").spec.replicas == 2
    assert stack.refresh() == {"same": 3}


def test_what_was_deleted_by_hand_is_made_again(stack: Any, api: client.ApiClient) -> None:
    stack.program = lambda cluster: config_map(cluster, {"key": "value"}, "lost")
    stack.up()
    core = client.CoreV1Api(api)
    core.delete_namespaced_config_map("lost", "default")
    assert stack.refresh() == {"same": 2, "delete": 1}
    assert stack.up() == {"create": 1, "same": 2}
    assert core.read_namespaced_config_map("lost", "default").data == {"key": "value"}


def test_named_objects_are_deleted_first_and_autonamed_ones_last(stack: Any) -> None:
    names: list[Any] = []
    data, name = {"key": "one"}, None

    def program(cluster: k8s.Provider) -> None:
        pulumi.export("name", config_map(cluster, data, name).metadata.name)

    stack.program = program
    stack.up()
    names.append(stack.stack.outputs()["name"].value)
    assert names[0].startswith("settings-")
    assert stack.preview() == {"same": 3}, "the made name is kept"

    data = {"key": "two"}
    assert stack.steps()["settings"] == ("replace", ["data.key"])
    stack.up()
    names.append(stack.stack.outputs()["name"].value)
    assert names[1].startswith("settings-")
    assert names[1] != names[0], "the new one was made while the old one was there"

    name = "fixed"
    stack.up()
    data = {"key": "three"}
    assert stack.steps() == {"settings": ("replace", ["data.key"])}
    stack.up()

    stack.settings["enable_config_map_mutable"] = True
    data = {"key": "four"}
    assert stack.steps() == {"settings": ("update", ["data.key"]), "cluster": ("update", [])}


def test_mistakes_are_refused_with_their_path(stack: Any) -> None:
    def program(cluster: k8s.Provider) -> None:
        spec: Any = {
            "selector": {"matchLabels": {"a": 1}},
            "template": {"spec": {"containers": [{"name": "a", "imagePullPolice": "Never"}]}},
        }
        k8s.apps.v1.Deployment("wrong", spec=spec, opts=on(cluster))

    stack.program = program
    text = stack.error(stack.preview)
    path = "spec.template.spec.containers[0].imagePullPolice"
    assert f"{path}" in text
    assert "did you mean `imagePullPolicy`?" in text
    assert 'spec.selector.matchLabels["a"]' in text


def test_providers_that_the_sandbox_must_not_be_are_refused(stack: Any) -> None:
    away = json.loads(stack.settings["kubeconfig"])
    away["clusters"][0]["cluster"]["server"] = "https://ABC.gr7.eu-west-1.eks.amazonaws.com"
    good, stack.settings["kubeconfig"] = stack.settings["kubeconfig"], json.dumps(away)
    stack.program = lambda cluster: config_map(cluster, {})
    assert "API servers on this machine only" in stack.error(stack.preview)
    stack.settings.update(kubeconfig=good, enable_server_side_apply=False)
    assert "applies on the server" in stack.error(stack.preview)


def test_an_unknown_cluster_does_not_stop_a_preview(stack: Any) -> None:
    text = stack.settings["kubeconfig"]

    def program(cluster: k8s.Provider) -> None:
        first = config_map(cluster, {})
        # Known only after an apply, as the address of a cluster that is not there yet.
        later = first.metadata.uid.apply(lambda _: text)
        other = k8s.Provider("other", kubeconfig=later)
        namespace = k8s.core.v1.Namespace("later", opts=on(other))
        deployment(other, "web", namespace.metadata.name)

    stack.program = program
    assert stack.preview() == {"create": 6}
    assert stack.up() == {"create": 6}


def test_an_object_of_somebody_else_is_not_taken_over(stack: Any, api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="theirs"), data={"key": "theirs"})
    core.create_namespaced_config_map("default", body)
    stack.program = lambda cluster: config_map(cluster, {"other": "ours"}, "theirs")
    assert "exists already and is not managed by this stack" in stack.error(stack.up)
    stack.settings["upsert_existing_objects"] = True
    stack.up()
    assert core.read_namespaced_config_map("theirs", "default").data["other"] == "ours"


def test_a_failed_job_says_why(stack: Any, api: client.ApiClient) -> None:
    def program(cluster: k8s.Provider) -> None:
        template = pod({"job": "late"}, cpu="500", restart="Never")
        spec = k8s.batch.v1.JobSpecArgs(active_deadline_seconds=2, template=template)
        k8s.batch.v1.Job("late", metadata=meta("late"), spec=spec, opts=on(cluster))

    stack.program = program
    text = stack.error(stack.up)
    assert "DeadlineExceeded" in text
    # It exists: the engine knows it and the next run goes on from there.
    assert client.BatchV1Api(api).read_namespaced_job("late", "default").status.failed is not None
    assert "late" in stack.state.read_text()


def test_a_rollout_that_does_not_finish_tells_about_its_pods(stack: Any) -> None:
    soon = {"pulumi.com/timeoutSeconds": "2"}
    cpu, annotations = "500", soon
    stack.program = lambda cluster: deployment(
        cluster, "huge", cpu=cpu, replicas=1, annotations=annotations
    )
    text = stack.error(stack.up)
    assert "not ready after 2 s" in text
    assert "Insufficient cpu" in text
    # Left alone it is tried again; told not to wait, the engine is content.
    annotations = {"pulumi.com/skipAwait": "true"}
    assert stack.up()["update"] == 1
    cpu, annotations = "0.1", soon
    assert stack.up()["update"] == 1


def test_secrets_stay_secret(stack: Any, api: client.ApiClient) -> None:
    key = "token"

    def program(cluster: k8s.Provider) -> None:
        texts = {key: "hunter2-plain"}
        secret = k8s.core.v1.Secret(
            "secret", metadata=meta("secret"), string_data=texts, opts=on(cluster)
        )
        pulumi.export("data", secret.data)

    stack.program = program
    stack.up()
    live = client.CoreV1Api(api).read_namespaced_secret("secret", "default")
    assert live.data == {"token": "aHVudGVyMi1wbGFpbg=="}
    assert stack.stack.outputs()["data"].secret
    assert stack.refresh() == {"same": 3}

    key = "not a valid key"
    error = stack.error(stack.up)
    assert "not a valid key" in error
    for text in (stack.state.read_text(), "".join(stack.output), error):
        assert "hunter2" not in text
        assert "aHVudGVyMi1wbGFpbg==" not in text


def test_a_changed_secret_is_found_without_being_shown(stack: Any, api: client.ApiClient) -> None:
    def program(cluster: k8s.Provider) -> None:
        texts = {"token": "hunter2-plain"}
        k8s.core.v1.Secret("secret", metadata=meta("changed"), string_data=texts, opts=on(cluster))

    stack.program = program
    stack.up()
    changed = {"stringData": {"token": "stolen-token"}}
    client.CoreV1Api(api).patch_namespaced_secret("changed", "default", changed)
    assert stack.refresh() == {"same": 2, "update": 1}
    assert stack.steps() == {"secret": ("replace", ["stringData.token"])}
    assert "stolen" not in "".join(stack.output)


def test_an_interrupt_ends_the_waits_and_loses_nothing(stack: Any, api: client.ApiClient) -> None:
    stack.program = lambda cluster: deployment(cluster, "never", cpu="500")
    apps = client.AppsV1Api(api)
    with ThreadPoolExecutor() as pool:
        run = pool.submit(stack.error, stack.up)
        while not apps.list_namespaced_deployment("default").items:
            assert not run.done(), run.result()
            time.sleep(0.2)
        os.kill(engine_pid(), signal.SIGINT)
        assert "the run was cancelled" in run.result(timeout=60)
    state = json.loads(stack.state.read_text())["checkpoint"]["latest"]
    assert "pending_operations" not in state
    assert "default/never" in [resource.get("id") for resource in state["resources"]]


def engine_pid() -> int:
    """The engine that this process runs."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, name, _, parent, *_ = stat.read_text().split()
            if (name, parent) == ("(pulumi)", str(os.getpid())):
                return int(pid)
    raise AssertionError("no engine runs")
