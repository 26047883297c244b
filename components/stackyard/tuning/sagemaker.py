"""IAM statements that limit SageMaker's tuning, as plain data.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stackyard import iam
from stackyard.aws_location import AwsLocation
from stackyard.bucket import statements
from stackyard.bucket.layout import bucket_arn
from stackyard.instances import has_local_storage
from stackyard.naming import StackId, fitted, role_arn
from stackyard.tuning import job_statements

if TYPE_CHECKING:
    import pulumi

ROLE = "sagemaker"

START = ("sagemaker:CreateHyperParameterTuningJob", "sagemaker:CreateTrainingJob")
"""Actions for which IAM receives the instance types."""

AUTOML = ("sagemaker:CreateAutoMLJobV2",)
"""AutoML chooses instance types itself and IAM does not receive them; the other limits apply."""

LOG = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
)

FOLLOW = (
    "sagemaker:DescribeAutoMLJobV2",
    "sagemaker:DescribeHyperParameterTuningJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
    "sagemaker:StopAutoMLJob",
    "sagemaker:StopHyperParameterTuningJob",
    "sagemaker:StopTrainingJob",
)

JOB_PREFIX_LIMIT = 20
"""Maximum length of a job name's prefix; tuning and AutoML jobs have 32 in all:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html."""

OUTPUT = "sagemaker"
"""Directory of the artifact bucket to which its jobs write."""


@dataclass(frozen=True)
class ManagedJobs:
    """The network in which SageMaker runs a project's jobs, and the buckets that they use."""

    subnets: Sequence[pulumi.Input[str]]
    artifacts: str
    """Name of the artifact bucket."""

    datasets: Sequence[str]
    """Names of the buckets that jobs may read."""


@dataclass(frozen=True)
class JobContext:
    """`ManagedJobs` of one stack with all values known: the input of the policies."""

    stack: StackId
    account: str
    region: str
    subnets: Sequence[str]
    artifacts: str
    """The artifact bucket."""

    datasets: Sequence[str]
    """Buckets that jobs may read."""

    data_key_arn: str
    """The KMS key of the buckets and of the jobs' volumes."""

    @property
    def location(self) -> AwsLocation:
        """Account and region."""
        return AwsLocation(self.account, self.region)


def job_prefix(stack: StackId) -> str:
    """Return the prefix of the names of a project's jobs, before a hyphen."""
    return fitted(stack.slug, JOB_PREFIX_LIMIT)


def trust(account: str) -> dict[str, Any]:
    """Return the trust policy of the jobs' role, for this account's jobs only."""
    return iam.assumable_by(
        {"Service": "sagemaker.amazonaws.com"},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


def job_policy(context: JobContext) -> dict[str, Any]:
    """Return the permissions of jobs: read datasets, write output, logs and metrics, and start."""
    artifacts = bucket_arn(context.artifacts, context.region)
    logs = context.location.arn("logs", "log-group:/aws/sagemaker/*")
    datasets = [bucket_arn(name, context.region) for name in context.datasets]
    buckets = {context.data_key_arn: {artifacts, *datasets}}
    return iam.document(
        *statements.datasets("ReadDatasets", datasets, write=False),
        iam.statement("ListOutput", ("s3:GetBucketLocation", "s3:ListBucket"), (artifacts,)),
        iam.statement(
            "WriteOutput",
            ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
            (f"{artifacts}/{OUTPUT}/*",),
        ),
        *statements.keys(buckets, context.region),
        iam.statement("Log", LOG, (logs,)),
        iam.statement(
            "Measure",
            ("cloudwatch:PutMetricData",),
            ("*",),
            conditions={"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}},
        ),
        *job_statements.pull_images(context.location, f"{context.stack}/*"),
        *job_statements.use_network(context.location, context.subnets),
        job_statements.encrypt_volumes(context.data_key_arn),
        *job_statements.run_automl(
            context.location, role_arn(context.stack, context.location, ROLE)
        ),
    )


def start_policy(
    context: JobContext, job_role_arn: str, *, instance_types: Sequence[str], max_hours: int
) -> dict[str, Any]:
    """Return the policy of scientists: start jobs within the limits, with the jobs' role only."""
    jobs = [
        context.location.arn("sagemaker", f"{kind}/{job_prefix(context.stack)}-*")
        for kind in ("automl-job", "hyper-parameter-tuning-job", "training-job")
    ]
    return iam.document(
        iam.statement("StartJobs", (*START, *AUTOML), jobs),
        iam.statement("FollowJobs", FOLLOW, jobs),
        iam.statement(
            "GiveRole",
            ("iam:PassRole",),
            (job_role_arn,),
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        *_rails(context, instance_types, max_hours),
    )


def _rails(
    context: JobContext, instance_types: Sequence[str], max_hours: int
) -> list[iam.Statement]:
    """Deny requests that exceed a limit, and requests without a value that a limit applies to.

    `ForAllValues` also matches a request without any value; the condition `Null` denies that one.
    A key cannot be required for an instance type that encrypts its local disks itself:
    ResourceConfig.VolumeKmsKeyId,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html.
    """
    other_key: dict[str, Mapping[str, Any]] = {
        "ArnNotEquals": {"sagemaker:VolumeKmsKeyArn": context.data_key_arn}
    }
    with_disks = sorted(name for name in instance_types if has_local_storage(name[len("ml.") :]))
    if with_disks:
        on_other = {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": with_disks}}
    else:
        on_other = {}
    rails: dict[str, tuple[Sequence[str], Mapping[str, Mapping[str, Any]]]] = {
        "OtherInstances": (
            START,
            {"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": sorted(instance_types)}},
        ),
        "UnnamedInstances": (START, {"Null": {"sagemaker:InstanceTypes": "true"}}),
        "LongRuns": (
            START,
            {"NumericGreaterThan": {"sagemaker:MaxRuntimeInSeconds": str(3600 * max_hours)}},
        ),
        "OtherNetworks": (
            (*START, *AUTOML),
            {"ForAnyValue:StringNotEquals": {"sagemaker:VpcSubnets": sorted(context.subnets)}},
        ),
        "NoNetwork": ((*START, *AUTOML), {"Null": {"sagemaker:VpcSubnets": "true"}}),
        "OtherKeys": (START, {**other_key, **on_other}),
        "OtherKeysOfAutoMl": (AUTOML, other_key),
    }
    return [
        iam.statement(f"Deny{name}", actions, ("*",), effect="Deny", conditions=conditions)
        for name, (actions, conditions) in rails.items()
    ]
