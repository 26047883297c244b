from __future__ import annotations

import json
from typing import Any

import pytest

from audits.findings import Finding
from audits.judges.cloudformation.table import table
from audits.judges.cloudformation.template import different, mapped
from audits.judges.declared import Declared
from audits.judges.schemas import held

STACK = "vision/defects/dev"
TOKENS = {
    "bucket": "aws:s3/bucket:Bucket",
    "group": "aws:ec2/securityGroup:SecurityGroup",
    "default": "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "instance": "aws:rds/instance:Instance",
    "key": "aws:kms/key:Key",
    "machine": "aws:sfn/stateMachine:StateMachine",
    "mount": "aws:efs/mountTarget:MountTarget",
    "parameters": "aws:rds/parameterGroup:ParameterGroup",
    "parameter": "aws:ssm/parameter:Parameter",
    "function": "aws:lambda/function:Function",
    "policy": "aws:iam/rolePolicy:RolePolicy",
    "role": "aws:iam/role:Role",
    "attachment": "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "volume": "aws:ec2/launchTemplate:LaunchTemplate",
    "workspace": "aws:amp/workspace:Workspace",
    "alerts": "aws:amp/alertManagerDefinition:AlertManagerDefinition",
}
ROLE = "arn:aws:iam::123456789012:role/x"
FUNCTION: dict[str, Any] = {
    "name": "f",
    "role": ROLE,
    "handler": "a.b",
    "runtime": "python3.13",
    "code": {},
}


def declared(kind: str, called: str = "it", stack: str = STACK, **inputs: Any) -> Declared:
    token = TOKENS[kind]
    return Declared(stack, f"urn::{called}", token, called, inputs, {}, id=f"id-of-{called}")


