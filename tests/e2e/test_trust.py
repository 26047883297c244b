"""Trust: what the pipeline's roles can and cannot do, and who breaks the glass."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from audits.pipeline_roles import APPLY, BUCKET, PREVIEW, TAKEN_BY, ActingAs, share_state
from audits.web_identity import Jobs
from stackyard_cli.bootstrap.context import stage_tags
from stackyard_cli.bootstrap.policies import SERVICES
from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

ACCOUNT = "123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/stackyard-roles"
SECRET = "vision/defects/dev/camera-api"
GLASS = f"arn:aws:iam::{ACCOUNT}:role/platform-foundation-dev-break-glass"
REFUSALS = ("AccessDenied", "AccessDeniedException", "403")
NOBODY = json.dumps({"Version": "2012-10-17", "Statement": []})
TAGS = [{"Key": key, "Value": value} for key, value in stage_tags("dev").items()]


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in REFUSALS
    return False


@pytest.fixture(scope="module")
def secret(applied: Workspace, aws: Clients, assume: Assume) -> str:
    """A secret with a value, put in by who may: reading it fails for want of a right only."""
    keeper = aws("secretsmanager", assume("platform-admin"))
    keeper.put_secret_value(SecretId=SECRET, SecretString="made-up-value")
    return SECRET


def test_every_role_of_a_stack_is_within_the_boundary(applied: Workspace, aws: Clients) -> None:
    """All of them were made by the apply role; services that take them are those it may pass to."""
    iam = aws("iam")
    pages = iam.get_paginator("list_roles").paginate()
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    made = [iam.get_role(RoleName=one)["Role"] for one in names if "-dev-" in one]
    assert len(made) > 40
    for role in made:
        bounds = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        assert bounds == BOUNDARY, role["RoleName"]
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            service = statement["Principal"].get("Service", SERVICES[0])
            assert service in {*SERVICES, "sagemaker.amazonaws.com"}, role["RoleName"]


def test_roles_of_pipelines_are_taken_by_the_jobs_that_they_are_for_and_by_nobody_else(
    applied: Workspace, aws: Clients, assume: Assume, jobs: Jobs
) -> None:
    """As the bootstrap made them; GitHub's token names the environment, if the job is in one."""
    others = [f"stackyard-apply-{stage}" for stage in ("staging", "prod")]
    may = {
        "pull_request": {PREVIEW},
        "ref:refs/heads/main": {PREVIEW},
        "ref:refs/heads/feature": set(),
        "environment:dev": {APPLY},
        "environment:prod": {others[1]},
        "environment:Dev": set(),
    }
    for role in (PREVIEW, APPLY, *others):
        for who, roles in may.items():
            assert refused(jobs.take, role=role, who=who) == (role not in roles), (role, who)
        for stranger in ("stranger/estate", "acme/estate2", "acme/Estate"):
            for who in TAKEN_BY.values():
                assert refused(jobs.take, role=role, who=who, repository=stranger)
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(role)  # the account's administrator
    for wrong in ({"aud": "https://github.com/acme"}, {"iss": "https://gitlab.com"}, {"exp": 1}):
        with pytest.raises(ClientError, match=r"InvalidIdentityToken|ExpiredToken"):
            jobs.take(PREVIEW, "pull_request", **wrong)
    taken = aws("sts", jobs.take(APPLY, TAKEN_BY[APPLY])).get_caller_identity()
    assert taken["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{APPLY}/test"


def test_an_apply_role_makes_no_role_that_is_stronger_than_the_boundary(
    applied: Workspace, aws: Clients, jobs: Jobs, secret: str
) -> None:
    """That it can do what `up` needs is shown by the fixture: it has applied the whole stage."""
    mine = jobs.take(APPLY, TAKEN_BY[APPLY])
    iam = aws("iam", mine)
    role = {"RoleName": "any-project-dev-mine", "AssumeRolePolicyDocument": NOBODY, "Tags": TAGS}
    assert refused(iam.create_role, **role)
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert refused(iam.create_role, **role, PermissionsBoundary=everything)
    assert refused(iam.create_role, **{**role, "Tags": []}, PermissionsBoundary=BOUNDARY)
    elsewhere = {**role, "RoleName": "any-project-prod-mine"}
    assert refused(iam.create_role, **elsewhere, PermissionsBoundary=BOUNDARY)
    iam.create_role(**role, PermissionsBoundary=BOUNDARY)
    try:
        name = {"RoleName": role["RoleName"]}
        iam.attach_role_policy(**name, PolicyArn=everything)
        iam.detach_role_policy(**name, PolicyArn=everything)
        assert refused(iam.delete_role_permissions_boundary, **name)
        assert refused(iam.put_role_permissions_boundary, **name, PermissionsBoundary=everything)
    finally:
        iam.delete_role(**name)
    for other in ("platform-admin", APPLY, PREVIEW):
        assert refused(iam.attach_role_policy, RoleName=other, PolicyArn=everything)
        assert refused(iam.update_assume_role_policy, RoleName=other, PolicyDocument=NOBODY)
        assert refused(iam.tag_role, RoleName=other, Tags=TAGS)
    assert refused(iam.create_user, UserName="me")
    version = {"PolicyArn": BOUNDARY, "PolicyDocument": NOBODY, "SetAsDefault": True}
    assert refused(iam.create_policy_version, **version)
    assert refused(aws("secretsmanager", mine).get_secret_value, SecretId=secret)


def test_a_preview_works_with_the_preview_role(
    applied: Workspace, aws: Clients, acting: ActingAs, tmp_path: Path
) -> None:
    """Also of a stack that is new, where the state is in the bucket that it cannot write to."""
    with acting(PREVIEW):
        applied.run("preview", "platform/foundation/dev", "vision/defects/dev")
        drifted = applied.attempt("drift", "*/*/dev", "--json")
    assert drifted.returncode in {0, 4}, drifted.stderr
    # The address of the API server: in a copy of a sandbox, objects in etcd have the former one.
    assert {(row["name"], row["path"]) for row in json.loads(drifted.stdout)} <= {
        ("karpenter-deployment", "spec.template.spec.containers[0].env[1].value")
    }
    share_state(applied.folder / "stacks", tmp_path, applied.sandbox)
    team = type(applied)(tmp_path, applied.sandbox)
    before = aws("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"]
    with acting(PREVIEW):
        assert "to create" in team.run("preview", "platform/foundation/staging")
    assert aws("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == before


def test_a_preview_role_reads_the_cluster_by_its_own_token_and_changes_nothing(
    applied: Workspace, jobs: Jobs, kube: KubernetesClients
) -> None:
    """Its access entry, the admission policy and RBAC, as the stage's own stacks made them."""
    api = kube("platform-foundation-dev", jobs.take(PREVIEW, TAKEN_BY[PREVIEW]))
    core = client.CoreV1Api(api)
    tried = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="tried"), data={"a": "b"})
    assert core.list_namespaced_config_map("default").items is not None
    core.create_namespaced_config_map("default", tried, dry_run="All")
    with pytest.raises(ApiException, match="403"):
        core.create_namespaced_config_map("default", tried)
    with pytest.raises(ApiException, match="403"):
        core.list_secret_for_all_namespaces()
    with pytest.raises(ApiException, match="403"):
        core.delete_namespace("default", dry_run="All")


