"""Resource types that have a price, and the inputs that decide it."""

from __future__ import annotations

PRICED: dict[str, tuple[str, ...]] = {
    "aws:cloudwatch/dashboard:Dashboard": (),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (),
    "aws:ec2/eip:Eip": (),
    "aws:ec2/natGateway:NatGateway": (),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("vpcEndpointType", "subnetIds"),
    "aws:eks/cluster:Cluster": ("version",),
    "aws:eks/nodeGroup:NodeGroup": ("instanceTypes", "scalingConfig", "capacityType"),
    "aws:kms/key:Key": (),
    "aws:rds/instance:Instance": (
        "allocatedStorage",
        "engine",
        "instanceClass",
        "maxAllocatedStorage",
        "multiAz",
        "storageType",
    ),
    "aws:secretsmanager/secret:Secret": (),
    "kubernetes:karpenter.sh/v1:NodePool": ("spec",),
}
"""Types that are billed while they exist; only these inputs are read, and none of them is
secret."""

USAGE: dict[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "log volume",
    "aws:amp/alertManagerDefinition:AlertManagerDefinition": "notifications",
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": "evaluated samples",
    "aws:amp/workspace:Workspace": "metric samples",
    "aws:cloudtrail/trail:Trail": "recorded events beyond the first copy",
    "aws:cloudwatch/eventRule:EventRule": "events that are not of AWS services",
    "aws:codebuild/project:Project": "build minutes",
    "aws:ec2/flowLog:FlowLog": "log volume",
    "aws:ecr/repository:Repository": "image storage",
    "aws:ec2/launchTemplate:LaunchTemplate": "disks of nodes",
    "aws:efs/fileSystem:FileSystem": "file storage",
    "aws:lambda/function:Function": "invocations",
    "aws:s3/bucket:Bucket": "object storage and requests",
    "aws:scheduler/schedule:Schedule": "invocations",
    "aws:sns/topic:Topic": "notifications",
    "aws:sqs/queue:Queue": "messages",
    "aws:sfn/stateMachine:StateMachine": "state transitions",
    "kubernetes:core/v1:PersistentVolume": "volume storage",
    "kubernetes:core/v1:PersistentVolumeClaim": "volume storage",
}
"""Types that are billed by usage; listed beside the band, because a preview cannot know the
usage."""

FREE_PREFIXES = (
    "aws:budgets/",
    "aws:cloudwatch/eventTarget:",
    "aws:cloudwatch/logMetricFilter:",
    "aws:cloudwatch/logResourcePolicy:",
    "aws:ec2/defaultSecurityGroup:",
    "aws:ec2/internetGateway:",
    "aws:ec2/route",
    "aws:ec2/securityGroup",
    "aws:ec2/subnet:",
    "aws:ec2/vpc:",
    "aws:ecr/",
    "aws:efs/",
    "aws:eks/access",
    "aws:eks/addon:",
    "aws:eks/podIdentityAssociation:",
    "aws:iam/",
    "aws:kms/alias:",
    "aws:rds/parameterGroup:",
    "aws:rds/subnetGroup:",
    "aws:s3/",
    "aws:secretsmanager/",
    "aws:signer/",
    "aws:sns/topicPolicy:",
    "aws:sns/topicSubscription:",
    "aws:sqs/queuePolicy:",
    "aws:vpc/securityGroup",
    "kubernetes:",
    "pulumi:",
    "random:",
    "stackyard:",
)
"""Types that are never billed themselves; a type that is in no table has an unknown price."""
