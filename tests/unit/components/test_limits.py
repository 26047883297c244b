"""Our tables of AWS against botocore's and the emulator's copies of AWS's own answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.session import Session
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instance_types import INSTANCE_TYPES

from stackyard.estate import schema
from stackyard.instances import vcpus_and_memory
from stackyard.limits import documents, instance_types, nodes, regions, tags
from tests.support.database_classes import database_classes

PARTITIONS = ("aws", "aws-us-gov", "aws-cn")


def test_the_regions_are_those_of_botocore() -> None:
    session = Session()
    known = {
        region
        for partition in PARTITIONS
        for region in session.get_available_regions("eks", partition)
    }
    assert set(regions.ZONES) == known


def test_each_region_has_the_zones_that_ec2_lists() -> None:
    """An account may see fewer of a region's zones, as the emulator's does in us-west-1."""
    for region, zones in RegionsAndZonesBackend.zones.items():
        assert {zone.name for zone in zones} <= {
            f"{region}{letter}" for letter in regions.ZONES[region]
        }
    few = {region for region, zones in RegionsAndZonesBackend.zones.items() if len(zones) < 3}
    assert few == {"us-west-1", "cn-north-1"}


@pytest.mark.parametrize(
    ("region", "zones", "named", "refused"),
    [
        ("eu-central-1", "abc", False, None),
        ("ca-central-1", "abc", False, "no zone ca-central-1c"),
        ("ca-central-1", "abd", True, None),
        ("ap-northeast-1", "ab", False, "no zone ap-northeast-1b"),
        ("us-west-1", "ab", False, "an account has only 2"),
        ("us-west-1", "ac", True, None),
        ("us-west-1", "abc", True, "an account has only 2"),
    ],
)
def test_zones_that_a_region_lacks(
    region: str, zones: str, named: bool, refused: str | None
) -> None:
    found = regions.zones_problem(region, [f"{region}{letter}" for letter in zones], named=named)
    assert (found is None) if refused is None else (found is not None and refused in found[0])


def test_sizes_of_types_are_those_that_ec2_describes() -> None:
    checked = 0
    for kind, facts in INSTANCE_TYPES.items():
        if (size := vcpus_and_memory(kind)) is not None:
            memory = facts["MemoryInfo"]["SizeInMiB"]
            assert size == (facts["VCpuInfo"]["DefaultVCpus"], memory / 1024), kind
            checked += 1
    assert checked > 900


def test_no_pod_is_promised_more_than_a_node_can_give() -> None:
    """EKS reserves memory by the number of addresses, and a machine hides at least 2 %."""
    for kind, facts in INSTANCE_TYPES.items():
        found = nodes.room(kind, gpu=False)
        network = facts["NetworkInfo"]
        pods = network["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2
        if found is not None and pods < 2000:
            most = facts["MemoryInfo"]["SizeInMiB"] * 0.98 - 255 - 11 * pods - 100
            assert found.memory_mib <= most, (kind, pods)
            assert found.cpus < facts["VCpuInfo"]["DefaultVCpus"]


def test_the_kubelet_reserves_cpu_by_the_formula_of_eks() -> None:
    """EKS's own examples: 4 cores give 3920m, 8 give 7910m, 96 give 95690m."""
    agents = nodes.ADDONS_CPU + nodes.AGENTS_CPU
    for kind, allocatable in (("m7i.xlarge", 3920), ("m7i.2xlarge", 7910), ("m7i.24xlarge", 95690)):
        found = nodes.room(kind, gpu=False)
        assert found is not None
        assert round(found.cpus * 1000) + agents == allocatable


def test_units_of_memory() -> None:
    assert [nodes.mib(text) for text in ("512Mi", "2Gi", "1Ti")] == [512, 2048, 1024 * 1024]
    assert vcpus_and_memory("x1.32xlarge") is None
    assert nodes.room("x1.32xlarge", gpu=False) is None


def test_tags_of_every_script_are_taken() -> None:
    good = {"kosten-stelle": "Forschung und Entwicklung", "größe": "三 @ 1.0 +x=/_:-"}
    assert list(tags.problems(("tags",), good)) == []
    assert tags.text_problem("tab\there", 256) is not None
    assert tags.text_problem("", 256) is None


def test_the_characters_of_tags_are_those_of_iam() -> None:
    shape = json.dumps(
        Session()
        .get_component("data_loader")
        .load_service_model("iam", "service-2")["shapes"]["tagValueType"]
    )
    assert r"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*" in shape
    assert '"max": 256' in shape  # CodeBuild takes 255.


TAGGED = (
    *("amp", "cloudtrail", "cloudwatch", "codebuild", "efs", "eks", "events", "iam", "kms"),
    *("lambda", "logs", "s3control", "scheduler", "secretsmanager", "signer", "sns"),
    "stepfunctions",
)
"""Services whose models say what a tag may be, of those that stacks use."""