def test_a_preview_role_opens_and_changes_nothing(
    applied: Workspace, aws: Clients, jobs: Jobs, secret: str
) -> None:
    mine = jobs.take(PREVIEW, TAKEN_BY[PREVIEW])
    assert refused(aws("secretsmanager", mine).get_secret_value, SecretId=secret)
    sealed = aws("kms").encrypt(KeyId="alias/stackyard/dev/secrets", Plaintext=b"x")
    kms, s3 = aws("kms", mine), aws("s3", mine)
    assert refused(kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])
    state = {"Bucket": BUCKET, "Key": ".pulumi/stacks/any.json"}
    aws("s3").put_object(**state, Body=b"{}")
    assert s3.get_object(**state)["Body"].read() == b"{}"
    assert refused(s3.put_object, **state, Body=b"{}")
    assert refused(s3.delete_object, **state)
    aws("s3").delete_object(**state)
    data = applied.contract("vision/defects/dev")["datasets"]["photos"]
    assert refused(s3.get_object, Bucket=data, Key="incoming/1.jpg")
    assert refused(s3.create_bucket, Bucket="mine")
    assert refused(aws("iam", mine).create_role, RoleName="x", AssumeRolePolicyDocument=NOBODY)


@pytest.fixture
def people(aws: Clients) -> Iterator[Callable[[str], dict[str, str]]]:
    """Make a user with an MFA device; returns how to sign as them."""
    iam, made = aws("iam"), []
    # A user that is made again is another one, whom no policy names any more.
    present = {user["UserName"] for user in iam.list_users()["Users"]}

    def make(name: str) -> dict[str, str]:
        made.append(name)
        if name not in present:
            iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        serial = {"SerialNumber": device["SerialNumber"]}
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=name, **serial, **codes)
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
            **serial,
        }

    yield make
    for name in made:
        for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
            serial = {"SerialNumber": device["SerialNumber"]}
            iam.deactivate_mfa_device(UserName=name, **serial)
            iam.delete_virtual_mfa_device(**serial)
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        if name not in present:
            iam.delete_user(UserName=name)


def test_the_glass_is_broken_by_a_named_person_with_a_second_factor_only(
    applied: Workspace, aws: Clients, assume: Assume, people: Any, secret: str
) -> None:
    def take(keys: dict[str, str], **shown: str) -> Any:
        known = {key: keys[key] for key in ("aws_access_key_id", "aws_secret_access_key")}
        asked = {"RoleArn": GLASS, "RoleSessionName": "incident-17", **shown}
        return lambda: aws("sts", known).assume_role(**asked)

    named, other = people("on-call-lead"), people("curious")
    assert refused(take(named))
    assert refused(take(other, SerialNumber=other["SerialNumber"], TokenCode="123456"))
    assert refused(take(other, SerialNumber=named["SerialNumber"], TokenCode="123456"))
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(GLASS)  # the account's administrator
    answer = take(named, SerialNumber=named["SerialNumber"], TokenCode="123456")()["Credentials"]
    glass = {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }
    vault = aws("secretsmanager", glass)
    assert vault.get_secret_value(SecretId=secret)["SecretString"] == "made-up-value"
    assert refused(vault.put_secret_value, SecretId=secret, SecretString="other")
    assert refused(aws("s3", glass).list_buckets)
    # Whoever puts values in does not read them.
    keeper = aws("secretsmanager", assume("platform-admin"))
    assert refused(keeper.get_secret_value, SecretId=secret)
    role = aws("iam").get_role(RoleName=GLASS.rpartition("/")[2])["Role"]
    assert role["MaxSessionDuration"] == 3600
