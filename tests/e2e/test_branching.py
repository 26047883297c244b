"""Branches of a dataset: what lakeFS is started with, and what its identity may touch.

The server itself does not run here; what its pods prepare for it does, on a real database.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError

from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .experiments import NAMESPACE, STACK, Database
from .pods import Pods


@pytest.fixture(scope="module")
def prepared(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration that the init container leaves in memory; it is made twice."""
    database.set_up("lakefs")
    file = tmp_path_factory.mktemp("memory") / "config.yaml"
    texts = []
    for _ in range(2):
        prepare(database, file)
        texts.append(file.read_text())
    assert texts[0] == texts[1]
    assert file.stat().st_mode & 0o777 == 0o600
    return file


def prepare(database: Database, file: Path) -> None:
    pods = database.pods
    spec = pods.apps.read_namespaced_deployment("lakefs", NAMESPACE).spec.template.spec
    (container,) = spec.init_containers
    pods.run(NAMESPACE, spec, container, LAKEFS_CONFIG=str(file), **database.places)


def test_the_configuration_opens_a_database_of_its_own(prepared: Path) -> None:
    config = json.loads(prepared.read_text())
    opened = psycopg2.connect(config["database"]["postgres"]["connection_string"])
    with opened.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_user")
        assert cursor.fetchone() == ("vision_defects_dev_lakefs", "vision_defects_dev_lakefs")
        cursor.execute("CREATE TABLE kv (partition_key bytea)")
    opened.close()
    assert len(config["auth"]["encrypt"]["secret_key"]) > 30


def test_nobody_else_reads_the_key_and_nothing_declared_holds_it(
    prepared: Path, pods: Pods, aws: Clients, assume: Assume
) -> None:
    key = json.loads(prepared.read_text())["auth"]["encrypt"]["secret_key"]
    for role in ("scientist", "developer", "delivery"):
        vault = aws("secretsmanager", assume(f"{NAMESPACE}-{role}"))
        with pytest.raises(ClientError, match="AccessDenied"):
            vault.get_secret_value(SecretId=f"{STACK}/lakefs-key")
    assert key not in str(pods.apps.read_namespaced_deployment("lakefs", NAMESPACE))


def test_its_identity_touches_its_directory_and_nothing_else(
    applied: Workspace, pods: Pods, aws: Clients
) -> None:
    buckets = applied.contract(STACK)["datasets"]
    keys = {name.lower(): value for name, value in pods.identity(NAMESPACE, "lakefs").items()}
    s3 = aws("s3", keys)
    own = {"Bucket": buckets["labelled"], "Key": "lakefs/parts/data/1"}
    s3.put_object(**own, Body=b"x")
    assert s3.get_object(**own)["Body"].read() == b"x"
    s3.delete_object(**own)
    for bucket, key in (("labelled", "work/1"), ("labelled", "dvc/1"), ("photos", "lakefs/1")):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=buckets[bucket], Key=key, Body=b"x")


def test_the_server_is_declared_as_the_others_are(pods: Pods, kube: KubernetesClients) -> None:
    from kubernetes import client

    deployment = pods.apps.read_namespaced_deployment("lakefs", NAMESPACE)
    assert deployment.status.available_replicas == deployment.spec.replicas == 2
    spec = deployment.spec.template.spec
    (server,) = spec.containers
    assert server.command == ["/app/lakefs", "run", "--config", "/etc/lakefs/config.yaml"]
    assert server.security_context.read_only_root_filesystem
    assert spec.security_context.run_as_non_root
    assert {server.readiness_probe.http_get.path, server.liveness_probe.http_get.path} == {
        "/_health"
    }
    (memory,) = (one for one in spec.volumes if one.name == "memory")
    assert memory.empty_dir.medium == "Memory"
    assert [mount.mount_path for mount in server.volume_mounts if mount.name == "memory"] == [
        "/etc/lakefs"
    ]
    api = kube("platform-foundation-dev")
    budget: Any = client.PolicyV1Api(api).read_namespaced_pod_disruption_budget("lakefs", NAMESPACE)
    assert budget.spec.max_unavailable == 1
