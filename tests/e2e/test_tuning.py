"""Tuning: a real study whose trials run in parallel, on the storage that pods are told of."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import psycopg2
import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.processes import free_ports
from tests.e2e.experiments import Tracking
from tests.support.clients import Assume, Clients
from tests.support.workspace import Workspace

from .experiments import NAMESPACE, STACK, Database, wait_until_up
from .pods import Pods

TRIALS = 8
WORKER = """
import os, time, optuna
study = optuna.create_study(
    study_name="defects", storage=os.environ["OPTUNA_STORAGE_URL"],
    direction="minimize", load_if_exists=True, sampler=optuna.samplers.TPESampler(),
)
def objective(trial):
    trial.set_user_attr("worker", os.getpid())
    time.sleep(0.05)
    return (trial.suggest_float("x", -10, 10) - 2) ** 2
study.optimize(objective, n_trials=8)
"""


@pytest.fixture(scope="module")
def worker(database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How a training pod that tunes starts its program: as its ConfigMaps and its role say."""
    database.set_up("tuning")
    pods, folder = database.pods, tmp_path_factory.mktemp("tuning")
    spec = pods.apps.read_namespaced_deployment("tuning", NAMESPACE).spec.template.spec
    pods.run(NAMESPACE, spec, spec.init_containers[0], **database.places)
    for name, text in pods.settings("database-client", NAMESPACE).items():
        (folder / name).write_text(text)
    environment = {
        **pods.settings("tuning", NAMESPACE),
        **database.places,
        **pods.identity(NAMESPACE, "trainer"),
        "AWS_ENDPOINT_URL": pods.endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PATH": str(Path(sys.executable).parent),
    }
    connect = [sys.executable, str(folder / "connect.py"), "OPTUNA_STORAGE_URL"]
    return {"args": [*connect, sys.executable, "-c", WORKER], "env": environment}


def test_workers_in_parallel_share_one_study(database: Database, worker: dict[str, Any]) -> None:
    workers = [
        subprocess.Popen(**worker, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=120)[0] for one in workers]
    assert [one.returncode for one in workers] == [0, 0], told
    trials = _study(database, worker).trials
    assert sorted(trial.number for trial in trials) == list(range(2 * TRIALS))
    assert {trial.state for trial in trials} == {optuna.trial.TrialState.COMPLETE}
    shares = [trial.user_attrs["worker"] for trial in trials]
    assert {shares.count(one) for one in set(shares)} == {TRIALS}
    assert len(set(shares)) == 2


def _study(database: Database, worker: dict[str, Any]) -> optuna.Study:
    program = "import os; print(os.environ['OPTUNA_STORAGE_URL'])"
    command = [*worker["args"][:-1], program]
    url = subprocess.run(
        command, env=worker["env"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert url.startswith("postgresql+psycopg2://vision_defects_dev_tuning_a:")
    assert url.endswith("/vision_defects_dev_tuning?sslmode=require")
    return optuna.load_study(study_name="defects", storage=url)


def test_the_user_of_tuning_reaches_nothing_of_tracking(
    database: Database, worker: dict[str, Any], tracking: Tracking, aws: Clients
) -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    trainer = aws("secretsmanager", {name.lower(): worker["env"][name] for name in names})
    login = json.loads(
        trainer.get_secret_value(SecretId=f"{STACK}/tuning-database")["SecretString"]
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        trainer.get_secret_value(SecretId=f"{STACK}/tracking-database")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(
            host="127.0.0.1",
            port=database.port,
            dbname="vision_defects_dev_tracking",
            user=login["username"],
            password=login["password"],
        )


def test_who_does_not_tune_cannot_read_the_password(
    applied: Workspace, aws: Clients, assume: Assume
) -> None:
    for role in ("scientist", "developer", "delivery"):
        vault = aws("secretsmanager", assume(f"{NAMESPACE}-{role}"))
        with pytest.raises(ClientError, match="AccessDenied"):
            vault.get_secret_value(SecretId=f"{STACK}/tuning-database")


@pytest.fixture(scope="module")
def dashboard(
    database: Database, worker: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The Deployment's own program as a process; only places are replaced."""
    pods, (port,) = database.pods, free_ports(1)
    spec = pods.apps.read_namespaced_deployment("tuning", NAMESPACE).spec.template.spec
    place = {"DASHBOARD_HOST": "127.0.0.1", "DASHBOARD_PORT": str(port)}
    (container,) = spec.containers
    arguments = pods.process(NAMESPACE, spec, container, {**database.places, **place})
    log = tmp_path_factory.mktemp("dashboard") / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(**arguments, stdout=stream, stderr=stream, start_new_session=True)
        try:
            uri = f"http://127.0.0.1:{port}"
            wait_until_up(server, uri, container.readiness_probe, log)
            yield uri
        finally:
            server.terminate()
            server.wait(20)


def test_the_dashboard_shows_the_study(database: Database, dashboard: str) -> None:
    with urllib.request.urlopen(f"{dashboard}/dashboard", timeout=10) as page:
        assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    with urllib.request.urlopen(f"{dashboard}/api/studies", timeout=10) as answer:
        (study,) = json.load(answer)["study_summaries"]
    assert study["study_name"] == "defects"
    detail = f"{dashboard}/api/studies/{study['study_id']}?after=0"
    with urllib.request.urlopen(detail, timeout=10) as answer:
        assert len(json.load(answer)["trials"]) == 2 * TRIALS


def test_the_dashboard_has_the_password_in_nothing_that_is_declared(pods: Pods) -> None:
    deployment = pods.apps.read_namespaced_deployment("tuning", NAMESPACE)
    (container,) = deployment.spec.template.spec.containers
    assert container.command[:3] == ["python", "/etc/stackyard/connect.py", "OPTUNA_STORAGE_URL"]
    assert "postgresql" not in str(deployment)
    assert container.security_context.read_only_root_filesystem


def test_sagemaker_runs_what_the_rails_allow_and_nothing_else(
    applied: Workspace, aws: Clients, assume: Assume
) -> None:
    role = aws("iam").get_role(RoleName=f"{NAMESPACE}-sagemaker")["Role"]
    trusted = role["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"] for one in trusted] == [{"Service": "sagemaker.amazonaws.com"}]
    found = aws("iam").get_role_policy(RoleName=f"{NAMESPACE}-scientist", PolicyName="sagemaker")
    by_sid = {one["Sid"]: one for one in found["PolicyDocument"]["Statement"]}
    passed = by_sid["GiveRole"]
    assert passed["Resource"] == [role["Arn"]]
    assert by_sid["DenyOtherInstances"]["Condition"] == {
        "ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": ["ml.g5.xlarge", "ml.m5.xlarge"]}
    }
