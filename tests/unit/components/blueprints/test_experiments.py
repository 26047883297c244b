from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard import contracts
from stackyard.blueprints import catalogue
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.contracts import ContractError, ProjectContract
from tests.support.contracts import FOUNDATION, SERVICES

from .test_project import CONTRACTS, STACK, UPSTREAMS, config

DATABASE: dict[str, Any] = {
    "version": 1,
    "host": "db.internal",
    "port": 5432,
    "admin_credentials": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-x",
}
WITH_DATABASE: dict[str, Any] = {
    **CONTRACTS,
    FOUNDATION.reference: {**CONTRACTS[FOUNDATION.reference], "database": DATABASE},
    SERVICES.reference: {**CONTRACTS[SERVICES.reference], "registry": "registry.example"},
}
SECTIONS: dict[str, Any] = {
    "tracking": {},
    "models": {},
    "tuning": {
        "image": "tuning/optuna:5.0",
        "managed": "sagemaker",
        "instance_types": ["ml.m5.xlarge"],
    },
}


BRANCHED = {**config()["datasets"]}
BRANCHED["photos"] = {**BRANCHED["photos"], "branching": "lakefs"}


@pytest.fixture(scope="module")
def made(run: Any) -> Any:
    written = config(**SECTIONS, datasets=BRANCHED)
    program = catalogue.program("project", STACK, written, UPSTREAMS)
    return run(program, WITH_DATABASE)


def pods(made: Any) -> dict[str, Any]:
    """Return every pod's specification by logical name."""
    found = {}
    for name, inputs in made.of_type("kubernetes:apps/v1:Deployment").items():
        found[name] = inputs["spec"]["template"]["spec"]
    for name, inputs in made.of_type("kubernetes:batch/v1:Job").items():
        found[name] = inputs["spec"]["template"]["spec"]
    for name, inputs in made.of_type("kubernetes:batch/v1:CronJob").items():
        found[name] = inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


def test_every_resource_is_a_child_of_a_component(made: Any) -> None:
    assert made.at_the_root() == []


def test_every_pod_is_restricted_and_writes_to_scratch_only(made: Any) -> None:
    expected = {
        "tracking-deployment",
        "tracking-collector",
        "tracking-database-setup",
        "tuning-dashboard",
        "tuning-database-setup",
        "models-keeper",
        "lakefs-deployment",
        "lakefs-database-setup",
    }
    found = pods(made)
    assert expected <= set(found)
    for name in expected:
        spec = found[name]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert spec["automountServiceAccountToken"] is False
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"], name
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]
            assert container["image"].startswith("registry.example/")


def test_rotation_changes_the_one_deployment_that_works_with_the_password(made: Any) -> None:
    deployments = {
        inputs["metadata"]["name"]
        for inputs in made.of_type("kubernetes:apps/v1:Deployment").values()
    }
    roles = made.of_type("kubernetes:rbac.authorization.k8s.io/v1:Role")
    bindings = made.of_type("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
    jobs = made.of_type("kubernetes:batch/v1:CronJob")
    for purpose in ("tracking", "tuning", "lakefs"):
        name = f"{purpose}-database-rotation"
        (rule,) = roles[f"{name}-restart"]["rules"]
        assert (rule["resources"], rule["resourceNames"]) == (["deployments"], [purpose])
        assert rule["verbs"] == ["get", "patch"]
        assert purpose in deployments
        job = jobs[f"{name}-nightly"]
        spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert job["metadata"]["namespace"] == "stackyard-system"
        (subject,) = bindings[f"{name}-restarts"]["subjects"]
        assert subject["name"] == spec["serviceAccountName"]
        assert subject["namespace"] == "stackyard-system"
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert spec["securityContext"]["runAsNonRoot"]


def test_no_pod_of_the_project_opens_the_whole_instance(made: Any) -> None:
    """Whoever may start pods in the namespace could otherwise become its administrator."""
    own = "vision-defects-dev"
    for name, inputs in made.of_type("kubernetes:batch/v1:Job").items():
        text = str(inputs["spec"])
        if DATABASE["admin_credentials"] in text:
            assert inputs["metadata"]["namespace"] == "stackyard-system", name
    for token in ("kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:CronJob"):
        for inputs in made.of_type(token).values():
            if inputs["metadata"]["namespace"] == own:
                assert DATABASE["admin_credentials"] not in str(inputs)


def test_a_node_with_the_only_pod_of_a_server_can_be_drained(made: Any) -> None:
    """A budget by `minAvailable: 1` would hold it for ever. Source:
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/."""
    budgets = made.of_type("kubernetes:policy/v1:PodDisruptionBudget")
    assert budgets
    assert {one["spec"].get("maxUnavailable") for one in budgets.values()} == {1}


def test_a_service_finds_the_pods_of_its_deployment(made: Any) -> None:
    services = made.of_type("kubernetes:core/v1:Service")
    deployments = made.of_type("kubernetes:apps/v1:Deployment")
    for service, deployment in (
        ("tracking-service", "tracking-deployment"),
        ("tuning-service", "tuning-dashboard"),
    ):
        selector = services[service]["spec"]["selector"]
        labels = deployments[deployment]["spec"]["template"]["metadata"]["labels"]
        assert selector.items() <= labels.items()


def test_logs_of_the_new_buckets_are_delivered(made: Any) -> None:
    policy = made.of_type("aws:s3/bucketPolicy:BucketPolicy")["datasets-access-logs-policy"]
    for bucket in ("artifacts", "models"):
        assert f"arn:aws:s3:::vision-defects-dev-{bucket}-123456789012" in policy["policy"]


def test_the_contract_says_where_they_are(made: Any) -> None:
    read = contracts.parse(ProjectContract, made.contract, str(STACK))
    assert read.tracking_uri == "http://tracking.vision-defects-dev.svc.cluster.local:5000"
    assert read.artifact_bucket == "vision-defects-dev-artifacts-123456789012"
    assert read.model_bucket == "vision-defects-dev-models-123456789012"


def test_a_stage_without_a_database_says_what_to_do(run: Any) -> None:
    program = catalogue.program("project", STACK, config(tracking={}), UPSTREAMS)
    with pytest.raises(ContractError, match="has no database") as caught:
        run(program, CONTRACTS)
    assert "platform/foundation/dev" in caught.value.hint


@pytest.mark.parametrize("section", ["models", "tuning"])
def test_a_section_that_needs_tracking_says_so(section: str) -> None:
    with pytest.raises(ValidationError, match=f"`{section}` needs `tracking`"):
        ProjectConfig.model_validate(config(**{section: SECTIONS[section]}))


def test_branches_need_a_tracking_server() -> None:
    with pytest.raises(
        ValidationError, match=r"datasets\.photos\.branching: `branching` needs `tracking`"
    ):
        ProjectConfig.model_validate(config(datasets=BRANCHED))


def test_without_branches_there_is_no_branch_server(run: Any) -> None:
    program = catalogue.program("project", STACK, config(tracking={}), UPSTREAMS)
    found = pods(run(program, WITH_DATABASE))
    assert "tracking-deployment" in found
    assert not [name for name in found if name.startswith("lakefs")]
