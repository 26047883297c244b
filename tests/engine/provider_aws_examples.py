"""A small valid example of every resource type that the sandbox's AWS provider serves.

In an order in which they can be created; `Ref` takes an output of an example before.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Ref:
    """An output of another example; `id` is its id."""

    name: str
    output: str = "id"
    wrap: Callable[[str], str] = str


@dataclass(frozen=True)
class Example:
    token: str
    name: str
    inputs: dict[str, Any]
    update: dict[str, Any] = field(default_factory=dict)
    """Inputs that change in place, and the paths that a Diff must name for them."""
    importable: bool = True


def policy(**statement: Any) -> str:
    entry = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def trust(service: str) -> str:
    entry = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def bucket_policy(bucket: str) -> str:
    return policy(
        Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        Action="s3:GetObject",
        Resource=f"arn:aws:s3:::{bucket}/*",
    )


def log_delivery(bucket: str) -> str:
    return policy(
        Principal={"Service": "logging.s3.amazonaws.com"},
        Action="s3:PutObject",
        Resource=f"arn:aws:s3:::{bucket}/*",
    )


S3 = [
    Example("aws:s3/bucket:Bucket", "data", {}, {"tags": {"a": "b"}}),
    Example("aws:s3/bucket:Bucket", "logs", {"forceDestroy": True}),
    Example("aws:s3/bucket:Bucket", "locked", {"objectLockEnabled": True, "forceDestroy": True}),
    Example(
        "aws:s3/bucketVersioning:BucketVersioning",
        "versions",
        {"bucket": Ref("data"), "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
    ),
    Example(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "encryption",
        {
            "bucket": Ref("data"),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/x",
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    ),
    Example(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "lifecycle",
        {
            "bucket": Ref("data"),
            "rules": [
                {
                    "id": "cold",
                    "status": "Enabled",
                    "filter": {"prefix": "raw/"},
                    "transitions": [{"days": 365, "storageClass": "GLACIER_IR"}],
                    "expiration": {"days": 1095},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                },
                {
                    "id": "both",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "x/", "tags": {"k": "v"}}},
                    "expiration": {"days": 10},
                },
                {"id": "all", "status": "Disabled", "expiration": {"days": 9}, "filter": {}},
                {
                    "id": "tag",
                    "status": "Enabled",
                    "expiration": {"expiredObjectDeleteMarker": True},
                    "filter": {"tag": {"key": "a", "value": "b"}},
                    "noncurrentVersionTransitions": [
                        {"noncurrentDays": 30, "storageClass": "STANDARD_IA"}
                    ],
                },
            ],
        },
    ),
    Example(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "block",
        {"bucket": Ref("data"), "blockPublicAcls": True, "blockPublicPolicy": True},
        {"ignorePublicAcls": True},
    ),
    Example(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "ownership",
        {"bucket": Ref("data"), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    Example(
        "aws:s3/bucketPolicy:BucketPolicy",
        "bucket-policy",
        {"bucket": Ref("data"), "policy": Ref("data", wrap=bucket_policy)},
    ),
    Example(
        "aws:s3/bucketNotification:BucketNotification",
        "notification",
        {"bucket": Ref("data"), "eventbridge": True},
        importable=False,
    ),
    Example(
        "aws:s3/bucketPolicy:BucketPolicy",
        "log-delivery",
        {"bucket": Ref("logs"), "policy": Ref("logs", wrap=log_delivery)},
    ),
    Example(
        "aws:s3/bucketLogging:BucketLogging",
        "logging",
        {"bucket": Ref("data"), "targetBucket": Ref("logs"), "targetPrefix": "logs/"},
        {"targetPrefix": "more/"},
    ),
    Example(
        "aws:s3/accessPoint:AccessPoint",
        "door",
        {
            "bucket": Ref("data"),
            "publicAccessBlockConfiguration": {"blockPublicAcls": True},
            "policy": policy(
                Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                Action="s3:GetObject",
                Resource=f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/door/object/*",
            ),
        },
    ),
    Example(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "lock",
        {"bucket": Ref("locked"), "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}},
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 2}}},
    ),
    Example(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "object",
        {"bucket": Ref("data"), "key": "raw/a.txt", "content": "hello", "tags": {"x": "y"}},
        {"content": "changed"},
        importable=False,
    ),
]

IDENTITY = [
    Example(
        "aws:iam/role:Role",
        "role",
        {
            "assumeRolePolicy": trust("eks.amazonaws.com"),
            "description": "a role",
            "managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "inlinePolicies": [{"name": "inline", "policy": policy(Action="s3:GetObject")}],
        },
        {"description": "another", "assumeRolePolicy": trust("ec2.amazonaws.com")},
    ),
    Example(
        "aws:iam/rolePolicy:RolePolicy",
        "role-policy",
        {"role": Ref("role"), "policy": policy(Action="s3:GetObject")},
        {"policy": policy(Action="s3:PutObject")},
    ),
    Example(
        "aws:iam/policy:Policy",
        "policy",
        {"policy": policy(Action="s3:GetObject"), "description": "d"},
        {"policy": policy(Action="s3:PutObject")},
    ),
    Example(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "attachment",
        {"role": Ref("role", "name"), "policyArn": Ref("policy", "arn")},
    ),
    Example(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "oidc",
        {"url": "https://token.actions.example.com", "clientIdLists": ["sts.amazonaws.com"]},
        {"tags": {"a": "b"}},
    ),
    Example("aws:iam/instanceProfile:InstanceProfile", "profile", {"role": Ref("role", "name")}),
    Example(
        "aws:kms/key:Key",
        "key",
        {"description": "k", "enableKeyRotation": True, "deletionWindowInDays": 7},
        {
            "description": "other",
            "enableKeyRotation": False,
            "policy": policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        },
    ),
    Example(
        "aws:kms/alias:Alias", "alias", {"name": "alias/data", "targetKeyId": Ref("key", "arn")}
    ),
    Example(
        "aws:secretsmanager/secret:Secret",
        "secret",
        {"kmsKeyId": Ref("key", "arn"), "recoveryWindowInDays": 7, "description": "s"},
        {"description": "t", "tags": {"a": "b"}},
    ),
    Example(
        "aws:secretsmanager/secretVersion:SecretVersion",
        "secret-version",
        {"secretId": Ref("secret"), "secretString": "s3cr3t"},
    ),
    Example(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "secret-policy",
        {
            "secretArn": Ref("secret", "arn"),
            "policy": policy(
                Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                Action="secretsmanager:GetSecretValue",
            ),
        },
    ),
]

NETWORK = [
    Example(
        "aws:ec2/vpc:Vpc",
        "vpc",
        {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True},
        {"enableDnsHostnames": False, "tags": {"Name": "v"}},
    ),
    Example(
        "aws:ec2/subnet:Subnet",
        "subnet",
        {"vpcId": Ref("vpc"), "cidrBlock": "10.0.0.0/20", "availabilityZone": "eu-west-1a"},
        {"mapPublicIpOnLaunch": True},
    ),
    Example(
        "aws:ec2/subnet:Subnet",
        "subnet-b",
        {"vpcId": Ref("vpc"), "cidrBlock": "10.0.16.0/20", "availabilityZone": "eu-west-1b"},
    ),
    Example("aws:ec2/routeTable:RouteTable", "table", {"vpcId": Ref("vpc")}, {"tags": {"a": "b"}}),
    Example("aws:ec2/internetGateway:InternetGateway", "gateway", {"vpcId": Ref("vpc")}),
    Example("aws:ec2/eip:Eip", "address", {"domain": "vpc"}),
    Example(
        "aws:ec2/natGateway:NatGateway",
        "nat",
        {"allocationId": Ref("address"), "subnetId": Ref("subnet")},
    ),
    Example(
        "aws:ec2/route:Route",
        "route",
        {
            "routeTableId": Ref("table"),
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": Ref("gateway"),
        },
        {"gatewayId": None, "natGatewayId": Ref("nat")},
    ),
    Example(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "association",
        {"routeTableId": Ref("table"), "subnetId": Ref("subnet")},
    ),
    Example(
        "aws:ec2/securityGroup:SecurityGroup",
        "group",
        {
            "vpcId": Ref("vpc"),
            "ingress": [
                {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]},
                {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True},
            ],
            "egress": [
                {
                    "protocol": "-1",
                    "fromPort": 0,
                    "toPort": 0,
                    "cidrBlocks": ["0.0.0.0/0"],
                    "description": "all",
                }
            ],
        },
        {
            "ingress": [
                {"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/8"]}
            ]
        },
    ),
    Example("aws:ec2/securityGroup:SecurityGroup", "bare", {"vpcId": Ref("vpc")}),
    Example(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "in",
        {
            "securityGroupId": Ref("bare"),
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "referencedSecurityGroupId": Ref("group"),
            "description": "db",
        },
        {"description": "database"},
    ),
    Example(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "out",
        {"securityGroupId": Ref("bare"), "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8"},
    ),
    Example(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "endpoint-s3",
        {
            "vpcId": Ref("vpc"),
            "serviceName": "com.amazonaws.eu-west-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [Ref("table")],
        },
        {"routeTableIds": []},
    ),
    Example(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "endpoint-ecr",
        {
            "vpcId": Ref("vpc"),
            "serviceName": "com.amazonaws.eu-west-1.ecr.api",
            "vpcEndpointType": "Interface",
            "subnetIds": [Ref("subnet")],
            "securityGroupIds": [Ref("group")],
            "privateDnsEnabled": True,
        },
    ),
    Example(
        "aws:cloudwatch/logGroup:LogGroup",
        "flow-group",
        {"retentionInDays": 30},
        {"retentionInDays": 90, "tags": {"a": "b"}},
    ),
    Example(
        "aws:ec2/flowLog:FlowLog",
        "flow",
        {
            "vpcId": Ref("vpc"),
            "trafficType": "ALL",
            "logDestination": Ref("flow-group", "arn"),
            "iamRoleArn": Ref("role", "arn"),
            "maxAggregationInterval": 60,
        },
    ),
    Example(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "template",
        {
            "instanceType": "g5.xlarge",
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "volumeSize": 100,
                        "volumeType": "gp3",
                        "encrypted": "true",
                        "kmsKeyId": Ref("key", "arn"),
                    },
                }
            ],
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2},
            "tagSpecifications": [{"resourceType": "instance", "tags": {"pool": "gpu"}}],
            "vpcSecurityGroupIds": [Ref("group")],
            "updateDefaultVersion": True,
        },
        {"instanceType": "g5.2xlarge"},
    ),
    Example("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "closed", {"vpcId": Ref("vpc")}),
]

WATCH = [
    Example(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "filter",
        {
            "logGroupName": Ref("flow-group", "name"),
            "pattern": "ERROR",
            "metricTransformation": {
                "name": "errors",
                "namespace": "app",
                "value": "1",
                "defaultValue": "0",
            },
        },
        {"pattern": "FATAL"},
    ),
    Example("aws:sns/topic:Topic", "topic", {"displayName": "t"}, {"displayName": "u"}),
    Example(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "alarm",
        {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 1,
            "metricName": "errors",
            "namespace": "app",
            "period": 60,
            "statistic": "Sum",
            "threshold": 1,
            "alarmActions": [Ref("topic", "arn")],
            "dimensions": {"a": "b"},
            "treatMissingData": "notBreaching",
            "alarmDescription": "runbook",
        },
        {"threshold": 2.5},
    ),
    Example(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "alarm-math",
        {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "threshold": 5,
            "metricQueries": [
                {"id": "e1", "expression": "m1/m2*100", "label": "rate", "returnData": True},
                {
                    "id": "m1",
                    "metric": {
                        "metricName": "a",
                        "namespace": "n",
                        "period": 60,
                        "stat": "Sum",
                        "dimensions": {"k": "v"},
                    },
                },
                {
                    "id": "m2",
                    "metric": {"metricName": "b", "namespace": "n", "period": 60, "stat": "Sum"},
                },
            ],
        },
    ),
    Example(
        "aws:cloudwatch/dashboard:Dashboard",
        "dashboard",
        {"dashboardName": "board", "dashboardBody": json.dumps({"widgets": []})},
        {"dashboardBody": json.dumps({"widgets": [], "start": "-PT1H"})},
    ),
    Example(
        "aws:cloudwatch/eventRule:EventRule",
        "rule",
        {"eventPattern": json.dumps({"source": ["aws.s3"]}), "description": "r"},
        {"description": "s", "eventPattern": json.dumps({"source": ["aws.ec2"]})},
    ),
    Example(
        "aws:cloudwatch/eventTarget:EventTarget",
        "target",
        {
            "rule": Ref("rule", "name"),
            "arn": Ref("topic", "arn"),
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
            "inputTransformer": {"inputPaths": {"k": "$.detail"}, "inputTemplate": "<k>"},
        },
    ),
]

ALL: list[Example] = [*S3, *IDENTITY, *NETWORK, *WATCH]

STAYS = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        # The emulator keeps `EventBridgeConfiguration` but does not answer it.
        "aws:s3/bucketNotification:BucketNotification",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }
)
"""Types whose deletion leaves something behind, on AWS as well, until their parent goes."""
