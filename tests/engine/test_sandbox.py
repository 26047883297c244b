"""The sandbox as a whole: started, looked at, stopped, repaired and cleared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from stackyard_sandbox import daemon
from stackyard_sandbox.onprem import ClusterSpec, Node, OnPremises
from stackyard_sandbox.state import Sandbox, SandboxError
from tests.support.clients import Clients

START = """
import json, pathlib, sys
from stackyard_sandbox import daemon
from stackyard_sandbox.onprem import Node, OnPremises, ClusterSpec
found = daemon.start(directory=pathlib.Path(sys.argv[1]))
print(json.dumps([found.pid, found.aws.endpoint, found.aws.access_key_id, dict(found.providers)]))
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "sandbox"
    yield folder
    daemon.reset(folder)


def make_cluster(sandbox: Sandbox, name: str = "dev") -> None:
    ec2, eks = Clients(sandbox)("ec2"), Clients(sandbox)("eks")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    services = {"Service": ["eks.amazonaws.com", "ec2.amazonaws.com"]}
    trust = {"Effect": "Allow", "Principal": services, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = Clients(sandbox)("iam").create_role(
        RoleName=f"node-{name}", AssumeRolePolicyDocument=document
    )
    role = made["Role"]["Arn"]
    eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": [subnet]})
    eks.create_nodegroup(
        clusterName=name,
        nodegroupName="main",
        nodeRole=role,
        subnets=[subnet],
        instanceTypes=["m6i.large"],
        scalingConfig={"minSize": 0, "maxSize": 1, "desiredSize": 1},
    )


def kubernetes(sandbox: Sandbox, name: str = "dev") -> Any:
    return client.CoreV1Api(config.new_client_from_config(str(sandbox.kubeconfig), name))


def processes(home: Path) -> Any:
    """Every process of this machine that names the folder in its command line."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes()
        except OSError:
            continue
        if str(home).encode() in words and int(each.parent.name) != os.getpid():
            found.append(words.replace(b"\0", b" ").decode())
    return found


def notice(home: Path) -> None:
    """Wait until a killed process has died, which the system does in its own time."""
    deadline = time.monotonic() + 60
    while daemon.current(home) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One sandbox for tests that leave it as it is, made by two starts at once."""
    home = tmp_path_factory.mktemp("shared")
    command = [sys.executable, "-c", START, str(home)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    yield home, answers
    daemon.reset(home)


def test_two_starts_at_once_give_one_sandbox(shared: Any) -> None:
    home, answers = shared
    assert answers[0] == answers[1]
    assert len([words for words in processes(home) if "stackyard_sandbox.cloud" in words]) == 1
    assert daemon.start(directory=home).pid == answers[0][0]


def test_it_fits_into_a_gigabyte(shared: Any) -> None:
    home, *_ = shared
    assert sum(member.rss_bytes for member in daemon.status(home)) < 1.2e9


def test_its_environment_is_enough_for_plain_clients(shared: Any) -> None:
    home, *_ = shared
    sandbox = daemon.current(home)
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    environment = {"PATH": os.environ["PATH"], **sandbox.environment()}
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "123456789012"
    engine = sandbox.engine_environment()
    ports = dict(entry.split(":") for entry in engine["PULUMI_DEBUG_PROVIDERS"].split(","))
    assert set(ports) == {"aws", "kubernetes"}
    for file in ("sandbox.json", "kubeconfig", "cloud/administrator.json"):
        assert (home / file).stat().st_mode & 0o077 == 0, file
    secret = sandbox.aws.secret_access_key
    assert not any(secret in words for words in processes(home))
    assert secret not in repr(sandbox)


def test_nobody_turns_the_enforcement_off(shared: Any) -> None:
    sandbox = daemon.current(shared[0])
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{sandbox.aws.endpoint}/moto-api/reset-auth", data=b"inf")
    assert refused.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{sandbox.aws.endpoint}/clusters")
    assert refused.value.code >= 400


def test_stop_keeps_account_and_clusters_together(home: Path) -> None:
    sandbox = daemon.start(directory=home)
    make_cluster(sandbox)
    endpoint = kubernetes(sandbox).api_client.configuration.host
    kubernetes(sandbox).create_namespace({"metadata": {"name": "kept"}})
    s3, kms = Clients(sandbox)("s3"), Clients(sandbox)("kms")
    s3.create_bucket(
        Bucket="kept", CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region}
    )
    s3.put_object(Bucket="kept", Key="key", Body=b"x" * 100_000)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert len(processes(home)) == len(daemon.status(home)) == 7
    assert daemon.stop(home) is True
    assert processes(home) == []
    assert (daemon.current(home), daemon.status(home)) == (None, [])
    again = daemon.start(directory=home)
    assert again.environment() == sandbox.environment()
    assert (
        Clients(again)("s3").get_object(Bucket="kept", Key="key")["Body"].read() == b"x" * 100_000
    )
    assert Clients(again)("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
    assert Clients(again)("eks").describe_cluster(name="dev")["cluster"]["endpoint"] == endpoint
    names = {each.metadata.name for each in kubernetes(again).list_namespace().items}
    assert "kept" in names
    Clients(again)("eks").delete_nodegroup(clusterName="dev", nodegroupName="main")
    assert kubernetes(again).list_node().items == []


def test_a_killed_member_is_noticed_and_started_again(home: Path) -> None:
    sandbox = daemon.start(directory=home)
    make_cluster(sandbox)
    for victim in ("providers", "kwok", "etcd"):
        (dead,) = [each for each in daemon.status(home) if each.name.endswith(victim)]
        os.kill(dead.pid, signal.SIGKILL)
        notice(home)
        assert dead.name in [each.name for each in daemon.status(home) if not each.alive]
        repaired = daemon.start(directory=home)
        assert all(member.alive for member in daemon.status(home))
        assert repaired.aws == sandbox.aws
        assert [node.metadata.name for node in kubernetes(repaired).list_node().items] == ["main-0"]


def test_a_killed_cloud_is_said_to_be_lost_and_reset_leaves_nothing(home: Path) -> None:
    sandbox = daemon.start(directory=home)
    make_cluster(sandbox)
    os.kill(sandbox.pid, signal.SIGKILL)
    notice(home)
    assert [member.name for member in daemon.status(home) if not member.alive] == ["cloud"]
    with pytest.raises(SandboxError, match="lost") as lost:
        daemon.start(directory=home)
    assert "sandbox reset" in lost.value.hint
    assert daemon.stop(home) is False
    with pytest.raises(SandboxError, match="lost"):
        daemon.start(directory=home)
    (home / "not-ours").write_text("kept")
    (home / "state" / "estate").mkdir(parents=True)
    daemon.reset(home)
    assert processes(home) == []
    left = {path.name for path in home.iterdir() if not path.name.startswith(".")}
    assert left == {"lock", "not-ours"}
    assert (daemon.current(home), daemon.status(home)) == (None, [])
    fresh = daemon.start(directory=home)
    assert Clients(fresh)("eks").list_clusters()["clusters"] == []
    assert fresh.clusters == {}


def test_a_cluster_on_premises_follows_what_is_declared_last(shared: Any) -> None:
    home, *_ = shared

    def wanted(name: str, count: Any) -> Any:
        taint = {"key": "nvidia.com/gpu", "value": "a", "effect": "NoSchedule"}
        nodes = (Node(f"a-{i}", {"pool": "a"}, taint, "nvidia.com/gpu", 8) for i in range(count))
        return ClusterSpec(name, "~/.kube/nowhere", None, "https://oidc.example", tuple(nodes))

    def found() -> Any:
        """By the context that `sandbox env` gives, whatever another stage calls it."""
        path = daemon.current(home).environment()["KUBECONFIG"]
        api = client.CoreV1Api(config.new_client_from_config(path, "cellar"))
        return {node.metadata.name: node.status.capacity for node in api.list_node().items}

    try:
        daemon.provide([wanted("cellar", 2)], home)
        before = found()
        assert set(before) == {"general-0", "a-0", "a-1"}
        assert before["a-0"]["nvidia.com/gpu"] == "8"
        daemon.provide([wanted("basement", 1)], home)
        assert set(found()) == {"general-0", "a-0"}
        etcd = next(one for one in daemon.status(home) if one.name == "onprem/cellar/etcd")
        os.kill(etcd.pid, signal.SIGKILL)
        notice(home)
        daemon.start(directory=home)
        assert set(found()) == {"general-0", "a-0"}
    finally:
        OnPremises(home).delete()
