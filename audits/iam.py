"""Passes every IAM document of the account to parliament and cloudsplaining.

Parliament lints one document at a time (github.com/duo-labs/parliament); cloudsplaining looks for
what an identity could do beyond its purpose (cloudsplaining.readthedocs.io).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from .estate import Estate
from .findings import Finding
from .tools import prepared, run

DRIVER = Path(__file__).parent / "parliament_driver.py"
SEVERE = ("high", "critical")
GROUPS = ("RoleDetailList", "UserDetailList", "GroupDetailList", "Policies")

WITHOUT = ("NoSuchBucketPolicy", "RepositoryPolicyNotFoundException")
"""How a bucket and a repository say that they have no policy."""

Documents = dict[str, dict[str, Any]]
"""Policy documents by what they belong to: `role/NAME/POLICY`, `trust/ROLE`, `s3/BUCKET`."""


def authorization(estate: Estate) -> dict[str, list[dict[str, Any]]]:
    """Return users, roles and the managed policies in use, as IAM describes them."""
    found: dict[str, list[dict[str, Any]]] = {group: [] for group in GROUPS}
    pages = estate.aws("iam").get_paginator("get_account_authorization_details").paginate()
    for page in pages:
        for group in GROUPS:
            found[group] += page.get(group, [])
    attached = {
        policy["PolicyArn"]
        for entity in (*found["RoleDetailList"], *found["UserDetailList"])
        for policy in entity["AttachedManagedPolicies"]
    }
    # The emulator leaves out the name, which is the end of the ARN, and the id.
    found["Policies"] = [
        {"PolicyName": policy["Arn"].rpartition("/")[2], "PolicyId": policy["Arn"], **policy}
        for policy in found["Policies"]
        if policy["Arn"] in attached
    ]
    return found


def documents(estate: Estate, details: dict[str, list[dict[str, Any]]]) -> Documents:
    """Return every document: of identities, of trust, and of resources that have one."""
    found: Documents = {}
    for role in details["RoleDetailList"]:
        found[f"trust/{role['RoleName']}"] = role["AssumeRolePolicyDocument"]
        for policy in role["RolePolicyList"]:
            found[f"role/{role['RoleName']}/{policy['PolicyName']}"] = policy["PolicyDocument"]
    for user in details["UserDetailList"]:
        for policy in user.get("UserPolicyList", []):
            found[f"user/{user['UserName']}/{policy['PolicyName']}"] = policy["PolicyDocument"]
    for policy in details["Policies"]:
        (current,) = (v for v in policy["PolicyVersionList"] if v["IsDefaultVersion"])
        found[f"managed/{policy['PolicyName']}"] = current["Document"]
    for name, text in _resource_policies(estate):
        if text:
            found[name] = json.loads(text)
    return found


def _resource_policies(estate: Estate) -> Iterator[tuple[str, str | None]]:
    s3, kms, secrets = estate.aws("s3"), estate.aws("kms"), estate.aws("secretsmanager")
    ecr, sns, sqs = estate.aws("ecr"), estate.aws("sns"), estate.aws("sqs")
    for bucket in s3.list_buckets()["Buckets"]:
        yield f"s3/{bucket['Name']}", _text(s3.get_bucket_policy, "Policy", Bucket=bucket["Name"])
    for key in kms.list_keys()["Keys"]:
        name = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"]
        yield f"kms/{name}", kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]
    for secret in secrets.list_secrets()["SecretList"]:
        answer = secrets.get_resource_policy(SecretId=secret["ARN"])
        yield f"secret/{secret['Name']}", answer.get("ResourcePolicy")
    for repository in ecr.describe_repositories()["repositories"]:
        name = repository["repositoryName"]
        yield f"ecr/{name}", _text(ecr.get_repository_policy, "policyText", repositoryName=name)
    for topic in sns.list_topics()["Topics"]:
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        yield f"sns/{topic['TopicArn'].rpartition(':')[2]}", attributes.get("Policy")
    for queue in sqs.list_queues().get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
        policy = attributes.get("Attributes", {}).get("Policy")
        yield f"sqs/{queue.rpartition('/')[2]}", policy


def _text(read: Any, key: str, **arguments: str) -> str | None:
    """Return a document, or None where the resource has none."""
    try:
        return str(read(**arguments)[key])
    except ClientError as error:
        if error.response["Error"]["Code"] not in WITHOUT:
            raise
        return None


def parliament(estate: Estate, found: Documents) -> list[Finding]:
    """Lint every document; parliament's own severities."""
    python = str(prepared("iam") / "python")
    given = json.dumps({name: _complete(document) for name, document in found.items()})
    room = estate.room("parliament")
    answer = json.loads(run([python, str(DRIVER)], {}, home=room, given=given))
    return [
        Finding("parliament", item["rule"], item["document"], item["says"])
        for item in answer
        if item["severity"].lower() in SEVERE
    ]


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document in the one form that parliament knows, in which every statement names one.

    Policies of roles' trust and of repositories must not name a resource: it is what they are of.
    """
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {
        **document,
        "Statement": [
            each if "NotResource" in each else {"Resource": "*", **each} for each in listed
        ],
    }


def cloudsplaining(estate: Estate, details: dict[str, list[dict[str, Any]]]) -> list[Finding]:
    """Look at every identity's own policies; cloudsplaining's own severities."""
    room = estate.room("cloudsplaining")
    (room / "account.json").write_text(json.dumps(details, default=str))
    program = str(prepared("iam") / "cloudsplaining")
    options = ["--input-file", "account.json", "--output", ".", "--skip-open-report"]
    run([program, "scan", *options, "--flag-trust-policies"], {}, home=room)
    report = json.loads((room / "iam-findings-account.json").read_text())
    policies = [
        policy
        for group in ("inline_policies", "customer_managed_policies", "aws_managed_policies")
        for policy in report[group].values()
    ]
    found = [
        Finding("cloudsplaining", rule, f"{holder}/{policy['PolicyName']}", says)
        for policy in policies
        for rule, says in _risks(policy)
        for holder in _holders(policy)
    ]
    trust = [(role["name"], *risk) for role in report["roles"].values() for risk in _risks(role)]
    return found + [Finding("cloudsplaining", rule, name, says) for name, rule, says in trust]


def _holders(policy: dict[str, Any]) -> list[str]:
    held = policy.get("AttachedTo") or {}
    return [name for kind in ("roles", "users", "groups") for name in held.get(kind, [])]


def _risks(reported: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the kind of each severe risk of a policy, or of a role's trust, and how it shows."""
    for kind, risk in reported.items():
        if isinstance(risk, dict) and risk.get("severity") in SEVERE and risk["findings"]:
            yield kind, ", ".join(_named(item) for item in risk["findings"][:3])


def _named(item: Any) -> str:
    return str(item["type"]) if isinstance(item, dict) else str(item)
