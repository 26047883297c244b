from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard import contracts
from stackyard.blueprints import catalogue
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.environment import ProjectEnvironment
from stackyard.contracts import ContractError, ProjectContract
from stackyard.namespace.rbac import RULES
from stackyard.naming import StackId
from tests.support import contracts as upstream
from tests.support.contracts import FOUNDATION, SERVICES

STACK = StackId("vision", "defects", "dev")
UPSTREAMS = {"foundation": FOUNDATION, "services": SERVICES}
ROOT = "arn:aws:iam::123456789012:root"
VENDOR = "arn:aws:iam::210987654321:root"
CONTRACTS: dict[str, dict[str, Any]] = {
    FOUNDATION.reference: upstream.foundation(
        admin_arns=["arn:aws:iam::123456789012:role/platform-admin"],
    ),
    SERVICES.reference: upstream.services(gpu_pools={"training": upstream.GPU_POOL}),
}


def config(**changes: Any) -> dict[str, Any]:
    return {
        "owner": "vision@example.com",
        "account": "123456789012",
        "region": "eu-central-1",
        "datasets": {
            "photos": {"kind": "raw", "directories": ["incoming"]},
            "faces": {"kind": "personal", "jurisdiction": "eu", "directories": ["labels"]},
        },
        "retention": {"personal": {"eu": {"erase_within_days": 365, "legal_limit_days": 730}}},
        "access": {
            "audiences": {
                "scientist": {"trusted": [ROOT], "datasets": {"*": "read"}},
                "business": {"trusted": [ROOT]},
                "labelling-vendor": {
                    "trusted": [VENDOR],
                    "external_id": "labels-2026",
                    "directories": {"faces": ["labels"]},
                },
            },
            "shared": {"scratch": {"members": ["scientist"], "uid": 1500, "gid": 1500}},
        },
        "secrets": {"entries": {"api": {"readers": ["scientist"], "description": "A key."}}},
        "namespace": {"quota": {"gpus": 4}},
        **changes,
    }


@pytest.fixture(scope="module")
def made(run: Any) -> Any:
    return run(catalogue.program("project", STACK, config(), UPSTREAMS), CONTRACTS)


def test_every_role_has_the_boundary_that_the_stack_names(made: Any, run: Any) -> None:
    named = config(permissions_boundary="stackyard-roles")
    bound = run(catalogue.program("project", STACK, named, UPSTREAMS), CONTRACTS)
    roles = bound.of_type("aws:iam/role:Role")
    assert len(roles) > 4
    arn = "arn:aws:iam::123456789012:policy/stackyard-roles"
    assert {role["permissionsBoundary"] for role in roles.values()} == {arn}
    assert bound.inputs.keys() == made.inputs.keys()
    assert not any(
        "permissionsBoundary" in one for one in made.of_type("aws:iam/role:Role").values()
    )


def test_every_resource_is_a_child_of_a_component(made: Any) -> None:
    assert len(made.qualified_types) > 60
    assert made.at_the_root() == []


def test_the_contract_says_where_things_are(made: Any) -> None:
    read = contracts.parse(ProjectContract, made.contract, str(STACK))
    assert read.namespace == "vision-defects-dev"
    assert set(read.datasets) == {"photos", "faces"}
    assert set(read.roles) == {"scientist", "business", "labelling-vendor", "trainer", "server"}
    assert set(read.access_points) == {"labelling-vendor-faces"}


def test_logical_names_do_not_change_with_the_identity_of_the_stack(run: Any) -> None:
    here = run(catalogue.program("project", STACK, config(), UPSTREAMS), CONTRACTS)
    other = StackId("audio", "calls", "dev")
    there = run(catalogue.program("project", other, config(), UPSTREAMS), CONTRACTS)
    assert set(here.inputs) == set(there.inputs)


def test_every_bucket_is_closed_versioned_and_encrypted_by_the_key_of_its_kind(made: Any) -> None:
    names = {"datasets-photos", "datasets-faces", "datasets-access-logs"}
    for token, role in {
        "bucket:Bucket": "bucket",
        "bucketPublicAccessBlock:BucketPublicAccessBlock": "public-access",
        "bucketOwnershipControls:BucketOwnershipControls": "ownership",
        "bucketVersioning:BucketVersioning": "versioning",
        "bucketLifecycleConfiguration:BucketLifecycleConfiguration": "lifecycle",
        "bucketPolicy:BucketPolicy": "policy",
    }.items():
        assert set(made.of_type(f"aws:s3/{token}")) == {f"{name}-{role}" for name in names}
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    used = {
        name: inputs["rules"][0]["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId")
        for name, inputs in made.of_type(kind).items()
    }
    keys = CONTRACTS[FOUNDATION.reference]["key_arns"]
    assert used == {
        "datasets-photos-encryption": keys["data"],
        "datasets-faces-encryption": keys["personal"],
        "datasets-access-logs-encryption": None,
    }


def test_business_has_a_role_without_a_policy_and_no_way_into_the_cluster(made: Any) -> None:
    assert "access-business" in made.of_type("aws:iam/role:Role")
    assert "access-business-grants" not in made.of_type("aws:iam/rolePolicy:RolePolicy")
    entries = made.of_type("aws:eks/accessEntry:AccessEntry")
    assert set(entries) == {"namespace-entry-scientist"}
    groups = entries["namespace-entry-scientist"]["kubernetesGroups"]
    assert groups == ["stackyard:vision-defects-dev:scientist"]


