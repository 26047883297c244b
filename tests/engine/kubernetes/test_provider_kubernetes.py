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


def pod(labels: dict[str, str], cpu: str = "0.5") -> k8s.core.v1.PodTemplateSpecArgs:
    resources = k8s.core.v1.ResourceRequirementsArgs(requests={"cpu": cpu, "memory": "1024Mi"})
    main = k8s.core.v1.ContainerArgs(name="main", image="example.invalid/a:1", resources=resources)
    spec = k8s.core.v1.PodSpecArgs(containers=[main], restart_policy=None)
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


def test_namespace_quota_and_deployment(estate: Any, api: client.ApiClient) -> None:
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

    estate.program = program
    # The namespace is not there yet, so a dry run in it is impossible: no error.
    assert estate.preview() == {"create": 5}
    assert estate.up() == {"create": 5}
    assert estate.stack.outputs()["ready"].value == 2
    assert estate.preview() == {"same": 5}
    assert estate.refresh() == {"same": 5}

    replicas = 3
    assert estate.steps() == {"web": ("update", ["spec.replicas"])}
    assert estate.up() == {"same": 4, "update": 1}
    live = client.AppsV1Api(api).read_namespaced_deployment("web", "team-a")
    assert live.status.ready_replicas == 3

    estate.stack.destroy()
    names = [item.metadata.name for item in client.CoreV1Api(api).list_namespace().items]
    assert "team-a" not in names


def test_changes_by_hand_are_found_and_undone(estate: Any, api: client.ApiClient) -> None:
    estate.program = lambda cluster: deployment(cluster, "drifting")
    estate.up()
    apps = client.AppsV1Api(api)
    apps.patch_namespaced_deployment_scale("drifting", "default", {"spec": {"replicas": 5}})
    assert estate.preview() == {"same": 3}, "a preview does not look at the cluster"

    assert estate.refresh() == {"same": 2, "update": 1}
    # As on a real cluster: who changed the field owns it now.
    assert "enablePatchForce" in estate.error(estate.preview)

    estate.settings["enable_patch_force"] = True
    assert estate.steps()["drifting"] == ("update", ["spec.replicas"])
    estate.up()
    assert apps.read_namespaced_deployment("drifting", "default").spec.replicas == 2
    assert estate.refresh() == {"same": 3}


def test_what_was_deleted_by_hand_is_made_again(estate: Any, api: client.ApiClient) -> None:
    estate.program = lambda cluster: config_map(cluster, {"key": "value"}, "lost")
    estate.up()
    core = client.CoreV1Api(api)
    core.delete_namespaced_config_map("lost", "default")
    assert estate.refresh() == {"same": 2, "delete": 1}
    assert estate.up() == {"create": 1, "same": 2}
    assert core.read_namespaced_config_map("lost", "default").data == {"key": "value"}


def test_named_objects_are_deleted_first_and_autonamed_ones_last(estate: Any) -> None:
    names: list[Any] = []
    data, name = {"key": "one"}, None

    def program(cluster: k8s.Provider) -> None:
        pulumi.export("name", config_map(cluster, data, name).metadata.name)

    estate.program = program
    estate.up()
    names.append(estate.stack.outputs()["name"].value)
    assert names[0].startswith("settings-")
    assert estate.preview() == {"same": 3}, "the made name is kept"

    data = {"key": "two"}
    assert estate.steps()["settings"] == ("replace", ["data.key"])
    estate.up()
    names.append(estate.stack.outputs()["name"].value)
    assert names[1].startswith("settings-")
    assert names[1] != names[0], "the new one was made while the old one was there"

    name = "fixed"
    estate.up()
    data = {"key": "three"}
    assert estate.steps() == {"settings": ("replace", ["data.key"])}
    estate.up()

    estate.settings["enable_config_map_mutable"] = True
    data = {"key": "four"}
    assert estate.steps() == {"settings": ("update", ["data.key"]), "cluster": ("update", [])}


def test_mistakes_are_refused_with_their_path(estate: Any) -> None:
    def program(cluster: k8s.Provider) -> None:
        spec: Any = {
            "selector": {"matchLabels": {"a": 1}},
            "template": {"spec": {"containers": [{"name": "a", "imagePullPolice": "Never"}]}},
        }
        k8s.apps.v1.Deployment("wrong", spec=spec, opts=on(cluster))

    estate.program = program
    text = estate.error(estate.preview)
    path = "spec.template.spec.containers[0].imagePullPolice"
    assert f"{path}" in text
    assert "did you mean `imagePullPolicy`?" in text
    assert 'spec.selector.matchLabels["a"]' in text


def test_providers_that_the_sandbox_must_not_be_are_refused(estate: Any) -> None:
    away = json.loads(estate.settings["kubeconfig"])
    away["clusters"][0]["cluster"]["server"] = "https://ABC.gr7.eu-west-1.eks.amazonaws.com"
    good, estate.settings["kubeconfig"] = estate.settings["kubeconfig"], json.dumps(away)
    estate.program = lambda cluster: config_map(cluster, {})
    assert "API servers on this machine only" in estate.error(estate.preview)
    estate.settings.update(kubeconfig=good, enable_server_side_apply=False)
    assert "applies on the server" in estate.error(estate.preview)


