"""A whole stage goes down and comes up again, twice, with what AWS keeps of each former life.

The emulator keeps names of signing profiles, secrets in their recovery window, keys that wait for
their deletion, network interfaces of functions, and writes the cluster's log group again
(`tests/unit/sandbox/cloud/test_afterlife.py`, `.../strictness/`).
"""

from __future__ import annotations

import shutil

import pytest

from stackyard_sandbox.state import Sandbox
from tests.support.clients import Clients
from tests.support.estates import ROOT
from tests.support.workspace import Workspace

EVERYTHING = "*/*/dev"
PROJECT = "vision/defects/dev"
SECRET, VALUE = f"{PROJECT}/camera-api", "made-up-value"
LOGS = "/aws/eks/platform-foundation-dev/cluster"
LIVES = 3
FILE = """
datasets: {photos: {kind: raw, directories: [incoming]}}
access:
  audiences:
    developer: {trusted: ["arn:aws:iam::123456789012:root"]}
    delivery: {trusted: ["arn:aws:iam::123456789012:root"]}
    pipeline: {trusted: ["arn:aws:iam::123456789012:root"], datasets: {photos: read}}
secrets: {entries: {camera-api: {readers: [pipeline], description: Key of a camera.}}}
namespace: {quota: {cpu: 16, memory: 64Gi, gpus: 1, pods: 20, storage: 50Gi}}
tracking: {workers: 1}
models: {}
images: {images: {server: {base: sklearn}}}
training:
  fit: {image: "defects/train:1", command: [fit], cpu: 2, memory: 4Gi}
  judge: {image: "defects/train:1", command: [judge], cpu: 1, memory: 4Gi}
serving: {models: {inspector: {memory: 1Gi, base_image: server}}}
pipeline:
  triggers: {object_created: {dataset: photos, directory: incoming}}
  train: fit
  evaluate: judge
  metric: f1
  deploy: inspector
"""
"""A project with a secret, a signing profile, a database and functions in the VPC."""


@pytest.fixture(scope="module")
def workspace(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The quickstart with a recovery window, and without its cluster on premises."""
    made = Workspace(tmp_path_factory.mktemp("estate"), sandbox)
    shutil.copytree(ROOT / "examples" / "quickstart" / "stacks", made.folder / "stacks")
    stages = "protection: {protect: false, retain: false}\nsecrets: {recovery_days: 7}\n"
    made.write("_stages/dev.yaml", stages)
    services = made.folder / "stacks/platform/services/_defaults.yaml"
    services.write_text(services.read_text().partition("onprem:")[0])
    made.write(f"{PROJECT.rpartition('/')[0]}/_defaults.yaml", FILE)
    return made


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_stage_goes_down_and_comes_up_again_twice(workspace: Workspace, aws: Clients) -> None:
    for life in range(1, LIVES + 1):
        if life == 1:
            workspace.run("up", EVERYTHING, "--yes-to-all")
            keeper = aws("secretsmanager", aws.assume("platform-admin"))
            keeper.put_secret_value(SecretId=SECRET, SecretString=VALUE)
        else:
            _come_up_again(workspace, aws)
        workspace.run("preview", EVERYTHING, "--expect-no-changes")
        if life < LIVES:
            _go_down(workspace, aws)
    assert _value(aws) == VALUE


def _come_up_again(workspace: Workspace, aws: Clients) -> None:
    """The secret's key waits for its deletion, so the run stops and says how to keep the value."""
    stopped = workspace.attempt("up", EVERYTHING, "--yes-to-all")
    assert stopped.returncode == 1, stopped.stderr
    assert f"the secret {SECRET} of a destroyed stack waits for its deletion" in stopped.stderr
    key = _secret(aws)["KmsKeyId"]
    assert f"aws kms cancel-key-deletion --key-id {key}" in stopped.stderr
    aws("kms").cancel_key_deletion(KeyId=key)
    aws("kms").enable_key(KeyId=key)
    workspace.run("up", EVERYTHING, "--yes-to-all")
    assert _value(aws) == VALUE


def _go_down(workspace: Workspace, aws: Clients) -> None:
    done = workspace.attempt("destroy", EVERYTHING, "--yes")
    assert done.returncode == 0, done.stderr
    assert f"deleted {LOGS}: EKS wrote it again" in done.stderr
    assert _secret(aws)["DeletedDate"]
    own = [{"Name": "is-default", "Values": ["false"]}]
    assert aws("ec2").describe_vpcs(Filters=own)["Vpcs"] == []
    groups = aws("logs").describe_log_groups(logGroupNamePrefix=LOGS)["logGroups"]
    assert groups == []


def _secret(aws: Clients) -> dict[str, str]:
    client = aws("secretsmanager")
    pages = client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
    (found,) = [one for page in pages for one in page["SecretList"] if one["Name"] == SECRET]
    return dict(found)


def _value(aws: Clients) -> str:
    """Read the value as one of the secret's readers: others are denied."""
    client = aws("secretsmanager", aws.assume("vision-defects-dev-pipeline"))
    return str(client.get_secret_value(SecretId=SECRET)["SecretString"])
