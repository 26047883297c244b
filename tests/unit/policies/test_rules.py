"""Each rule on plain data: a case that passes, one that fails, one where the value is missing."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from stackyard.estate.settings import PolicyOverride as Override
from stackyard_policies.catalogue import PACKS, RULES
from stackyard_policies.configuration import configured, levels
from stackyard_policies.pack import settings as read_settings
from stackyard_policies.rule import Settings, Subject

INLINE = "aws:iam/rolePolicy:RolePolicy"
BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
SETTINGS = Settings(stage="prod", registries=("ours/",), regions=("eu-central-1",), protected=True)
DIGEST = "@sha256:" + "a" * 64


def one(kind: str, protect: bool = False, **props: Any) -> list[Subject]:
    return [Subject(f"urn::{kind}", kind, "thing", props, protect)]


def bucket(companion: str | None, **props: Any) -> list[Subject]:
    """A bucket, and the companion that names it as the engine would link them."""
    tags = {"stackyard:class": "personal"}
    found = [Subject("urn::bucket", BUCKET, "data", {"tags": tags}, True)]
    if companion:
        links = {"bucket": ("urn::bucket",)}
        found.append(Subject("urn::companion", companion, "part", props, False, links))
    return found


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "arn:aws:s3:::x", **more: Any) -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": resource, **more})


def inline(name: str, size: int, role: str = "role") -> Subject:
    """An inline policy of about so many characters, as the engine links it to its role."""
    links = {"role": (f"urn:pulumi:dev::p::aws:iam/role:Role::{role}",)}
    return Subject(
        f"urn::{name}", INLINE, name, {"policy": allow("s3:Get", "x" * size)}, False, links
    )


def workload(**container: Any) -> list[Subject]:
    spec = {"template": {"spec": {"containers": [{"name": "main", **container}]}}}
    return one("kubernetes:apps/v1:Deployment", spec=spec)


def lifecycle(**expiration: Any) -> list[dict[str, Any]]:
    return [
        {
            "status": "Enabled",
            "expiration": expiration,
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]


BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FOUR = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
TLS = document({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
NODES = "aws:eks/nodeGroup:NodeGroup"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
TYPES = [{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["g5.xlarge"]}]
TAGS = dict.fromkeys(Settings().required_tags, "x")
KMS = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]
AES = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
NAMESPACE = Subject("urn::ns", "kubernetes:core/v1:Namespace", "ns", {"metadata": {"name": "a"}})
QUOTA = Subject(
    "urn::quota", "kubernetes:core/v1:ResourceQuota", "q", {"metadata": {"namespace": "a"}}
)
ASIDE = Subject(
    "urn::quota", "kubernetes:core/v1:ResourceQuota", "q", {"metadata": {"namespace": "b"}}
)


def region(name: str) -> Subject:
    return Subject("urn::provider", "pulumi:providers:aws", "aws", {"region": name})


def pool(limits: Any = None, **changes: Any) -> list[Subject]:
    """A NodePool of GPU nodes that is right; a change to None leaves a field out."""
    node = {"requirements": TYPES, "taints": [{"effect": "NoSchedule"}], "expireAfter": "720h"}
    node = {key: value for key, value in {**node, **changes}.items() if value is not None}
    most = {"cpu": "8"} if limits is None else limits
    return one(NODE_POOL, spec={"limits": most, "template": {"spec": node}})


Case = tuple[list[Subject], list[Subject], list[Subject], bool]
"""Passing, failing, missing; and whether the missing value is a violation."""

CASES: dict[str, Case] = {
    "storage-bucket-encrypted": (
        bucket(ENCRYPTION, rules=KMS),
        bucket(ENCRYPTION, rules=AES),
        bucket(None),
        True,
    ),
    "storage-bucket-not-public": (
        bucket(BLOCK, **FOUR),
        bucket(BLOCK, **{**FOUR, "blockPublicAcls": False}),
        bucket(None),
        True,
    ),
    "storage-bucket-tls-only": (
        bucket(POLICY, policy=TLS),
        bucket(POLICY, policy=allow("s3:GetObject")),
        bucket(None),
        True,
    ),
    "storage-bucket-versioned": (
        bucket(VERSIONING),
        [*bucket(None), *one(VERSIONING)],
        bucket(None),
        True,
    ),
    "storage-at-rest-encrypted": (
        one("aws:rds/instance:Instance", storageEncrypted=True),
        one("aws:efs/fileSystem:FileSystem", encrypted=False),
        one("aws:efs/fileSystem:FileSystem"),
        True,
    ),
    "storage-database-private": (
        one("aws:rds/instance:Instance", publiclyAccessible=False),
        one("aws:rds/instance:Instance", publiclyAccessible=True),
        one("aws:rds/instance:Instance"),
        False,
    ),
    "iam-no-wildcard-action": (
        one(ROLE_POLICY, policy=allow(["s3:GetObject"])),
        one(ROLE_POLICY, policy=allow("s3:*")),
        one(ROLE_POLICY),
        False,
    ),
    "iam-pass-role-bounded": (
        one(
            ROLE_POLICY,
            policy=allow(
                "iam:PassRole",
                "arn:aws:iam::1:role/x",
                Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
        ),
        one(ROLE_POLICY, policy=allow("iam:PassRole", "*")),
        one(ROLE_POLICY),
        False,
    ),
    "iam-trust-named": (
        one(
            "aws:iam/role:Role",
            assumeRolePolicy=document(
                {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}}
            ),
        ),
        one(
            "aws:iam/role:Role",
            assumeRolePolicy=document({"Effect": "Allow", "Principal": {"AWS": "*"}}),
        ),
        one("aws:iam/role:Role"),
        False,
    ),
    "iam-resource-policy-named": (
        one(POLICY, policy=document({"Effect": "Deny", "Principal": "*"})),
        one(POLICY, policy=document({"Effect": "Allow", "Principal": "*", "Sid": "Open"})),
        one(POLICY),
        False,
    ),
    "rbac-no-cluster-admin": (
        one(BINDING, roleRef={"name": "view"}),
        one(BINDING, roleRef={"name": "cluster-admin"}),
        one(BINDING),
        False,
    ),
    "rbac-no-wildcards": (
        one(CLUSTER_ROLE, rules=[{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}]),
        one(CLUSTER_ROLE, rules=[{"verbs": ["escalate"], "resources": ["*"], "apiGroups": [""]}]),
        one(CLUSTER_ROLE),
        False,
    ),
    "retention-bucket-lifecycle": (
        bucket(LIFECYCLE, rules=lifecycle(days=10)),
        bucket(LIFECYCLE, rules=[{"status": "Enabled", "expiration": {"days": 10}}]),
        bucket(None),
        True,
    ),
    "retention-logs-bounded": (
        one("aws:cloudwatch/logGroup:LogGroup", retentionInDays=30),
        one("aws:cloudwatch/logGroup:LogGroup", retentionInDays=0),
        one("aws:cloudwatch/logGroup:LogGroup"),
        True,
    ),
    "keys-rotate": (
        one("aws:kms/key:Key", enableKeyRotation=True),
        one("aws:kms/key:Key", enableKeyRotation=False),
        one("aws:kms/key:Key"),
        True,
    ),
    "personal-data-bounded": (
        bucket(LIFECYCLE, rules=lifecycle(days=365)),
        bucket(LIFECYCLE, rules=lifecycle(days=4000)),
        bucket(LIFECYCLE, rules=lifecycle()),
        True,
    ),
    "personal-data-region": (
        [region("eu-central-1"), *bucket(None)],
        [region("us-east-1"), *bucket(None)],
        bucket(None),
        False,
    ),
    "protection-stateful": (
        one("aws:kms/key:Key", protect=True),
        one("aws:kms/key:Key", protect=False),
        one("aws:iam/role:Role"),
        False,
    ),
    "tags-required": (
        one("aws:kms/key:Key", tagsAll=TAGS),
        one("aws:kms/key:Key", tagsAll={**TAGS, "stackyard:owner": ""}),
        one("aws:kms/key:Key"),
        True,
    ),
    "budget-present": (
        [*bucket(None), *one("aws:budgets/budget:Budget")],
        [*bucket(None), *one("aws:iam/role:Role")],
        bucket(None),
        True,
    ),
    "aws-document-size": (
        one("aws:iam/role:Role", assumeRolePolicy=allow("s3:Get", "x" * 1_900)),
        one("aws:iam/role:Role", assumeRolePolicy=allow("s3:Get", "x" * 2_048)),
        one("aws:iam/role:Role"),
        False,
    ),
    "iam-role-size": (
        [inline("a", 5_000), inline("b", 5_000), inline("c", 9_000, "other")],
        [inline("a", 5_000), inline("b", 5_000), inline("c", 500)],
        one(INLINE),
        False,
    ),
    "workload-image-fixed": (
        [*workload(image="theirs/train" + DIGEST), *workload(image="ours/train:1.4")],
        workload(image="ours/train:latest"),
        workload(),
        True,
    ),
    "registry-tags-immutable": (
        one("aws:ecr/repository:Repository", imageTagMutability="IMMUTABLE"),
        one("aws:ecr/repository:Repository", imageTagMutability="MUTABLE"),
        one("aws:ecr/repository:Repository"),
        True,
    ),
    "workload-limited": (
        workload(resources={"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}),
        workload(resources={"requests": {"cpu": "1"}}),
        workload(),
        True,
    ),
    "namespace-quota": ([NAMESPACE, QUOTA], [NAMESPACE, ASIDE], [NAMESPACE], True),
    "node-pool-capped": (pool(), pool(limits={"nvidia.com/gpu": "4"}), pool(limits={}), True),
    "node-pool-ends": (pool(), pool(expireAfter="Never"), pool(expireAfter=None), True),
    "gpu-pool-contained": (
        [*pool(), *one(NODES, instanceTypes=["m7i.large"])],
        one(NODES, instanceTypes=["g5.xlarge"]),
        pool(taints=None),
        True,
    ),
    "node-pool-types-listed": (
        pool(),
        pool(requirements=[{**TYPES[0], "values": ["g5.*"]}]),
        pool(requirements=None),
        True,
    ),
    "node-disk-encrypted": (
        one(NODE_CLASS, spec={"blockDeviceMappings": [{"ebs": {"encrypted": True}}]}),
        one(
            NODE_CLASS,
            spec={
                "amiSelectorTerms": [{"alias": "bottlerocket@v1.53.0"}],
                "blockDeviceMappings": [{"ebs": {"encrypted": True}}],
            },
        ),
        one(NODE_CLASS, spec={}),
        True,
    ),
    "node-metadata-guarded": (
        one(NODE_CLASS, spec={"metadataOptions": {"httpTokens": "required"}}),
        one(NODE_CLASS, spec={"metadataOptions": {"httpPutResponseHopLimit": 2}}),
        one(NODE_CLASS, spec={}),
        False,
    ),
    "secret-not-plain": (
        workload(env=[{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {}}}]),
        workload(env=[{"name": "DB_PASSWORD", "value": "hunter2"}]),
        workload(),
        False,
    ),
}


def test_every_rule_has_its_cases_and_stands_in_one_pack() -> None:
    assert set(CASES) == set(RULES)
    assert sorted(name for names in PACKS.values() for name in names) == sorted(RULES)
    assert all(rule.why and rule.fix for rule in RULES.values())


@pytest.mark.parametrize("name", RULES)
def test_a_rule_passes_what_is_right(name: str) -> None:
    assert list(RULES[name].findings(CASES[name][0], SETTINGS)) == []


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_what_is_wrong_and_never_shows_a_value_of_a_secret(name: str) -> None:
    findings = list(RULES[name].findings(CASES[name][1], SETTINGS))
    assert findings
    assert all(urn.startswith("urn::") for urn, _ in findings)
    assert "hunter2" not in str(findings)


def test_a_bucket_of_access_logs_needs_no_kms_key_whoever_names_it() -> None:
    """Its name may come from the bucket or from the policy that lets the log service write."""
    rule = RULES["storage-bucket-encrypted"]
    logged = "aws:s3/bucketLogging:BucketLogging"
    policy = Subject("urn::policy", POLICY, "policy", {}, False, {"bucket": ("urn::bucket",)})
    for target in ("urn::bucket", "urn::policy"):
        logging = Subject("urn::logging", logged, "logs", {}, False, {"targetBucket": (target,)})
        assert not list(rule.findings([*bucket(ENCRYPTION, rules=AES), policy, logging], SETTINGS))
    assert list(rule.findings([*bucket(ENCRYPTION, rules=AES), policy], SETTINGS))


def test_lists_of_the_engine_are_read_like_any_other() -> None:
    from pulumi_policy.proxy import unknown_checking_proxy

    props = unknown_checking_proxy({"rules": KMS})
    subject = Subject("urn::x", "x", "x", props)
    assert subject.value("rules.0.applyServerSideEncryptionByDefault.sseAlgorithm") == "aws:kms"


@pytest.mark.parametrize("name", RULES)
def test_a_missing_value_is_judged_as_the_provider_would_default_it(name: str) -> None:
    findings = list(RULES[name].findings(CASES[name][2], SETTINGS))
    assert bool(findings) is CASES[name][3]


TODAY = datetime.date(2026, 11, 24)


def override(**change: Any) -> Override:
    given = {
        "rule": "keys-rotate",
        "stage": "dev",
        "level": "advisory",
        "reason": "imported keys",
        "owner": "platform@acme.example",
        "expires": TODAY,
    }
    return Override.model_validate({**given, **change})


def test_an_override_holds_for_its_stage_until_its_last_day() -> None:
    assert levels("dev", [override()], TODAY)["keys-rotate"] == "advisory"
    assert levels("prod", [override()], TODAY)["keys-rotate"] == "mandatory"
    with pytest.raises(ValueError, match="expired on 2026-11-23"):
        levels("dev", [override(expires=TODAY - datetime.timedelta(days=1))], TODAY)
    with pytest.raises(ValueError, match="an unknown rule"):
        levels("dev", [override(rule="keys-rotat")], TODAY)


def test_settings_survive_the_way_through_the_engine() -> None:
    configs = configured(SETTINGS, levels("prod", [], TODAY), ["personal-data"])
    assert configs["keys-rotate"]["enforcementLevel"] == "disabled"
    given = json.loads(json.dumps(configs["personal-data-bounded"]))
    assert given.pop("enforcementLevel") == "mandatory"
    assert read_settings({**given, "personal_days": 1095.0}) == SETTINGS


def test_who_lacks_a_budget_hears_of_the_section_that_makes_it() -> None:
    """A project with `budget` and no `monitoring` has no AWS budget."""
    rule = RULES["budget-present"]
    assert "`monitoring`" in rule.fix


def test_white_space_counts_except_in_policies_of_iam() -> None:
    rule = RULES["aws-document-size"]
    role = allow("s3:Get", "x" * 1_900) + " " * 500
    assert not list(rule.findings(one("aws:iam/role:Role", assumeRolePolicy=role), SETTINGS))
    pattern = "x" * 1_000 + " " * 25
    filters = one("aws:cloudwatch/logMetricFilter:LogMetricFilter", pattern=pattern)
    assert list(rule.findings(filters, SETTINGS))


def test_a_role_has_at_most_ten_managed_policies() -> None:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    links = {"role": ("urn:pulumi:dev::p::aws:iam/role:Role::role",)}
    found = [Subject(f"urn::{n}", kind, str(n), {}, False, links) for n in range(11)]
    assert list(RULES["iam-role-size"].findings(found[:10], SETTINGS)) == []
    ((urn, message),) = RULES["iam-role-size"].findings(found, SETTINGS)
    assert urn == "urn::0"
    assert "11 managed policies" in message