@pytest.mark.parametrize("service", TAGGED)
def test_no_service_takes_less_in_a_tag(service: str) -> None:
    keys, values = _of_tags(service)
    assert keys
    for bounds in keys:
        assert bounds.get("max", 128) >= tags.LONGEST_KEY
    for bounds in values:
        assert bounds.get("max", 256) >= tags.LONGEST_VALUE
        assert bounds.get("min", 0) <= 1


def _of_tags(service: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the bounds of keys and of values of tags in a service's model."""
    model = Session().get_service_model(service)
    keys, values = [], []
    for name in model.shape_names:
        shape = model.shape_for(name)
        if shape.type_name == "structure" and name == "Tag":
            members = {member.lower()[-5:]: each for member, each in shape.members.items()}
            keys += [each.metadata for member, each in members.items() if member.endswith("key")]
            values += [each.metadata for member, each in members.items() if member == "value"]
        elif shape.type_name == "map" and name in ("TagMap", "Tags"):
            keys.append(shape.key.metadata)
            values.append(shape.value.metadata)
    return keys, values


def test_keys_of_tags_on_signing_profiles_are_those_of_signer() -> None:
    pattern = re.compile("[a-zA-Z+-=._:/]+")
    assert _of_tags("signer")[0][0]["pattern"] == rf"^(?!aws:){pattern.pattern}$"
    every = [chr(number) for number in range(32, 127)]
    taken = {one for one in every if pattern.fullmatch(one)}
    assert {one for one in every if tags.FOR_SIGNER.fullmatch(one)} == taken


def test_regions_without_a_service_are_those_of_botocore() -> None:
    session = Session()
    for service, model in {"AWS Signer": "signer", "AWS CodeBuild": "codebuild"}.items():
        having = {
            region for each in PARTITIONS for region in session.get_available_regions(model, each)
        }
        assert regions.WITHOUT[service] == set(regions.ZONES) - having


def _types(table: Mapping[str, str]) -> set[str]:
    return {
        f"{family}.{size}"
        for families, sizes in table.items()
        for family in families.split()
        for size in sizes.split()
    }


def test_the_types_are_those_that_ec2_describes() -> None:
    described = {kind for kind in INSTANCE_TYPES if not kind.startswith("mac")}
    assert _types(instance_types.EC2) == described


def test_the_types_are_those_of_sagemakers_training() -> None:
    known = Session().get_service_model("sagemaker").shape_for("TrainingInstanceType").enum
    assert {f"ml.{kind}" for kind in _types(instance_types.SAGEMAKER)} == set(known)


def test_the_classes_are_those_of_postgresql_at_rds() -> None:
    versions = tuple(rf"^({version}\." for version in (15, 16, 17, 18))
    known = {
        kind
        for version, kinds in database_classes("postgres").items()
        if version.startswith(versions)
        for kind in kinds
        if kind.count(".") == 2
    }
    assert {f"db.{kind}" for kind in _types(instance_types.RDS)} == known


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("m7i.large", False),
        ("m7i.huge", True),
        ("mi7.large", True),
        ("m7q.large", True),
        ("m99i.large", False),
        ("large", True),
    ],
)
def test_a_family_newer_than_the_table_is_taken(kind: str, refused: bool) -> None:
    found = instance_types.problem(kind, instance_types.EC2, "EC2")
    assert (found is not None) == refused


@pytest.mark.parametrize("name", schema.NAMES)
def test_no_pattern_takes_letters_of_every_script(name: str) -> None:
    """`\\w` and `\\d` of pydantic's expressions are those of Unicode; AWS takes ASCII only."""
    patterns = re.findall(r'"pattern": "([^"]*)"', schema.text(name))
    assert patterns
    assert [one for one in patterns if r"\\w" in one or r"\\d" in one] == []


BY_BOTOCORE = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("ecr", "RepositoryPolicyText"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("ecr", "LifecyclePolicyText"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": ("efs", "Policy"),
    "aws:kms/key:Key": ("kms", "PolicyType"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": (
        "secretsmanager",
        "NonEmptyResourcePolicyType",
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("logs", "FilterPattern"),
    "aws:sfn/stateMachine:StateMachine": ("stepfunctions", "Definition"),
}


@pytest.mark.parametrize("kind", BY_BOTOCORE)
def test_the_largest_documents_are_those_of_botocores_models(kind: str) -> None:
    """KMS's model allows any policy that its API takes; the quota of a key's policy is 32 KB."""
    service, shape = BY_BOTOCORE[kind]
    loader = Session().get_component("data_loader")
    most = loader.load_service_model(service, "service-2")["shapes"][shape]["max"]
    assert documents.LIMITS[kind].most == (32_768 if service == "kms" else most)
