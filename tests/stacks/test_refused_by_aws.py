"""What AWS or Kubernetes would refuse is refused by `validate`, at the line that was written.

Each case puts a few lines into a copy of the reference estate; before, `validate` accepted it and
an apply failed. Cases of the field, from public threads of neighbouring tools.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard_cli import app
from tests.stacks.refused import DEV, DIGEST, Case, dev, found, foundation, matches, write
from tests.support.estates import ROOT

SSO = (
    "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-central-1/"
    "AWSReservedSSO_Scientists{:02d}_0123456789abcdef"
)


LONG = f"{'a' * 32}/{'b' * 31}"
PIPELINE = {"triggers": {"timezone": "Europe/Berln"}}
NODES_ONLY = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "sts"]
GENERAL = {"system_nodes": {"instance_types": [f"m{n}i.xlarge" for n in range(21)]}}

BATCHES = [f"incoming-batch-{number:02d}/to-label" for number in range(10)]
SETS = [f"set-{number}" for number in range(3)]

CASES = {
    "grants that no role can hold": dev(
        "access.audiences.scientist",
        "10240",
        datasets={name: {"kind": "curated", "directories": BATCHES} for name in SETS},
        access={"audiences": {"scientist": {"directories": dict.fromkeys(SETS, BATCHES)}}},
    ),
    "tag that another file has in other letter case": dev(
        "tags.Cost-Center", "stacks/vision/_defaults.yaml:4", tags={"Cost-Center": "vision-dev"}
    ),
    "tag of AWS": dev("tags.aws:team", tags={"aws:team": "x"}),
    "tag of Stackyard in other letter case": dev(
        "tags.Stackyard:Owner", tags={"Stackyard:Owner": "x"}
    ),
    "tag with characters that IAM refuses": dev("tags.note", tags={"note": "R&D (vision) #2"}),
    "60 tags": dev("tags", "50", tags={f"tag-{number}": "x" for number in range(60)}),
    "tag of 300 characters": dev("tags.note", "255", tags={"note": "x" * 300}),
    "tag key of 129 characters": dev(f"tags.{'k' * 59}…", "127", tags={"k" * 129: "x"}),
    "owner that cannot be a tag": dev("owner", owner="r&d+o'neil@acme.example"),
    "API open to a private range": foundation(
        "cluster.public_cidrs[0]", cluster={"public_cidrs": ["10.0.0.0/8"]}
    ),
    "API open to a range that holds private addresses": foundation(
        "cluster.public_cidrs[0]", cluster={"public_cidrs": ["172.0.0.0/8"]}
    ),
    "41 ranges": foundation(
        "cluster.public_cidrs",
        "40",
        cluster={"public_cidrs": [f"203.0.{number}.0/24" for number in range(41)]},
    ),
    "21 types in a node group": foundation(
        "cluster.system_nodes.instance_types", "20", cluster=GENERAL
    ),
    "time zone that does not exist": dev(
        "pipeline.triggers.timezone", "Europe/Berlin", pipeline=PIPELINE
    ),
    "database that cannot grow": foundation(
        "database.max_storage_gb", "55", database={"storage_gb": 50, "max_storage_gb": 50}
    ),
    "region of another partition": Case(
        {DEV: {"region": "us-gov-west-1"}},
        "vision/defects/dev.yaml: access.audiences.labelling-vendor.trusted[0]",
        "aws-us-gov",
    ),
    "region that does not exist": dev("region", "did you mean `eu-central-", region="eu-central-9"),
    "region that does not exist, of personal data": Case(
        {"_estate.yaml": {"policy": {"personal_regions": ["eu-central-9"]}}},
        "_estate.yaml: policy.personal_regions[0]",
    ),
    "zone that the region does not have": foundation(
        "region", "ca-central-1d", region="ca-central-1"
    ),
    "named zone that the region does not have": foundation(
        "network.zones", network={"zones": ["eu-central-1a", "eu-central-1f"]}
    ),
    "job with more memory than the quota": dev(
        "training.judge.memory", "namespace.quota.memory", training={"judge": {"memory": "900Gi"}}
    ),
    "job with more CPU than a node": dev(
        "training.fit.cpu",
        "g5.2xlarge",
        training={"fit": {"cpu": 48}},
        namespace={"quota": {"cpu": 96}},
    ),
    "job with more memory than a node": dev(
        "training.fit.memory", "g5.2xlarge", training={"fit": {"memory": "32Gi"}}
    ),
    "job that fits no node without GPUs": dev(
        "training.judge.cpu", "m7i.2xlarge", training={"judge": {"cpu": 8}}
    ),
    "servers with more GPUs than the quota": dev(
        "serving.models.classifier.replicas.min",
        "namespace.quota.gpus",
        serving={"models": {"classifier": {"gpu_pool": "training", "replicas": {"min": 4}}}},
        namespace={"quota": {"gpus": 1}},
    ),
    "server larger than a node": dev(
        "serving.models.classifier.memory",
        serving={"models": {"classifier": {"memory": "40Gi"}}},
        namespace={"quota": {"memory": "512Gi"}},
    ),
    "servers with more memory than the quota": dev(
        "namespace.quota.memory", namespace={"quota": {"memory": "8Gi"}}
    ),
    "quota with more GPUs than the pools": dev(
        "namespace.quota.gpus", "4", namespace={"quota": {"gpus": 9}}
    ),
    "tracking without a database": Case(
        {"platform/foundation/_defaults.yaml": {"database": None}},
        "vision/defects/_defaults.yaml: tracking",
        "database",
    ),
    "served model named like an object of the platform": dev(
        "serving.models.tuning",
        "reserved",
        serving={
            "models": {"tuning": {"release": {"version": "defects/3", "image": f"a:3@{DIGEST}"}}}
        },
    ),
    "project that the path makes too long": Case(
        {f"{LONG}/dev.yaml": {}, f"{LONG}/prod.yaml": {}}, f"{LONG}/dev.yaml", "54"
    ),
    "path with two hyphens in a row": Case(
        {"ml--ops/defects/dev.yaml": {}}, "ml--ops/defects/dev.yaml", "ml-ops"
    ),
    "project that is named like another stage": Case(
        {"web/dev-tools/prod.yaml": {}}, "web/dev-tools/prod.yaml"
    ),
    "image with two hyphens in a row": dev(
        "images.images.train--er", images={"images": {"train--er": {"base": "sklearn"}}}
    ),
    "longer than a node lives": dev("training.fit.hours", training={"fit": {"hours": 720}}),
    "audience trusted by 16 roles of the identity centre": dev(
        "access.audiences.scientist.trusted",
        "2048",
        access={"audiences": {"scientist": {"trusted": [SSO.format(n) for n in range(16)]}}},
    ),
    "no way out and too few endpoints": foundation(
        "network.nat", "ssm", network={"nat": "none", "interface_endpoints": NODES_ONLY}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_at_its_line(name: str, copy: Path) -> None:
    case = CASES[name]
    write(copy, case.files)
    problems = found(copy)
    assert any(matches(problem, case) for problem in problems), "\n".join(problems) or "accepted"


def test_all_of_them_are_refused_at_once(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run of `validate` reports what is wrong in every file, and ends with 2."""
    chosen = {name: case for name, case in CASES.items() if name in TOGETHER}
    for case in chosen.values():
        write(copy, case.files)
    monkeypatch.setenv("STACKYARD_ESTATE", str(copy))
    assert app.run(["validate"]) == 2
    told = capsys.readouterr()
    problems = (told.out + told.err).replace("error: ", "").split("\nstacks/")
    problems = [problems[0], *(f"stacks/{each}" for each in problems[1:])]
    missing = [
        name for name, case in chosen.items() if not any(matches(one, case) for one in problems)
    ]
    assert not missing, told.out + told.err


TOGETHER = (
    "tag that another file has in other letter case",
    "tag with characters that IAM refuses",
    "owner that cannot be a tag",
    "API open to a private range",
    "time zone that does not exist",
    "database that cannot grow",
    "job with more memory than the quota",
    "job with more CPU than a node",
    "served model named like an object of the platform",
    "path with two hyphens in a row",
)
"""Cases whose problems do not hide each other; of fields, between fields, between stacks."""


def test_the_reference_estate_itself_is_accepted() -> None:
    assert found(ROOT) == []