def test_the_role_binding_names_the_group_of_the_access_entry(made: Any) -> None:
    binding = made.of_type("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
    subjects = binding["namespace-binding-scientist"]["subjects"]
    assert [subject["name"] for subject in subjects] == ["stackyard:vision-defects-dev:scientist"]
    role = made.of_type("kubernetes:rbac.authorization.k8s.io/v1:Role")["namespace-role-scientist"]
    assert role["rules"] == RULES["scientist"]


def test_pods_get_their_roles_by_pod_identity(made: Any) -> None:
    found = made.of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert {inputs["serviceAccount"] for inputs in found.values()} == {"trainer", "server"}
    accounts = made.of_type("kubernetes:core/v1:ServiceAccount")
    assert len(accounts) == 3
    assert not any(inputs["automountServiceAccountToken"] for inputs in accounts.values())


def test_the_shared_file_system_is_reached_by_tls_and_access_point_only(made: Any) -> None:
    (policy,) = made.of_type("aws:efs/fileSystemPolicy:FileSystemPolicy").values()
    by_sid = {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}
    assert set(by_sid) == {"DenyPlain", "DenyWithoutAccessPoint", "MountForPods", "MountScratch"}
    assert by_sid["MountScratch"]["Principal"] == {"AWS": ["arn:aws:mock:::access-scientist"]}
    assert len(made.of_type("aws:efs/mountTarget:MountTarget")) == 2
    (system,) = made.of_type("aws:efs/fileSystem:FileSystem").values()
    assert system["kmsKeyId"] == CONTRACTS[FOUNDATION.reference]["key_arns"]["personal"]


def test_a_gpu_quota_above_the_pools_is_refused_and_says_what_to_do() -> None:
    model = ProjectConfig.model_validate(config(namespace={"quota": {"gpus": 5}}))
    foundation = contracts.parse(
        contracts.FoundationContract, CONTRACTS[FOUNDATION.reference], str(FOUNDATION)
    )
    services = contracts.parse(
        contracts.ServicesContract, CONTRACTS[SERVICES.reference], str(SERVICES)
    )
    environment = ProjectEnvironment(STACK, model, UPSTREAMS, foundation, services)
    with pytest.raises(ContractError, match=r"4 GPUs at most.*asks for 5") as caught:
        environment.check_gpu_quota()
    assert "platform/services/dev" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"retention": {}},
            "datasets.faces.jurisdiction: `jurisdiction` is `eu`, which `retention.personal` lacks",
        ),
        (
            {
                "retention": {
                    "raw": {"cold_storage_class": "DEEP_ARCHIVE"},
                    "personal": {
                        "eu": {"erase_within_days": 9, "legal_limit_days": 9, "noncurrent_days": 3}
                    },
                }
            },
            "datasets.photos: `photos` is a DVC remote, but objects in `retention.raw.cold_st",
        ),
        (
            {
                "access": {
                    "audiences": {"developer": {"trusted": [ROOT], "datasets": {"photo": "read"}}}
                },
                "secrets": {},
            },
            "access.audiences.developer: is granted `photo`, which is not a dataset",
        ),
        (
            {
                "access": {"workloads": {"trainer": {"directories": {"photos": ["outgoing"]}}}},
                "secrets": {},
            },
            "access.workloads.trainer.directories.photos: is granted `outgoing`",
        ),
        (
            {"access": {"audiences": {"developer": {"trusted": [VENDOR]}}}, "secrets": {}},
            "trusts account 210987654321, which needs `access.audiences.developer.external_id`",
        ),
        (
            {"secrets": {"entries": {"api": {"readers": ["developer"], "description": "A key."}}}},
            "secrets.entries.api.readers: `readers` has `developer`, which `access.aud",
        ),
    ],
)
def test_sections_that_disagree_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ProjectConfig.model_validate(config(**changes))
    assert message in str(caught.value)


def test_all_disagreements_are_said_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        ProjectConfig.model_validate(config(retention={}, access={}))
    assert "retention.personal" in str(caught.value)
    assert "secrets.entries.api.readers" in str(caught.value)


def test_jobs_queue_where_the_stage_has_queues(run: Any) -> None:
    services = {**CONTRACTS[SERVICES.reference], "queueing": "kueue"}
    program = catalogue.program("project", STACK, config(), UPSTREAMS)
    queued = run(program, {**CONTRACTS, SERVICES.reference: services})
    (queue,) = queued.of_type("kubernetes:kueue.x-k8s.io/v1beta2:ClusterQueue").values()
    assert queue["spec"]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "vision-defects-dev"
    }
    (local,) = queued.of_type("kubernetes:kueue.x-k8s.io/v1beta2:LocalQueue").values()
    assert local["spec"]["clusterQueue"] == queue["metadata"]["name"]
    rules = queued.of_type("kubernetes:rbac.authorization.k8s.io/v1:Role")
    scientist = rules["namespace-role-scientist"]["rules"]
    assert "workloads" in str(scientist)
    assert "localqueues" in str(scientist)


def test_packages_that_no_build_can_hold_are_refused_with_the_number() -> None:
    """CodeBuild takes 25,600 characters; each digest is 72, for each package and its files."""

    def images(packages: int, digests: int) -> dict[str, Any]:
        locked = {
            f"package-{number}==1.0.0": [f"sha256:{one:064x}" for one in range(digests)]
            for number in range(packages)
        }
        return {"images": {"trainer": {"base": "sklearn", "packages": locked}}}

    assert ProjectConfig.model_validate(config(images=images(40, 5)))
    with pytest.raises(ValidationError, match=r"buildspec of \d{5,} characters.*takes 25600"):
        ProjectConfig.model_validate(config(images=images(80, 20)))