def test_an_unknown_cluster_does_not_stop_a_preview(estate: Any) -> None:
    text = estate.settings["kubeconfig"]

    def program(cluster: k8s.Provider) -> None:
        first = config_map(cluster, {})
        # Known only after an apply, as the address of a cluster that is not there yet.
        later = first.metadata.uid.apply(lambda _: text)
        other = k8s.Provider("other", kubeconfig=later)
        namespace = k8s.core.v1.Namespace("later", opts=on(other))
        deployment(other, "web", namespace.metadata.name)

    estate.program = program
    assert estate.preview() == {"create": 6}
    assert estate.up() == {"create": 6}


def test_an_object_of_somebody_else_is_not_taken_over(estate: Any, api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="theirs"), data={"key": "theirs"})
    core.create_namespaced_config_map("default", body)
    estate.program = lambda cluster: config_map(cluster, {"other": "ours"}, "theirs")
    assert "exists already and is not managed by this stack" in estate.error(estate.up)
    estate.settings["upsert_existing_objects"] = True
    estate.up()
    assert core.read_namespaced_config_map("theirs", "default").data["other"] == "ours"


def test_a_failed_job_says_why(estate: Any, api: client.ApiClient) -> None:
    def program(cluster: k8s.Provider) -> None:
        template = pod({"job": "late"}, cpu="500")
        template.spec.restart_policy = "Never"
        spec = k8s.batch.v1.JobSpecArgs(active_deadline_seconds=2, template=template)
        k8s.batch.v1.Job("late", metadata=meta("late"), spec=spec, opts=on(cluster))

    estate.program = program
    text = estate.error(estate.up)
    assert "DeadlineExceeded" in text
    # It exists: the engine knows it and the next run goes on from there.
    assert client.BatchV1Api(api).read_namespaced_job("late", "default").status.failed is not None
    assert "late" in estate.state.read_text()


def test_a_rollout_that_does_not_finish_tells_about_its_pods(estate: Any) -> None:
    soon = {"pulumi.com/timeoutSeconds": "2"}
    cpu, annotations = "500", soon
    estate.program = lambda cluster: deployment(
        cluster, "huge", cpu=cpu, replicas=1, annotations=annotations
    )
    text = estate.error(estate.up)
    assert "not ready after 2 s" in text
    assert "Insufficient cpu" in text
    # Left alone it is tried again; told not to wait, the engine is content.
    annotations = {"pulumi.com/skipAwait": "true"}
    assert estate.up()["update"] == 1
    cpu, annotations = "0.1", soon
    assert estate.up()["update"] == 1


def test_secrets_stay_secret(estate: Any, api: client.ApiClient) -> None:
    key = "token"

    def program(cluster: k8s.Provider) -> None:
        texts = {key: "hunter2-plain"}
        secret = k8s.core.v1.Secret(
            "secret", metadata=meta("secret"), string_data=texts, opts=on(cluster)
        )
        pulumi.export("data", secret.data)

    estate.program = program
    estate.up()
    live = client.CoreV1Api(api).read_namespaced_secret("secret", "default")
    assert live.data == {"token": "aHVudGVyMi1wbGFpbg=="}
    assert estate.stack.outputs()["data"].secret
    assert estate.refresh() == {"same": 3}

    key = "not a valid key"
    error = estate.error(estate.up)
    assert "not a valid key" in error
    for text in (estate.state.read_text(), "".join(estate.output), error):
        assert "hunter2" not in text
        assert "aHVudGVyMi1wbGFpbg==" not in text


def test_a_changed_secret_is_found_without_being_shown(estate: Any, api: client.ApiClient) -> None:
    def program(cluster: k8s.Provider) -> None:
        texts = {"token": "hunter2-plain"}
        k8s.core.v1.Secret("secret", metadata=meta("changed"), string_data=texts, opts=on(cluster))

    estate.program = program
    estate.up()
    changed = {"stringData": {"token": "stolen-token"}}
    client.CoreV1Api(api).patch_namespaced_secret("changed", "default", changed)
    assert estate.refresh() == {"same": 2, "update": 1}
    assert estate.steps() == {"secret": ("replace", ["stringData.token"])}
    assert "stolen" not in "".join(estate.output)


def test_an_interrupt_ends_the_waits_and_loses_nothing(estate: Any, api: client.ApiClient) -> None:
    estate.program = lambda cluster: deployment(cluster, "never", cpu="500")
    apps = client.AppsV1Api(api)
    with ThreadPoolExecutor() as pool:
        run = pool.submit(estate.error, estate.up)
        while not apps.list_namespaced_deployment("default").items:
            assert not run.done(), run.result()
            time.sleep(0.2)
        os.kill(engine_pid(), signal.SIGINT)
        assert "the run was cancelled" in run.result(timeout=60)
    state = json.loads(estate.state.read_text())["checkpoint"]["latest"]
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
