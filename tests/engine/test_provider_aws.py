"""The AWS provider under the real engine, looked at with boto3."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from stackyard.naming import StackId
from stackyard_cli.engine.worker.adoption import adopt_secrets
from stackyard_cli.inventory.census import STACK_TAG
from stackyard_cli.recovery.secrets import restored
from tests.support.automation import ProgramStack

from .provider_aws_cloud import ACCOUNT, REGION, Cloud, started

SECRET = "pa55-w0rd-of-the-test"
STACK = StackId("vision", "defects", "staging")
Program = Callable[[pulumi.InvokeOptions, pulumi.ResourceOptions], object]


class Stack(ProgramStack):
    """One stack of AWS resources; its provider's settings may change between runs, too."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.settings: dict[str, Any] = {
            "region": REGION,
            "allowed_account_ids": [ACCOUNT],
            "default_tags": aws.ProviderDefaultTagsArgs(tags={"team": "ranking"}),
        }
        self.program: Program = lambda *_: None
        self.applied = False
        super().__init__(folder, "aws", cloud.provider)

    def make(self) -> None:
        provider = aws.Provider("aws", **self.settings)
        self.program(
            pulumi.InvokeOptions(provider=provider), pulumi.ResourceOptions(provider=provider)
        )

    def up(self) -> dict[str, int]:
        self.applied = True
        return super().up()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def stack(cloud: Cloud, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path, cloud)
    yield stack
    if stack.applied:
        stack.destroy()


def dataset(days: int = 365, name: str | None = None) -> Program:
    def program(_: pulumi.InvokeOptions, opts: pulumi.ResourceOptions) -> None:
        bucket = aws.s3.Bucket("data", bucket=name, opts=opts)
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="cold",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="raw/"),
            transitions=[
                aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                    days=days, storage_class="GLACIER_IR"
                )
            ],
        )
        expiry = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="gone",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="tmp/"),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=7),
        )
        aws.s3.BucketLifecycleConfiguration(
            "lifecycle", bucket=bucket.bucket, rules=[rule, expiry], opts=opts
        )
        pulumi.export("bucket", bucket.bucket)
        pulumi.export("arn", bucket.arn)

    return program


def test_creates_what_boto3_finds(stack: Stack, cloud: Cloud) -> None:
    stack.program = dataset()
    stack.up()
    bucket = stack.outputs()["bucket"].value
    assert bucket.startswith("data-")
    assert len(bucket) == len("data-") + 7
    s3 = cloud.client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["Transitions"] == [{"Days": 365, "StorageClass": "GLACIER_IR"}]
    tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert tags == [{"Key": "team", "Value": "ranking"}]


def test_unchanged_program_changes_nothing(stack: Stack) -> None:
    stack.program = dataset()
    stack.up()
    assert stack.steps() == {}
    assert stack.steps(refresh=True) == {}
    assert set(stack.refresh()) == {"same"}


def test_one_edit_is_one_path(stack: Stack, cloud: Cloud) -> None:
    stack.program = dataset(days=365)
    stack.up()
    stack.program = dataset(days=400)
    assert stack.steps() == {"lifecycle": ("update", ["rules[0].transitions[0].days"])}
    stack.up()
    bucket = stack.outputs()["bucket"].value
    rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["Transitions"][0]["Days"] == 400


def test_a_rule_deleted_behind_its_back_is_seen_and_brought_back(
    stack: Stack, cloud: Cloud
) -> None:
    stack.program = dataset()
    stack.up()
    s3, bucket = cloud.client("s3"), stack.outputs()["bucket"].value
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules[:1]}
    )
    assert stack.steps() == {}, "a plain preview does not look at the cloud"
    assert stack.steps(refresh=True) == {"lifecycle": ("update", ["rules[1]"])}
    stack.refresh()
    stack.up()
    assert len(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]) == 2


def test_a_configuration_deleted_behind_its_back_is_created_again(
    stack: Stack, cloud: Cloud
) -> None:
    stack.program = dataset()
    stack.up()
    bucket = stack.outputs()["bucket"].value
    cloud.client("s3").delete_bucket_lifecycle(Bucket=bucket)
    assert stack.steps(refresh=True)["lifecycle"][0] == "create"


