"""Bucket policies, access points, notifications and access logs.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/s3/accesspoint/ and
the pages of the other types beside it.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.aws.s3_bucket import NO_BUCKET
from stackyard_sandbox.provider.aws.s3_rules import BucketSetting
from stackyard_sandbox.provider.protocol import Properties

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
NO_ACCESS_POINT = ("NoSuchAccessPoint", "NoSuchAccessPointPolicy", "404")
TAGS = Tagging("s3control", for_account=True)
TARGETS = {
    "lambdaFunctions": ("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambdaFunctionArn"),
    "queues": ("QueueConfigurations", "QueueArn", "queueArn"),
    "topics": ("TopicConfigurations", "TopicArn", "topicArn"),
}


class BucketPublicAccessBlock(BucketSetting):
    """The setting that refuses public policies and ACLs."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    takes = ("bucket", *BLOCKS)
    defaults = dict.fromkeys(BLOCKS, False)

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the four options."""
        aws.client("s3").put_public_access_block(
            Bucket=parent,
            PublicAccessBlockConfiguration={
                name[0].upper() + name[1:]: inputs[name] for name in BLOCKS
            },
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the four options."""
        codes = (*NO_BUCKET, "NoSuchPublicAccessBlockConfiguration")
        answer = call_or_none(aws.client("s3").get_public_access_block, *codes, Bucket=identity)
        if answer is None:
            return None
        switches = Casing().sdk(answer["PublicAccessBlockConfiguration"])
        return {"bucket": identity, **switches}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the block."""
        with ignoring_missing(*NO_BUCKET):
            aws.client("s3").delete_public_access_block(Bucket=identity)


class BucketPolicy(BucketSetting):
    """The resource policy of a bucket."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    takes = ("bucket", "policy")

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        aws.client("s3").put_bucket_policy(Bucket=parent, Policy=inputs["policy"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        codes = (*NO_BUCKET, "NoSuchBucketPolicy")
        answer = call_or_none(aws.client("s3").get_bucket_policy, *codes, Bucket=identity)
        return answer and {"bucket": identity, "policy": answer["Policy"]}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy."""
        with ignoring_missing(*NO_BUCKET):
            aws.client("s3").delete_bucket_policy(Bucket=identity)


class BucketLogging(BucketSetting):
    """The target of a bucket's access logs."""

    token = "aws:s3/bucketLogging:BucketLogging"
    takes = ("bucket", "targetBucket", "targetPrefix")

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Enable logging."""
        enabled = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
        aws.client("s3").put_bucket_logging(
            Bucket=parent, BucketLoggingStatus={"LoggingEnabled": enabled}
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the target."""
        answer = (
            call_or_none(aws.client("s3").get_bucket_logging, *NO_BUCKET, Bucket=identity) or {}
        )
        if "LoggingEnabled" not in answer:
            return None
        enabled = answer["LoggingEnabled"]
        return {
            "bucket": identity,
            "targetBucket": enabled["TargetBucket"],
            "targetPrefix": enabled.get("TargetPrefix", ""),
        }

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Disable logging."""
        with ignoring_missing(*NO_BUCKET):
            aws.client("s3").put_bucket_logging(Bucket=identity, BucketLoggingStatus={})


class BucketNotification(BucketSetting):
    """The targets of object events; there is one configuration per bucket."""

    token = "aws:s3/bucketNotification:BucketNotification"
    takes = ("bucket", "eventbridge", *TARGETS)

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the whole configuration."""
        configuration: Properties = {}
        for kind, (member, arn, property_) in TARGETS.items():
            entries = [_notification(entry, arn, property_) for entry in inputs.get(kind) or []]
            if entries:
                configuration[member] = entries
        if inputs.get("eventbridge"):
            configuration["EventBridgeConfiguration"] = {}
        aws.client("s3").put_bucket_notification_configuration(
            Bucket=parent,
            NotificationConfiguration=configuration,
            SkipDestinationValidation=True,
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the configuration; one without targets counts as deleted."""
        client = aws.client("s3")
        answer = call_or_none(
            client.get_bucket_notification_configuration, *NO_BUCKET, Bucket=identity
        )
        if answer is None:
            return None
        actual: Properties = {}
        for kind, (member, arn, property_) in TARGETS.items():
            entries = [_notification_inputs(one, arn, property_) for one in answer.get(member, [])]
            actual[kind] = entries or None
        # The emulator stores `EventBridgeConfiguration` but does not return it, so it stays as
        # recorded.
        shown = any(actual.values()) or state.get("eventbridge")
        return {"bucket": identity, **actual} if shown else None

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Write an empty configuration."""
        with ignoring_missing(*NO_BUCKET):
            aws.client("s3").put_bucket_notification_configuration(
                Bucket=identity, NotificationConfiguration={}
            )


class AccessPoint(Resource):
    """An S3 access point, with a policy of its own; its id is `account:name`."""

    token = "aws:s3/accessPoint:AccessPoint"
    takes = (
        "bucket",
        "accountId",
        "name",
        "policy",
        "publicAccessBlockConfiguration",
        "vpcConfiguration",
    )
    replaces = frozenset(
        {"accountId", "bucket", "name", "publicAccessBlockConfiguration", "vpcConfiguration"}
    )
    autoname = Autoname(limit=50, lower=True)

    def completed(self, inputs: Properties) -> Properties:
        """Block public access unless set otherwise, as the service does."""
        blocks = inputs.get("publicAccessBlockConfiguration") or {}
        every = {**dict.fromkeys(BLOCKS, True), **blocks} if isinstance(blocks, dict) else blocks
        return {**inputs, "publicAccessBlockConfiguration": every}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the access point."""
        account = inputs.get("accountId") or aws.account
        casing = Casing()
        arguments = casing.pick(inputs, "name", "bucket", "vpcConfiguration")
        arguments["PublicAccessBlockConfiguration"] = casing.api(
            inputs["publicAccessBlockConfiguration"]
        )
        aws.client("s3control").create_access_point(AccountId=account, **arguments)
        return f"{account}:{inputs['name']}"

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Write its tags and its policy."""
        account, _, name = identity.partition(":")
        TAGS.update(aws, _access_point_arn(aws, identity), {}, inputs)
        if inputs.get("policy"):
            aws.client("s3control").put_access_point_policy(
                AccountId=account, Name=name, Policy=inputs["policy"]
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the access point and its policy."""
        account, _, name = identity.partition(":")
        client = aws.client("s3control")
        where = {"AccountId": account, "Name": name}
        answer = call_or_none(client.get_access_point, *NO_ACCESS_POINT, **where)
        if answer is None:
            return None
        policy = call_or_none(client.get_access_point_policy, *NO_ACCESS_POINT, **where) or {}
        arn = _access_point_arn(aws, identity)
        return {
            "accountId": account,
            "name": name,
            "bucket": answer["Bucket"],
            "arn": arn,
            "alias": answer.get("Alias"),
            "domainName": f"{name}-{account}.s3-accesspoint.{aws.region}.amazonaws.com",
            "networkOrigin": answer.get("NetworkOrigin"),
            "policy": policy.get("Policy"),
            "endpoints": answer.get("Endpoints"),
            "tagsAll": TAGS.read(aws, arn),
            "publicAccessBlockConfiguration": Casing().sdk(
                answer.get("PublicAccessBlockConfiguration")
            ),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only policy and tags change in place."""
        if changed(old, new, "policy"):
            account, _, name = identity.partition(":")
            if new.get("policy"):
                aws.client("s3control").put_access_point_policy(
                    AccountId=account, Name=name, Policy=new["policy"]
                )
            else:
                aws.client("s3control").delete_access_point_policy(AccountId=account, Name=name)
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the access point."""
        account, _, name = identity.partition(":")
        with ignoring_missing(*NO_ACCESS_POINT):
            aws.client("s3control").delete_access_point(AccountId=account, Name=name)


def _access_point_arn(aws: Cloud, identity: str) -> str:
    account, _, name = identity.partition(":")
    return f"arn:{aws.partition}:s3:{aws.region}:{account}:accesspoint/{name}"


def _notification(entry: Properties, arn: str, property_: str) -> Properties:
    result: Properties = {"Events": entry["events"], arn: entry[property_]}
    if entry.get("id"):
        result["Id"] = entry["id"]
    rules = [
        {"Name": name, "Value": entry[key]}
        for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
        if entry.get(key)
    ]
    if rules:
        result["Filter"] = {"Key": {"FilterRules": rules}}
    return result


def _notification_inputs(entry: Properties, arn: str, property_: str) -> Properties:
    result: Properties = {"events": entry["Events"], property_: entry[arn], "id": entry.get("Id")}
    for rule in entry.get("Filter", {}).get("Key", {}).get("FilterRules", []):
        result[f"filter{rule['Name'].capitalize()}"] = rule["Value"]
    return result
