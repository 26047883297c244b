"""The steps of a bootstrap: each looks at what is there, and makes what is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from stackyard_cli.bootstrap import policies
from stackyard_cli.bootstrap.policies import OURS, Place

Standing = Literal["ok", "missing", "different"]
Clients = Callable[[str], Any]

NONCURRENT_DAYS = 90
"""Days for which former versions of the state are kept: long enough to notice a damage."""


@dataclass(frozen=True)
class Step:
    """One thing that should be so."""

    what: str
    name: str
    look: Callable[[], Standing]
    make: Callable[[], None]


def key_steps(clients: Clients, alias: str) -> Iterator[Step]:
    """Return the steps for the key of the state, with rotation."""
    kms = clients("kms")

    def key_id() -> str | None:
        found: str | None = _or_none(lambda: kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
        return found

    def make() -> None:
        tags = [{"TagKey": key, "TagValue": value} for key, value in OURS.items()]
        made = kms.create_key(Description="State of Stackyard", Tags=tags)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=made)

    def rotates() -> Standing:
        found = key_id()
        if found is None:
            return "missing"
        status = kms.get_key_rotation_status(KeyId=found)
        return "ok" if status["KeyRotationEnabled"] else "different"

    yield Step("key", alias, lambda: "ok" if key_id() else "missing", make)
    yield Step("rotation", alias, rotates, lambda: kms.enable_key_rotation(KeyId=key_id()))


def described_key(clients: Clients, alias: str) -> str | None:
    """Return the address of the key behind an alias; None if there is none."""
    found: str | None = _or_none(
        lambda: clients("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    )
    return found


def bucket_steps(clients: Clients, place: Place) -> Iterator[Step]:
    """Return the steps for the state bucket."""
    s3 = clients("s3")
    name = {"Bucket": place.bucket}

    def make() -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        s3.create_bucket(**name, **({} if place.region == "us-east-1" else where))

    def exists() -> Standing:
        return "ok" if _or_none(lambda: s3.head_bucket(**name)) is not None else "missing"

    yield Step("bucket", place.bucket, exists, make)
    for what, get, put, key, wanted in _settings(s3, place):
        yield _setting(what, place.bucket, get, put, key, wanted)
    text = json.dumps(policies.state_bucket(place), sort_keys=True)
    yield Step(
        "bucket policy",
        place.bucket,
        _compared(lambda: json.loads(s3.get_bucket_policy(**name)["Policy"]), json.loads(text)),
        lambda: s3.put_bucket_policy(**name, Policy=text),
    )
    yield _versioning(s3, place.bucket)
    yield _expiry(s3, place.bucket)


def _setting(what: str, bucket: str, get: Any, put: Any, key: str, wanted: Any) -> Step:
    look = _compared(lambda: get(Bucket=bucket)[key], wanted)
    return Step(what, bucket, look, lambda: put(Bucket=bucket, **{key: wanted}))


def _settings(s3: Any, place: Place) -> Iterator[tuple[str, Any, Any, str, dict[str, Any]]]:
    rule = {
        "ApplyServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": place.key_arn,
        },
        "BucketKeyEnabled": True,
    }
    flags = (
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    )
    yield (
        "no public access",
        s3.get_public_access_block,
        s3.put_public_access_block,
        "PublicAccessBlockConfiguration",
        dict.fromkeys(flags, True),
    )
    yield (
        "encryption",
        s3.get_bucket_encryption,
        s3.put_bucket_encryption,
        "ServerSideEncryptionConfiguration",
        {"Rules": [rule]},
    )
    yield (
        "owner of objects",
        s3.get_bucket_ownership_controls,
        s3.put_bucket_ownership_controls,
        "OwnershipControls",
        {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )


def _versioning(s3: Any, bucket: str) -> Step:
    wanted = {"Status": "Enabled"}

    def make() -> None:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=wanted)

    def look() -> Standing:
        found = _or_none(lambda: s3.get_bucket_versioning(Bucket=bucket))
        if found is None:
            return "missing"
        return "ok" if found.get("Status") == "Enabled" else "different"

    return Step("versions", bucket, look, make)


def _expiry(s3: Any, bucket: str) -> Step:
    rule = {
        "ID": "former-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }

    def make() -> None:
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        )

    def rules() -> Any:
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]

    return Step("former versions expire", bucket, _compared(rules, [rule]), make)


def provider_step(clients: Clients, place: Place, forge: policies.Forge) -> Step:
    """Return the step for the identity provider, through which jobs get roles without keys."""
    client = clients("iam")
    host = policies.HOSTS[forge]
    arn = f"arn:{place.partition}:iam::{place.account}:oidc-provider/{host}"

    def look() -> Standing:
        found = _or_none(lambda: client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn))
        if found is None:
            return "missing"
        return "ok" if policies.AUDIENCE in found["ClientIDList"] else "different"

    def make() -> None:
        if look() == "different":
            client.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=policies.AUDIENCE
            )
            return
        client.create_open_id_connect_provider(
            Url=f"https://{host}", ClientIDList=[policies.AUDIENCE], Tags=_tags()
        )

    return Step("identity provider", host, look, make)


def policy_step(clients: Clients, place: Place, name: str, text: str) -> Step:
    """Return the step for a managed policy."""
    client = clients("iam")
    arn = policy_arn(place, name)

    def current() -> Any:
        version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = client.get_policy_version(PolicyArn=arn, VersionId=version)
        return found["PolicyVersion"]["Document"]

    look = _compared(current, json.loads(text))

    def make() -> None:
        if look() == "missing":
            client.create_policy(PolicyName=name, PolicyDocument=text, Tags=_tags())
            return
        versions = client.list_policy_versions(PolicyArn=arn)["Versions"]
        former = [each for each in versions if not each["IsDefaultVersion"]]
        if len(versions) >= POLICY_VERSIONS:
            oldest = min(former, key=lambda each: each["CreateDate"])
            client.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        client.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    return Step("policy", name, look, make)


POLICY_VERSIONS = 5
"""Most versions of a managed policy; an older one makes room."""


def policy_arn(place: Place, name: str) -> str:
    """Return the address of a managed policy of the account."""
    return f"arn:{place.partition}:iam::{place.account}:policy/{name}"


def role_step(
    clients: Clients,
    name: str,
    *,
    trust: dict[str, Any],
    attached: list[str],
    boundary: str | None,
) -> Step:
    """Return the step for a role, its trust, its policies and its boundary."""
    client = clients("iam")

    def look() -> Standing:
        role = _or_none(lambda: client.get_role(RoleName=name)["Role"])
        if role is None:
            return "missing"
        bounds = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        found = (role["AssumeRolePolicyDocument"], bounds, _attached(client, name))
        return "ok" if found == (trust, boundary, set(attached)) else "different"

    def make() -> None:
        text = json.dumps(trust)
        limit = {"PermissionsBoundary": boundary} if boundary else {}
        if _or_none(lambda: client.get_role(RoleName=name)) is None:
            client.create_role(RoleName=name, AssumeRolePolicyDocument=text, Tags=_tags(), **limit)
        else:
            client.update_assume_role_policy(RoleName=name, PolicyDocument=text)
            if boundary:
                client.put_role_permissions_boundary(RoleName=name, **limit)
        present = _attached(client, name)
        for arn in sorted(set(attached) - present):
            client.attach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in sorted(present - set(attached)):
            client.detach_role_policy(RoleName=name, PolicyArn=arn)

    return Step("role", name, look, make)


def _attached(client: Any, name: str) -> set[str]:
    found = client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {each["PolicyArn"] for each in found}


def _compared(current: Callable[[], Any], wanted: Any) -> Callable[[], Standing]:
    def look() -> Standing:
        found = _or_none(current)
        if found is None:
            return "missing"
        return "ok" if found == wanted else "different"

    return look


ABSENT = (
    "404",
    "NoSuch",
    "NotFound",
    "OwnershipControlsNotFound",
    "ServerSideEncryptionConfigurationNotFound",
)
"""How services say that there is nothing; any other refusal is an error."""


def _or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in ABSENT):
            return None
        raise


def _tags() -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in OURS.items()]