def test_an_immutable_property_replaces(stack: Stack, cloud: Cloud) -> None:
    stack.program = dataset(name="first-name-of-it")
    stack.up()
    stack.program = dataset(name="second-name-of-it")
    assert stack.steps() == {"data": ("replace", ["bucket"]), "lifecycle": ("replace", ["bucket"])}
    stack.up()
    names = [entry["Name"] for entry in cloud.client("s3").list_buckets()["Buckets"]]
    assert "second-name-of-it" in names
    assert "first-name-of-it" not in names


def test_destroy_leaves_nothing(stack: Stack, cloud: Cloud) -> None:
    before = cloud.client("s3").list_buckets()["Buckets"]
    stack.program = dataset()
    stack.up()
    stack.destroy()
    assert cloud.client("s3").list_buckets()["Buckets"] == before


def test_unknown_property_is_refused_by_name(stack: Stack) -> None:
    def program(_: pulumi.InvokeOptions, opts: pulumi.ResourceOptions) -> None:
        token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        rules = [{"id": "a", "status": "Enabled", "transitoins": []}]
        pulumi.CustomResource(token, "lifecycle", {"bucket": "b", "rules": rules}, opts=opts)

    stack.program = program
    text = stack.refused()
    assert "rules[0].transitoins" in text
    assert "did you mean `transitions`?" in text


def test_unserved_type_says_what_to_do(stack: Stack) -> None:
    stack.program = lambda _, opts: aws.sagemaker.Image(
        "image", image_name="x", role_arn="arn:aws:iam::1:role/x", opts=opts
    )
    text = stack.refused()
    assert "the sandbox has no aws:sagemaker/image:Image" in text
    assert "target `aws`" in text


def test_ignored_property_is_refused_rather_than_ignored(stack: Stack) -> None:
    stack.program = lambda _, opts: aws.s3.Bucket("data", acl="private", opts=opts)
    assert "the sandbox does not carry out this property" in stack.refused()


def test_endpoint_off_this_machine_is_refused(stack: Stack) -> None:
    stack.settings["endpoints"] = [aws.ProviderEndpointArgs(s3="https://s3.example.com")]
    stack.program = dataset()
    text = stack.refused()
    assert "endpoints[0].s3" in text
    assert "loopback" in text


def test_another_account_is_refused(stack: Stack) -> None:
    stack.settings["allowed_account_ids"] = ["999999999999"]
    stack.program = dataset()
    text = stack.refused()
    assert "allowedAccountIds" in text
    assert ACCOUNT in text


def test_provider_error_names_resource_property_and_code(stack: Stack) -> None:
    stack.program = lambda _, opts: aws.s3.BucketVersioning(
        "versions",
        bucket="there-is-no-such-bucket",
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        opts=opts,
    )
    text = stack.error(stack.up)
    assert "aws:s3/bucketVersioning:BucketVersioning::versions" in text
    assert "`bucket`" in text
    assert "NoSuchBucket" in text


def test_secret_value_stays_secret(stack: Stack, cloud: Cloud) -> None:
    def program(_: pulumi.InvokeOptions, opts: pulumi.ResourceOptions) -> None:
        secret = aws.secretsmanager.Secret("db", recovery_window_in_days=0, opts=opts)
        version = aws.secretsmanager.SecretVersion(
            "db", secret_id=secret.id, secret_string=pulumi.Output.secret(SECRET), opts=opts
        )
        pulumi.export("name", secret.name)
        pulumi.export("value", version.secret_string)

    stack.program = program
    stack.up()
    stack.refresh()
    outputs = stack.outputs()
    assert outputs["value"].secret
    found = cloud.client("secretsmanager").get_secret_value(SecretId=outputs["name"].value)
    assert found["SecretString"] == SECRET
    for path in stack.state.parent.parent.parent.rglob("*.json*"):
        assert SECRET not in path.read_text(), path


