"""Forms, sizes and names that a service of AWS, or a program in a pod, does not take.

As in `test_refused_by_aws.py`, each case was accepted by `validate` before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stacks.refused import DIGEST, Case, dev, found, foundation, matches, services, write

IAM = "arn:aws:iam::123456789012:"
CELLAR = {"kubeconfig": "~/.kube/cellar"}


def issuer(url: str) -> dict[str, Any]:
    return {"clusters": {"cellar": {**CELLAR, "issuer": url}}}


def served(**changes: Any) -> dict[str, Any]:
    release = {"version": "defects/3", "image": f"extra:3@{DIGEST}"}
    return {"models": {"extra": {"release": release, **changes}}}


def triggered(schedule: str) -> dict[str, Any]:
    return {"triggers": {"schedule": schedule}}


def people(number: int, kind: str) -> list[str]:
    return [f"{IAM}{kind}-{each:03d}" for each in range(number)]


SCHEDULE = "pipeline.triggers.schedule"
SPOT = {"capacity": ["reserved"], "reservations": {"tags": {"team": ""}}}

TYPES = {
    "size that a type of the system nodes does not have": foundation(
        "cluster.system_nodes.instance_types[0]",
        "sizes of m7i",
        cluster={"system_nodes": {"instance_types": ["m7i.huge"]}},
    ),
    "system node without room for Karpenter": foundation(
        "cluster.system_nodes.instance_types[0]",
        "Karpenter",
        cluster={"system_nodes": {"instance_types": ["t3.small"]}},
    ),
    "family that EC2 does not have": services(
        "node_pools.general.instance_types[0]",
        "did you mean",
        node_pools={"general": {"instance_types": ["mi7.large"]}},
    ),
    "pool whose limits allow no node": services(
        "node_pools.general.limits",
        node_pools={"general": {"limits": {"cpu": 2, "memory": "1Gi"}}},
    ),
    "class that RDS does not have": foundation(
        "database.instance_class", "db.t4g.nano", database={"instance_class": "db.t4g.nano"}
    ),
    "class without PostgreSQL of today": foundation(
        "database.instance_class", "did you mean", database={"instance_class": "db.m4.large"}
    ),
    "type that SageMaker does not have": dev(
        "tuning.instance_types[0]", tuning={"instance_types": ["ml.m5.huge"]}
    ),
    "version that no add-on has": foundation(
        "cluster.addon_versions.metrics-server",
        cluster={"addon_versions": {"metrics-server": "latest"}},
    ),
}

PRINCIPALS = {
    "role of an AWS service as operator": foundation(
        "operators[0]",
        "EKS",
        operators=[f"{IAM}role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"],
    ),
    "role with a name of 65 characters": foundation(
        "operators[0]", "64", operators=[f"{IAM}role/{'x' * 65}"]
    ),
    "administrators that no key policy holds": foundation(
        "admins", "32768", admins=people(700, "role/platform-admin")
    ),
    "more people for emergencies than a trust policy holds": foundation(
        "vault.break_glass", "2048", vault={"break_glass": people(60, "user/on-call-lead")}
    ),
    "role with a letter that IAM does not take": foundation(
        "operators[0]", operators=[f"{IAM}role/prüfer"]
    ),
    "external id with a letter that IAM does not take": dev(
        "access.audiences.labelling-vendor.external_id",
        access={"audiences": {"labelling-vendor": {"external_id": "schlüssel-der-firma"}}},
    ),
    "boundary with a letter that IAM does not take": dev(
        "permissions_boundary", permissions_boundary="gränze"
    ),
    "account in other digits": dev("account", account="١٢٣٤٥٦٧٨٩٠١٢"),
    "issuer that is too long for IAM": services(
        "onprem.clusters.cellar.issuer",
        "255",
        onprem=issuer(f"https://oidc.example/{'x' * 250}"),
    ),
    "issuer that only the cluster reaches": services(
        "onprem.clusters.cellar.issuer",
        "--service-account-issuer",
        onprem=issuer("https://kubernetes.default.svc.cluster.local"),
    ),
    "issuer of a private address": services(
        "onprem.clusters.cellar.issuer", onprem=issuer("https://10.0.0.1")
    ),
    "package of a name that is a command": foundation(
        "base_images.build.signer_package",
        base_images={"build": {"signer_package": "s3://acme/$(id).rpm"}},
    ),
    "issuer of no host name": services(
        "onprem.clusters.cellar.issuer", onprem=issuer("https://-a..example")
    ),
}

TAGS = {
    "tag without a value": dev("tags.note", "CloudTrail", tags={"note": ""}),
    "tag of 256 characters, which CodeBuild refuses": dev(
        "tags.note", "255", tags={"note": "x" * 256}
    ),
    "tag key with a space, on a signing profile": dev(
        "tags.cost center", "Signer", tags={"cost center": "x"}
    ),
    "tag that Karpenter writes": services(
        "tags.karpenter.sh/nodepool", tags={"karpenter.sh/nodepool": "x"}
    ),
    "tag by which clusters own things": services(
        "tags.kubernetes.io/cluster/other", tags={"kubernetes.io/cluster/other": "owned"}
    ),
    "reservation by a tag without a value": services(
        "gpu_pools.training.reservations.tags.team", gpu_pools={"training": SPOT}
    ),
}

NAMES = {
    "two paths with one name": Case(
        {"vision-de/fects/dev.yaml": {}, "vision/de-fects/dev.yaml": {}},
        "vision-de/fects/dev.yaml",
        "vision/de-fects/dev",
    ),
    "secret that is named like one of the platform": dev(
        "secrets.entries.tracking-database",
        secrets={"entries": {"tracking-database": {"readers": ["scientist"], "description": "x"}}},
    ),
    "team whose buckets S3 refuses": Case(
        {"sthree/defects/dev.yaml": {}}, "sthree/defects/dev.yaml"
    ),
    "team whose roles PostgreSQL refuses": Case({"pg/a1/dev.yaml": {}}, "pg/a1/dev.yaml"),
    "state in a bucket that cannot exist": Case(
        {"_estate.yaml": {"state": {"backend": "s3://Acme_State"}}}, "_estate.yaml: state.backend"
    ),
    "tag of an image that begins with a hyphen": dev(
        "training.fit.image", training={"fit": {"image": "vision/defects/train:-1"}}
    ),
    "tag of an image with 129 characters": dev(
        "training.fit.image", training={"fit": {"image": f"vision/defects/train:{'1' * 129}"}}
    ),
    "repository with two slashes": dev(
        "training.fit.image", training={"fit": {"image": "vision//train:1"}}
    ),
    "served image with two slashes": dev(
        "serving.models.extra.release.image",
        serving=served(release={"version": "defects/3", "image": f"a//b:3@{DIGEST}"}),
    ),
    "registry without a host": foundation("base_images.upstream", base_images={"upstream": ":::"}),
    "address that SNS cannot send to": dev(
        "monitoring.subscribers.dev[0]",
        "ASCII",
        monitoring={"subscribers": {"dev": ["müller@acme.example"]}},
    ),
    "server of a port that does not exist": dev(
        "tracking.external_uri", tracking={"external_uri": "https://tracking.example:99999"}
    ),
}

TIMES_AND_PLACES = {
    "weekday nearest to no day": dev(SCHEDULE, pipeline=triggered("0 3 W * ? *")),
    "weekday nearest to day 99": dev(SCHEDULE, pipeline=triggered("0 3 99W * ? *")),
    "day that EventBridge cannot count back to": dev(SCHEDULE, pipeline=triggered("0 3 L-3 * ? *")),
    "step of 99 minutes": dev(SCHEDULE, pipeline=triggered("0/99 3 ? * MON *")),
    "fields apart by two spaces": dev(SCHEDULE, pipeline=triggered("0  3 ? * MON *")),
    "time zone of the machine": dev(
        "pipeline.triggers.timezone", pipeline={"triggers": {"timezone": "localtime"}}
    ),
    "range of a VPC for tests of networks": foundation(
        "network.cidr", network={"cidr": "198.18.0.0/16"}
    ),
    "range of a VPC without a router": foundation(
        "network.cidr", network={"cidr": "169.254.0.0/16"}
    ),
    "endpoint that is listed twice": foundation(
        "network.interface_endpoints[1]",
        "twice",
        network={"interface_endpoints": ["sts", "sts"]},
    ),
    "region without AWS Signer": Case(
        {"_defaults.yaml": {"region": "eu-central-2"}},
        "vision/defects/_defaults.yaml: images",
        "Signer",
    ),
    "servers with more pods than the quota": dev(
        "namespace.quota.pods",
        "69",
        serving=served(replicas={"min": 60, "max": 100}, memory="1Mi"),
        namespace={"quota": {"pods": 50, "cpu": 1000, "memory": "900Gi"}},
    ),
}

BETWEEN_STACKS = {
    "mounted secret without the add-on": Case(
        {"platform/foundation/dev.yaml": {"cluster": {"addons": ["aws-efs-csi-driver"]}}},
        "vision/defects/_defaults.yaml: training.judge.mounts",
        "aws-secrets-store-csi-driver-provider",
    ),
    "tracking that jobs on premises cannot reach": Case(
        {
            "platform/services/dev.yaml": {"onprem": issuer("https://oidc.example")},
            "vision/defects/_defaults.yaml": {"tracking": {"external_uri": None}},
        },
        "vision/defects/dev.yaml: tracking",
        "cellar",
    ),
}

CASES = {**TYPES, **PRINCIPALS, **TAGS, **NAMES, **TIMES_AND_PLACES, **BETWEEN_STACKS}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_at_its_line(name: str, copy: Path) -> None:
    case = CASES[name]
    write(copy, case.files)
    problems = found(copy)
    assert any(matches(problem, case) for problem in problems), "\n".join(problems) or "accepted"


@pytest.mark.parametrize(
    ("path", "sections"),
    [
        ("pipeline.notify[1]", {"pipeline": {"notify": ["a@acme.example", "a@acme.example"]}}),
        ("images.pushers[1]", {"images": {"pushers": ["scientist", "scientist"]}}),
        (
            "access.audiences.scientist.directories.labelled[1]",
            {
                "access": {
                    "audiences": {"scientist": {"directories": {"labelled": ["work", "work"]}}}
                }
            },
        ),
    ],
)
def test_an_entry_that_is_listed_twice_is_refused(
    path: str, sections: dict[str, Any], copy: Path
) -> None:
    """Two grants, subscriptions or endpoints of one name are one resource, or an error of AWS."""
    case = dev(path, "listed twice", **sections)
    write(copy, case.files)
    assert any(matches(problem, case) for problem in found(copy))


def test_arguments_of_a_command_may_be_equal(copy: Path) -> None:
    write(copy, dev("", training={"fit": {"command": ["python", "-m", "fit", "-m"]}}).files)
    assert found(copy) == []
