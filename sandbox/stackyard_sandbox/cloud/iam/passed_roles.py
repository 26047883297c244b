"""The roles that a request hands to a service: the caller needs `iam:PassRole` for each of them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html; roles of instances are
in `instance_requests`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where a request names a role, and the service that takes it."""

    path: str
    """Fields down to the role's ARN; a list on the way means each of its items."""

    service: str


_PODS = "pods.eks.amazonaws.com"
_SAGEMAKER = "sagemaker.amazonaws.com"

PLACES: Mapping[str, tuple[Place, ...]] = {
    "cloudtrail:CreateTrail": (Place("CloudWatchLogsRoleArn", "cloudtrail.amazonaws.com"),),
    "cloudtrail:UpdateTrail": (Place("CloudWatchLogsRoleArn", "cloudtrail.amazonaws.com"),),
    "codebuild:CreateProject": (Place("serviceRole", "codebuild.amazonaws.com"),),
    "codebuild:UpdateProject": (Place("serviceRole", "codebuild.amazonaws.com"),),
    "ec2:CreateFlowLogs": (Place("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),),
    "eks:CreateAddon": (
        Place("podIdentityAssociations.roleArn", _PODS),
        Place("serviceAccountRoleArn", "eks.amazonaws.com"),
    ),
    "eks:CreateCluster": (Place("roleArn", "eks.amazonaws.com"),),
    "eks:CreateNodegroup": (Place("nodeRole", "eks.amazonaws.com"),),
    "eks:CreatePodIdentityAssociation": (Place("roleArn", _PODS),),
    "eks:UpdateAddon": (
        Place("podIdentityAssociations.roleArn", _PODS),
        Place("serviceAccountRoleArn", "eks.amazonaws.com"),
    ),
    "eks:UpdatePodIdentityAssociation": (Place("roleArn", _PODS),),
    "events:PutTargets": (Place("Targets.RoleArn", "events.amazonaws.com"),),
    "lambda:CreateFunction": (Place("Role", "lambda.amazonaws.com"),),
    "lambda:UpdateFunctionConfiguration": (Place("Role", "lambda.amazonaws.com"),),
    "rds:CreateDBInstance": (Place("MonitoringRoleArn", "monitoring.rds.amazonaws.com"),),
    "sagemaker:CreateAutoMLJobV2": (Place("RoleArn", _SAGEMAKER),),
    "sagemaker:CreateHyperParameterTuningJob": (
        Place("TrainingJobDefinition.RoleArn", _SAGEMAKER),
        Place("TrainingJobDefinitions.RoleArn", _SAGEMAKER),
    ),
    "sagemaker:CreateTrainingJob": (Place("RoleArn", _SAGEMAKER),),
    "scheduler:CreateSchedule": (Place("Target.RoleArn", "scheduler.amazonaws.com"),),
    "scheduler:UpdateSchedule": (Place("Target.RoleArn", "scheduler.amazonaws.com"),),
    "states:CreateStateMachine": (Place("roleArn", "states.amazonaws.com"),),
    "states:UpdateStateMachine": (Place("roleArn", "states.amazonaws.com"),),
}
"""By operation. The services are those whose guides name `iam:PassedToService`, for pods:
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html."""


def passed(action: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each role that a request passes, by its ARN, with the service that takes it."""
    for place in PLACES.get(action, ()):
        for arn in _at(fields, place.path.split(".")):
            yield arn, place.service


def _at(value: Any, path: list[str]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        if value:
            yield str(value)
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