def test_secret_value_is_not_in_an_error(stack: Stack) -> None:
    stack.program = lambda _, opts: aws.secretsmanager.SecretVersion(
        "db",
        secret_id=pulumi.Output.secret(f"no-such-{SECRET}"),
        secret_string=SECRET,
        opts=opts,
    )
    text = stack.error(stack.up)
    assert "ResourceNotFoundException" in text
    assert SECRET not in text


def test_two_instances_keep_their_regions(stack: Stack, cloud: Cloud) -> None:
    def program(_: pulumi.InvokeOptions, opts: pulumi.ResourceOptions) -> None:
        other = pulumi.ResourceOptions(provider=aws.Provider("other", region="us-east-2"))
        aws.sqs.Queue("here", opts=opts)
        pulumi.export("there", aws.sqs.Queue("there", opts=other).arn)
        pulumi.export(
            "region",
            aws.get_region_output(opts=pulumi.InvokeOptions(provider=other.provider)).region,
        )

    stack.program = program
    stack.up()
    outputs = stack.outputs()
    assert outputs["there"].value.startswith(f"arn:aws:sqs:us-east-2:{ACCOUNT}:there-")
    assert outputs["region"].value == "us-east-2"


def test_functions_answer(stack: Stack) -> None:
    def program(invoke: pulumi.InvokeOptions, _: pulumi.ResourceOptions) -> None:
        zones = aws.get_availability_zones(state="available", opts=invoke)
        document = aws.iam.get_policy_document(
            statements=[
                aws.iam.GetPolicyDocumentStatementArgs(
                    actions=["s3:GetObject"],
                    resources=["arn:aws:s3:::b/*"],
                    principals=[
                        aws.iam.GetPolicyDocumentStatementPrincipalArgs(
                            type="Service", identifiers=["ec2.amazonaws.com"]
                        )
                    ],
                )
            ],
            opts=invoke,
        )
        pulumi.export("account", aws.get_caller_identity(opts=invoke).account_id)
        pulumi.export("partition", aws.get_partition(opts=invoke).partition)
        pulumi.export("zones", zones.names)
        pulumi.export("policy", document.json)

    stack.program = program
    stack.up()
    outputs = {name: output.value for name, output in stack.outputs().items()}
    assert outputs["account"] == ACCOUNT
    assert outputs["partition"] == "aws"
    assert outputs["zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    statement = json.loads(outputs["policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert statement["Action"] == "s3:GetObject"


def test_parameter_store_says_why_not(stack: Stack) -> None:
    stack.program = lambda invoke, _: aws.ssm.get_parameter(
        name="/aws/service/eks/optimized-ami/1.33/x/recommended/image_id", opts=invoke
    )
    assert "the emulator" in stack.refused()


def test_a_secret_of_a_former_life_comes_back_with_its_value(stack: Stack, cloud: Cloud) -> None:
    def program(_: pulumi.InvokeOptions, opts: pulumi.ResourceOptions) -> None:
        if taken_over:
            adopt_secrets(taken_over)
        key = aws.kms.Key("key", opts=opts)
        aws.secretsmanager.Secret(
            "api",
            name="vision/defects/api",
            description="A key of the camera's API." if own_key else "A key.",
            kms_key_id=key.arn if own_key else None,
            recovery_window_in_days=7,
            tags={STACK_TAG: str(STACK)},
            opts=opts,
        )

    taken_over: dict[str, str] = {}
    own_key = False
    stack.program = program
    vault = cloud.client("secretsmanager")
    stack.up()
    vault.put_secret_value(SecretId="vision/defects/api", SecretString=SECRET)
    stack.destroy()
    with pytest.raises(Exception, match=r"scheduled for deletion|already exists"):
        stack.up()
    own_key = True
    taken_over |= restored(cloud, STACK)
    assert set(taken_over) == {"vision/defects/api"}
    stack.up()
    taken_over.clear()
    assert stack.preview() == {"same": 4}, "one update has imported it and brought it up to date"
    found = vault.describe_secret(SecretId="vision/defects/api")
    assert "DeletedDate" not in found
    assert found["Description"] == "A key of the camera's API."
    assert found["KmsKeyId"] == cloud.client("kms").list_keys()["Keys"][-1]["KeyArn"]
    assert vault.get_secret_value(SecretId="vision/defects/api")["SecretString"] == SECRET