def policy(effect: str) -> str:
    statement = {"Effect": effect, "Action": ["s3:GetObject"], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def machine(kind: str) -> Declared:
    states = {"Train": {"Type": kind}}
    definition = json.dumps({"StartAt": "Train", "States": states})
    return declared("machine", name="m", roleArn=ROLE, definition=definition)


RIGHT = [
    declared("group", description="NFS from the nodes", vpcId="vpc-38b7858ed9e8921ce"),
    declared(
        "key", description="data", tagsAll={"stackyard:stage": "dev"}, rotationPeriodInDays=90
    ),
    declared("mount", fileSystemId="fs-6e74fbeb", subnetId="subnet-15b2c37a", securityGroups=[]),
    declared("policy", name="p", role="r", policy=policy("Allow")),
    declared("function", **FUNCTION, environment={"variables": {"TOKEN": "[secret]"}}),
    declared("bucket", bucket="a-bucket"),
    declared("versioning", bucket="a-bucket", versioningConfiguration={"status": "Enabled"}),
    machine("Succeed"),
    declared("workspace", alias="metrics"),
]


def test_right_resources_pass_and_each_is_counted() -> None:
    answer = held(RIGHT)
    assert (answer.items, answer.findings) == (len(RIGHT), [])


WRONG = [
    (declared("group", "apostrophe", description="the cluster's"), "E3031", "does not match"),
    (declared("group", "long", description="x" * 256), "E3033", "longer than 255"),
    (declared("group", "bare", vpcId="vpc-38b7858ed9e8921ce"), "E3003", "'GroupDescription'"),
    (declared("function", "small", **{**FUNCTION, "memorySize": 64}), "E3034", "minimum of 128"),
    (declared("function", "soon", **{**FUNCTION, "timeout": "soon"}), "E3012", "'integer'"),
    (declared("function", "old", **{**FUNCTION, "runtime": "python3.6"}), "E2533", "python3.6"),
    (declared("policy", "permit", name="p", role="r", policy=policy("Permit")), "E3510", "'Deny'"),
    (machine("Train"), "E3601", "'Train'"),
    (declared("bucket", "round", shape="round"), "input-unknown", "`shape`"),
    (declared("parameter", "unknown", name="/a"), "type-unknown", "no reason"),
]


@pytest.fixture(scope="module")
def found() -> dict[str, Finding]:
    """Hold all at once: each template costs a second."""
    return {one.resource: one for one in held([wrong for wrong, _, _ in WRONG]).findings}


@pytest.mark.parametrize(("wrong", "rule", "says"), WRONG, ids=[one[0].name for one in WRONG])
def test_what_a_schema_or_a_rule_refuses_is_found(
    wrong: Declared, rule: str, says: str, found: dict[str, Finding]
) -> None:
    assert found[wrong.label].rule == rule
    assert says in found[wrong.label].says


def test_a_resource_that_is_a_property_of_another_one_is_held_there() -> None:
    bucket = declared("bucket", "data", bucket="a-bucket")
    status = {"status": "On"}
    part = declared(
        "versioning", "data-versions", bucket="a-bucket", versioningConfiguration=status
    )
    (found,) = held([part, bucket]).findings
    assert (found.rule, found.resource) == ("E3030", bucket.label)
    assert "VersioningConfiguration.Status" in found.says


def test_a_part_finds_its_whole_by_the_id() -> None:
    whole = declared("workspace", "metrics", alias="metrics")
    part = declared("alerts", "routes", workspaceId="id-of-metrics", definition="route: {}")
    (made,) = mapped([part, whole], table()).resources
    assert made.properties == {"Alias": "metrics", "AlertManagerDefinition": "route: {}"}


def test_what_a_map_of_names_and_values_leaves_out_is_named() -> None:
    parameter = {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate", "note": "x"}
    group = declared("parameters", family="postgres16", description="d", parameters=[parameter])
    made = mapped([group], table())
    assert made.resources[0].properties["Parameters"] == {"rds.force_ssl": "1"}
    assert made.unmapped == [(group, "parameters.note")]
    assert (group.type, "parameters.applyMethod") in made.reasons


def test_types_without_a_schema_are_named() -> None:
    answer = held([declared("default", vpcId="vpc-38b7858ed9e8921ce")])
    (note,) = answer.notes
    assert note.startswith(f"{TOKENS['default']} is not held: ")
    assert (answer.items, answer.findings) == (0, [])


def test_two_estates_may_have_the_same_names() -> None:
    """Each is applied in an account of its own; its parts follow their whole."""
    status = {"status": "Enabled"}
    estate = [
        declared("bucket", "data", bucket="a-bucket"),
        declared("versioning", "versions", bucket="a-bucket", versioningConfiguration=status),
        declared("role", "server", name="server", assumeRolePolicy=policy("Allow")),
        declared("attachment", "reader", role="server", policyArn="arn:aws:iam::aws:policy/Read"),
    ]
    made = mapped([*estate, *estate], table()).resources
    assert [len(one.properties.get("ManagedPolicyArns", [])) for one in made] == [0, 1, 0, 1]
    assert ["VersioningConfiguration" in one.properties for one in made] == [True, False] * 2
    assert "E3019" in table().template_rules


def test_of_resources_that_differ_by_stage_and_id_one_is_held() -> None:
    resources = [
        declared("bucket", stack=f"vision/defects/{stage}", bucket=f"vision-{stage}-data")
        for stage in ("dev", "staging", "prod")
    ]
    other = declared("bucket", bucket="vision-dev-devices")
    made = mapped([*resources, other], table()).resources
    assert [one.declared for one in different(made)] == [resources[1], other]


def test_names_lists_and_texts_become_those_of_cloudformation() -> None:
    volume = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 50.0, "encrypted": "true"}}
    template = declared(
        "volume",
        name="nodes",
        blockDeviceMappings=[volume],
        metadataOptions={"httpTokens": "required"},
        tagsAll={"stackyard:stage": "dev"},
    )
    (made,) = mapped([template], table()).resources
    assert made.properties == {
        "LaunchTemplateName": "nodes",
        "LaunchTemplateData": {
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, "Encrypted": True}}
            ],
            "MetadataOptions": {"HttpTokens": "required"},
        },
        "TagSpecifications": [
            {
                "ResourceType": "launch-template",
                "Tags": [{"Key": "stackyard:stage", "Value": "dev"}],
            }
        ],
    }
