"""A small valid example of every resource type that the sandbox's AWS provider serves.

In an order in which they can be created; `Ref` takes an output of an example before.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stackyard_sandbox.provider.protocol import Asset

ACCOUNT = "123456789012"
AWS_POLICY = "arn:aws:iam::aws:policy"


@dataclass(frozen=True)
class Ref:
    """An output of another example; `id` is its id."""

    name: str
    output: str = "id"
    wrap: Callable[[Any], str] = str


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


TAKERS = [
    f"{name}.amazonaws.com"
    for name in ("codebuild", "ec2", "eks", "events", "pods.eks", "scheduler", "states")
]
"""Services that take the role of the examples."""


def trust(*services: str) -> str:
    actions = ["sts:AssumeRole", "sts:TagSession"]
    entry = {"Effect": "Allow", "Action": actions, "Principal": {"Service": list(services)}}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def bucket_policy(bucket: str) -> str:
    return policy(
        Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        Action="s3:GetObject",
        Resource=f"arn:aws:s3:::{bucket}/*",
    )


def log_delivery(bucket: str) -> str:
    arn = f"arn:aws:s3:::{bucket}"
    services = ("logging.s3.amazonaws.com", "cloudtrail.amazonaws.com")
    written = [
        {"Principal": {"Service": one}, "Action": "s3:PutObject", "Resource": f"{arn}/*"}
        for one in services
    ]
    looked = {"Principal": {"Service": services[1]}, "Action": "s3:GetBucketAcl", "Resource": arn}
    statements = [{"Effect": "Allow", **one} for one in (*written, looked)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


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
            "assumeRolePolicy": trust(*TAKERS),
            "description": "a role",
            "managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "inlinePolicies": [{"name": "inline", "policy": policy(Action="s3:GetObject")}],
        },
        {
            "description": "another",
            "assumeRolePolicy": trust(*TAKERS, "ssm.amazonaws.com"),
            "maxSessionDuration": 7200,
            "managedPolicyArns": ["arn:aws:iam::aws:policy/SecurityAudit"],
            "inlinePolicies": [{"name": "other", "policy": policy(Action="s3:PutObject")}],
            "permissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        },
    ),
    Example(
        "aws:iam/role:Role",
        "lambda-role",
        {
            "assumeRolePolicy": trust("lambda.amazonaws.com"),
            "managedPolicyArns": [f"{AWS_POLICY}/service-role/AWSLambdaVPCAccessExecutionRole"],
        },
    ),
    Example(
        "aws:iam/role:Role",
        "machine-role",
        {
            "assumeRolePolicy": trust("states.amazonaws.com"),
            "inlinePolicies": [{"name": "logs", "policy": policy(Action="logs:*")}],
        },
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
        {"clientIdLists": ["sts.amazonaws.com", "other"], "tags": {"a": "b"}},
    ),
    Example(
        "aws:iam/instanceProfile:InstanceProfile",
        "profile",
        {"role": Ref("role", "name")},
        {"role": Ref("lambda-role", "name"), "tags": {"a": "b"}},
    ),
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
        {"description": "t", "kmsKeyId": None, "tags": {"a": "b"}},
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
    Example(
        "aws:ec2/internetGateway:InternetGateway",
        "gateway",
        {"vpcId": Ref("vpc")},
        {"tags": {"a": "b"}},
    ),
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
        {"description": "database", "fromPort": 5000, "toPort": 5500},
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
        {
            "subnetIds": [Ref("subnet"), Ref("subnet-b")],
            "securityGroupIds": [Ref("bare")],
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
        {"instanceType": "g5.2xlarge", "description": "bigger"},
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
    Example(
        "aws:sns/topic:Topic",
        "topic",
        {"displayName": "t"},
        {"displayName": "u", "kmsMasterKeyId": Ref("key", "arn")},
    ),
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
        {
            "description": "s",
            "eventPattern": json.dumps({"source": ["aws.ec2"]}),
            "state": "DISABLED",
            "tags": {"a": "b"},
        },
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
        {"retryPolicy": {"maximumRetryAttempts": 5, "maximumEventAgeInSeconds": 60}},
        importable=False,
    ),
]

CLUSTER = [
    Example(
        "aws:eks/cluster:Cluster",
        "cluster",
        {
            "name": "cluster",
            "roleArn": Ref("role", "arn"),
            "version": "1.33",
            "vpcConfig": {
                "subnetIds": [Ref("subnet"), Ref("subnet-b")],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
            },
            "enabledClusterLogTypes": ["api", "audit"],
            "encryptionConfig": {
                "provider": {"keyArn": Ref("key", "arn")},
                "resources": ["secrets"],
            },
            "accessConfig": {
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
        },
        {
            "enabledClusterLogTypes": ["api"],
            "version": "1.34",
            "vpcConfig": {
                "subnetIds": [Ref("subnet"), Ref("subnet-b")],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["10.0.0.0/8"],
            },
            "tags": {"a": "b"},
        },
    ),
    Example(
        "aws:eks/nodeGroup:NodeGroup",
        "pool",
        {
            "clusterName": Ref("cluster", "name"),
            "nodeRoleArn": Ref("role", "arn"),
            "subnetIds": [Ref("subnet"), Ref("subnet-b")],
            "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 3},
            "instanceTypes": ["g5.xlarge"],
            "labels": {"stackyard.dev/pool": "gpu"},
            "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
            "amiType": "AL2023_x86_64_NVIDIA",
            "nodeRepairConfig": {"enabled": False},
        },
        {
            "scalingConfig": {"minSize": 0, "desiredSize": 2, "maxSize": 4},
            "nodeRepairConfig": {"enabled": True},
            "labels": {"stackyard.dev/pool": "other"},
            "taints": [{"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}],
            "version": "1.34",
        },
    ),
]

EKS_EXTENSION = [
    Example(
        "aws:eks/addon:Addon",
        "addon",
        {"clusterName": Ref("cluster", "name"), "addonName": "vpc-cni"},
        {"configurationValues": json.dumps({"env": {"X": "y"}})},
    ),
    Example(
        "aws:eks/accessEntry:AccessEntry",
        "entry",
        {
            "clusterName": Ref("cluster", "name"),
            "principalArn": Ref("lambda-role", "arn"),
            "kubernetesGroups": ["stackyard:a:b"],
        },
        {"kubernetesGroups": ["stackyard:a:c"]},
    ),
    Example(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "access-policy",
        {
            "clusterName": Ref("cluster", "name"),
            "principalArn": Ref("entry", "principalArn"),
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["default"]},
        },
    ),
    Example(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "pod-identity",
        {
            "clusterName": Ref("cluster", "name"),
            "namespace": "default",
            "serviceAccount": "trainer",
            "roleArn": Ref("role", "arn"),
        },
        {"tags": {"a": "b"}},
        importable=False,
    ),
]

STORAGE = [
    Example(
        "aws:efs/fileSystem:FileSystem",
        "files",
        {
            "encrypted": True,
            "kmsKeyId": Ref("key", "arn"),
            "lifecyclePolicies": [{"transitionToIa": "AFTER_30_DAYS"}],
        },
        {"lifecyclePolicies": [{"transitionToIa": "AFTER_60_DAYS"}]},
    ),
    Example(
        "aws:efs/mountTarget:MountTarget",
        "mount",
        {
            "fileSystemId": Ref("files"),
            "subnetId": Ref("subnet"),
            "securityGroups": [Ref("group")],
        },
        {"securityGroups": [Ref("bare")]},
    ),
    Example(
        "aws:efs/accessPoint:AccessPoint",
        "directory",
        {
            "fileSystemId": Ref("files"),
            "posixUser": {"uid": 1000, "gid": 2000},
            "rootDirectory": {
                "path": "/labels",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 2000, "permissions": "0750"},
            },
        },
        {"tags": {"a": "b"}},
    ),
    Example(
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "file-policy",
        {
            "fileSystemId": Ref("files"),
            "policy": policy(Principal={"AWS": "*"}, Action="elasticfilesystem:ClientMount"),
        },
    ),
    Example(
        "aws:ecr/repository:Repository",
        "images",
        {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": Ref("key", "arn")}],
        },
        {
            "imageScanningConfiguration": {"scanOnPush": False},
            "imageTagMutability": "MUTABLE",
            "tags": {"a": "b"},
        },
    ),
    Example(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "image-expiry",
        {
            "repository": Ref("images", "name"),
            "policy": json.dumps(
                {
                    "rules": [
                        {
                            "rulePriority": 1,
                            "selection": {
                                "tagStatus": "untagged",
                                "countType": "sinceImagePushed",
                                "countUnit": "days",
                                "countNumber": 14,
                            },
                            "action": {"type": "expire"},
                        }
                    ]
                }
            ),
        },
    ),
    Example(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "image-policy",
        {
            "repository": Ref("images", "name"),
            "policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                            "Action": ["ecr:BatchGetImage"],
                        }
                    ],
                }
            ),
        },
    ),
    Example(
        "aws:rds/subnetGroup:SubnetGroup",
        "db-subnets",
        {"subnetIds": [Ref("subnet"), Ref("subnet-b")]},
        {"tags": {"a": "b"}},
    ),
    Example(
        "aws:rds/parameterGroup:ParameterGroup",
        "db-parameters",
        {"family": "postgres16", "parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        {"parameters": [{"name": "rds.force_ssl", "value": "0"}]},
    ),
    Example(
        "aws:rds/instance:Instance",
        "db",
        {
            "identifier": "db",
            "engine": "postgres",
            "engineVersion": "16.3",
            "instanceClass": "db.t4g.medium",
            "allocatedStorage": 20,
            "username": "postgres",
            "manageMasterUserPassword": True,
            "dbSubnetGroupName": Ref("db-subnets", "name"),
            "parameterGroupName": Ref("db-parameters", "name"),
            "vpcSecurityGroupIds": [Ref("group")],
            "storageEncrypted": True,
            "backupRetentionPeriod": 7,
            "skipFinalSnapshot": True,
            "dbName": "app",
        },
        {
            "allocatedStorage": 30,
            "backupRetentionPeriod": 14,
            "enabledCloudwatchLogsExports": ["postgresql"],
        },
        importable=False,
    ),
]

FLOW = [
    Example(
        "aws:sns/topicPolicy:TopicPolicy",
        "topic-policy",
        {
            "arn": Ref("topic", "arn"),
            "policy": policy(
                Principal={"Service": "cloudwatch.amazonaws.com"},
                Action="SNS:Publish",
                Resource=f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic",
            ),
        },
    ),
    Example("aws:sqs/queue:Queue", "dead", {}),
    Example(
        "aws:sqs/queue:Queue",
        "queue",
        {
            "visibilityTimeoutSeconds": 60,
            "redrivePolicy": Ref(
                "dead",
                "arn",
                lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}),
            ),
        },
        {"visibilityTimeoutSeconds": 90, "redrivePolicy": None, "tags": {"a": "b"}},
    ),
    Example(
        "aws:sqs/queuePolicy:QueuePolicy",
        "queue-policy",
        {
            "queueUrl": Ref("queue", "url"),
            "policy": policy(
                Principal={"Service": "sns.amazonaws.com"},
                Action="sqs:SendMessage",
                Resource=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue",
            ),
        },
    ),
    Example(
        "aws:sns/topicSubscription:TopicSubscription",
        "subscription",
        {
            "topic": Ref("topic", "arn"),
            "protocol": "sqs",
            "endpoint": Ref("queue", "arn"),
            "filterPolicy": json.dumps({"kind": ["a"]}),
        },
        {"rawMessageDelivery": True, "filterPolicy": json.dumps({"kind": ["b"]})},
    ),
    Example(
        "aws:sfn/stateMachine:StateMachine",
        "machine",
        {
            "roleArn": Ref("machine-role", "arn"),
            "definition": json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
            "loggingConfiguration": {
                "level": "ALL",
                "includeExecutionData": True,
                "logDestination": Ref("flow-group", "arn", lambda arn: f"{arn}:*"),
            },
            "tracingConfiguration": {"enabled": True},
        },
        {"definition": json.dumps({"StartAt": "B", "States": {"B": {"Type": "Succeed"}}})},
    ),
    Example(
        "aws:cloudwatch/eventTarget:EventTarget",
        "starter",
        {
            "rule": Ref("rule", "name"),
            "targetId": "pipeline",
            "arn": Ref("machine", "arn"),
            "roleArn": Ref("role", "arn"),
            "inputPath": "$.detail",
        },
        {"inputPath": "$.detail.object"},
        importable=False,
    ),
    Example("aws:sfn/activity:Activity", "activity", {}, {"tags": {"a": "b"}}),
    Example("aws:scheduler/scheduleGroup:ScheduleGroup", "schedules", {}, {"tags": {"a": "b"}}),
    Example(
        "aws:scheduler/schedule:Schedule",
        "schedule",
        {
            "groupName": Ref("schedules", "name"),
            "scheduleExpression": "rate(1 day)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {
                "arn": Ref("machine", "arn"),
                "roleArn": Ref("role", "arn"),
                "input": json.dumps({"a": 1}),
            },
        },
        {"scheduleExpression": "rate(2 days)", "state": "DISABLED", "description": "d"},
    ),
    Example(
        "aws:lambda/function:Function",
        "function",
        {
            "role": Ref("lambda-role", "arn"),
            "handler": "main.handler",
            "runtime": "python3.12",
            "code": Asset(
                kind="archive", parts={"main.py": Asset(kind="asset", text="handler = print")}
            ),
            "environment": {"variables": {"AB": "b"}},
            "vpcConfig": {
                "subnetIds": [Ref("subnet")],
                "securityGroupIds": [Ref("group")],
            },
        },
        {
            "timeout": 10,
            "environment": {"variables": {"AB": "c"}},
            "code": Asset(
                kind="archive", parts={"main.py": Asset(kind="asset", text="handler = id")}
            ),
        },
    ),
    Example(
        "aws:lambda/permission:Permission",
        "permission",
        {
            "function": Ref("function", "name"),
            "action": "lambda:InvokeFunction",
            "principal": "events.amazonaws.com",
            "sourceArn": Ref("rule", "arn"),
        },
        importable=False,
    ),
    Example(
        "aws:secretsmanager/secretRotation:SecretRotation",
        "rotation",
        {
            "secretId": Ref("secret"),
            "rotationLambdaArn": Ref("function", "arn"),
            "rotationRules": {"automaticallyAfterDays": 30},
        },
        {"rotationRules": {"automaticallyAfterDays": 60}},
    ),
    Example(
        "aws:codebuild/project:Project",
        "build",
        {
            "serviceRole": Ref("role", "arn"),
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "computeType": "BUILD_GENERAL1_SMALL",
                "image": "aws/codebuild/standard:7.0",
                "type": "LINUX_CONTAINER",
                "privilegedMode": True,
                "environmentVariables": [{"name": "A", "value": "b", "type": "PLAINTEXT"}],
            },
            "source": {
                "type": "GITHUB",
                "location": "https://git.example.com/a/b.git",
                "buildspec": "version: 0.2",
            },
            "logsConfig": {"cloudwatchLogs": {"groupName": "x", "status": "ENABLED"}},
        },
        {"description": "d"},
    ),
    Example(
        "aws:budgets/budget:Budget",
        "budget",
        {
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "100",
            "limitUnit": "USD",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:stackyard:project$x"]}],
            "notifications": [
                {
                    "comparisonOperator": "GREATER_THAN",
                    "notificationType": "FORECASTED",
                    "threshold": 80,
                    "thresholdType": "PERCENTAGE",
                    "subscriberSnsTopicArns": [Ref("topic", "arn")],
                }
            ],
        },
        {"limitAmount": "200"},
    ),
    Example(
        "aws:backup/vault:Vault",
        "vault",
        {"kmsKeyArn": Ref("key", "arn")},
        {"tags": {"a": "b"}},
    ),
    Example(
        "aws:backup/plan:Plan",
        "plan",
        {
            "rules": [
                {
                    "ruleName": "daily",
                    "targetVaultName": Ref("vault", "name"),
                    "schedule": "cron(0 3 * * ? *)",
                    "lifecycle": {"deleteAfter": 35},
                }
            ]
        },
        {"tags": {"a": "b"}},
    ),
    Example(
        "aws:cloudtrail/trail:Trail",
        "trail",
        {
            "s3BucketName": Ref("logs"),
            "enableLogFileValidation": True,
            "isMultiRegionTrail": True,
            "eventSelectors": [
                {
                    "readWriteType": "All",
                    "includeManagementEvents": True,
                    "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
                }
            ],
        },
        {"tags": {"a": "b"}, "enableLogging": False, "isMultiRegionTrail": False},
    ),
    Example("aws:amp/workspace:Workspace", "metrics", {"alias": "m"}, {"alias": "n"}),
    Example(
        "aws:amp/ruleGroupNamespace:RuleGroupNamespace",
        "rules",
        {"workspaceId": Ref("metrics"), "data": "groups: []\n"},
        {"data": "groups: [{name: a, rules: []}]\n"},
    ),
    Example(
        "aws:amp/alertManagerDefinition:AlertManagerDefinition",
        "routing",
        {"workspaceId": Ref("metrics"), "definition": "alertmanager_config: |\n  route: {}\n"},
        {"definition": "alertmanager_config: |\n  receivers: []\n"},
    ),
    Example(
        "aws:signer/signingProfile:SigningProfile",
        "signing",
        {
            "name": "signing",
            "platformId": "Notation-OCI-SHA384-ECDSA",
            "signatureValidityPeriod": {"type": "MONTHS", "value": 12},
        },
        {"tags": {"a": "b"}},
    ),
]

ALL: list[Example] = [*S3, *IDENTITY, *NETWORK, *WATCH, *CLUSTER, *EKS_EXTENSION, *STORAGE, *FLOW]

STAYS = frozenset(
    {
        # The emulator has no DeleteFileSystemPolicy.
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        # The emulator keeps `EventBridgeConfiguration` but does not answer it.
        "aws:s3/bucketNotification:BucketNotification",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }
)
"""Types whose deletion leaves something behind, on AWS as well, until their parent goes."""
