"""Run tracking: the Deployment's own program, used by the real client without any S3 key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import psycopg2
import pytest

from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .experiments import CLUSTER, NAMESPACE, STACK, Database, Tracking
from .pods import Pods

TRAIN = """
import json, os, pathlib
import mlflow
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
import pandas as pd

x, y = make_classification(n_samples=400, n_features=4, random_state=7)
table = pd.DataFrame(x, columns=list("abcd")).assign(label=y)
train, held_out = train_test_split(table, random_state=7)
with mlflow.start_run() as run:
    mlflow.log_params({"c": 0.5})
    model = LogisticRegression(C=0.5).fit(train.drop(columns="label"), train["label"])
    for step, loss in enumerate((0.9, 0.5, 0.3)):
        mlflow.log_metric("loss", loss, step=step)
    pathlib.Path("notes.txt").write_text("what this run was about")
    mlflow.log_artifact("notes.txt")
    mlflow.log_input(mlflow.data.from_pandas(train, name="photos", targets="label"), "training")
    told = mlflow.models.evaluate(
        lambda frame: model.predict(frame),
        mlflow.data.from_pandas(held_out, name="photos-held-out", targets="label"),
        model_type="classifier",
        evaluator_config={"log_model_explainability": False},
    )
print(json.dumps({"run": run.info.run_id, "accuracy": told.metrics["accuracy_score"]}))
"""


def client(tracking: Tracking, folder: Path, program: str, *arguments: str) -> Any:
    """Run a program as a training pod would: with the ConfigMap's environment and nothing else."""
    environment = {**tracking.client, "PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def trained(tracking: Tracking, tmp_path_factory: pytest.TempPathFactory) -> Any:
    assert not [name for name in tracking.client if name.startswith("AWS")]
    return client(tracking, tmp_path_factory.mktemp("train"), TRAIN)


def test_a_run_is_there_with_its_evaluation_on_the_held_out_set(
    tracking: Tracking, trained: Any, tmp_path: Path
) -> None:
    found = mlflow.MlflowClient(tracking.uri)
    run = found.get_run(trained["run"])
    assert found.get_experiment(run.info.experiment_id).name == "defects"
    assert run.data.params == {"c": "0.5"}
    assert losses(tracking, trained) == [0.9, 0.5, 0.3]
    datasets = {one.dataset.name for one in run.inputs.dataset_inputs}
    assert datasets == {"photos", "photos-held-out"}
    assert run.data.metrics["accuracy_score"] == trained["accuracy"] > 0.7
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
    notes = found.download_artifacts(trained["run"], "notes.txt", str(tmp_path))
    assert Path(notes).read_text() == "what this run was about"


def losses(tracking: Tracking, trained: Any) -> list[float]:
    history = mlflow.MlflowClient(tracking.uri).get_metric_history(trained["run"], "loss")
    return [point.value for point in history]


def test_artifacts_lie_in_the_bucket_and_only_the_server_may_read_them(
    applied: Workspace, trained: Any, pods: Pods, aws: Clients, assume: Assume
) -> None:
    bucket = applied.contract(STACK)["artifact_bucket"]
    (notes,) = (key for key in keys_of(aws, bucket, trained["run"]) if key.endswith("/notes.txt"))

    server = {name.lower(): key for name, key in pods.identity(NAMESPACE, "tracking").items()}
    body = aws("s3", server).get_object(Bucket=bucket, Key=notes)["Body"].read()
    assert body == b"what this run was about"
    for role in ("scientist", "delivery", "pipeline"):
        with pytest.raises(Exception, match=r"AccessDenied|Forbidden"):
            aws("s3", assume(f"{NAMESPACE}-{role}")).get_object(Bucket=bucket, Key=notes)


def test_only_its_own_role_reads_the_password_and_nothing_else_holds_it(
    applied: Workspace,
    database: Database,
    tracking: Tracking,
    pods: Pods,
    aws: Clients,
    assume: Assume,
) -> None:
    name = f"{STACK}/tracking-database"
    server = {key.lower(): value for key, value in pods.identity(NAMESPACE, "tracking").items()}
    value = aws("secretsmanager", server).get_secret_value(SecretId=name)["SecretString"]
    password = json.loads(value)["password"]
    for role in ("scientist", "developer", "delivery"):
        vault = aws("secretsmanager", assume(f"{NAMESPACE}-{role}"))
        with pytest.raises(Exception, match=r"AccessDenied"):
            vault.get_secret_value(SecretId=name)
    deployment = pods.apps.read_namespaced_deployment("tracking", NAMESPACE)
    assert password not in str(deployment)
    assert password not in tracking.log.read_text()
    assert password not in applied.run("outputs", STACK, "--json")


def test_the_users_of_the_database_are_apart(database: Database, tracking: Tracking) -> None:
    place = {"host": "127.0.0.1", "port": database.port}
    admin = psycopg2.connect(
        dbname="postgres",
        user=database.master["username"],
        password=database.master["password"],
        **place,
    )
    with admin.cursor() as cursor:
        cursor.execute("SELECT datname, datacl::text FROM pg_database WHERE datname ~ 'tracking'")
        ((name, rights),) = cursor.fetchall()
        cursor.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = %s", (name,))
        assert cursor.fetchall() == [(False, False)]
    admin.close()
    assert name == "vision_defects_dev_tracking"
    granted_to_everybody = [entry for entry in rights.strip("{}").split(",") if entry[0] == "="]
    assert granted_to_everybody == []


def test_setting_up_and_migrating_again_changes_nothing(
    database: Database, tracking: Tracking, trained: Any
) -> None:
    database.set_up("tracking")
    spec = database.pods.apps.read_namespaced_deployment("tracking", NAMESPACE).spec.template.spec
    database.pods.run(NAMESPACE, spec, spec.init_containers[0], **database.places)
    assert losses(tracking, trained) == [0.9, 0.5, 0.3]


def test_the_server_is_called_by_its_own_names_only(tracking: Tracking) -> None:
    def ask(host: str) -> int:
        request = urllib.request.Request(
            f"{tracking.uri}/api/2.0/mlflow/experiments/get?experiment_id=0",
            headers={"Host": host},
        )
        try:
            return int(urllib.request.urlopen(request, timeout=10).status)
        except urllib.error.HTTPError as error:
            return error.code

    assert ask(f"tracking.{NAMESPACE}.svc.cluster.local:5000") == 200
    assert ask("evil.example:5000") == 403


def test_the_collector_removes_deleted_runs_and_their_artifacts(
    applied: Workspace, database: Database, tracking: Tracking, aws: Clients, tmp_path: Path
) -> None:
    (tmp_path / "waste.txt").write_text("x")
    waste = mlflow.MlflowClient(tracking.uri)
    run = waste.create_run("0").info.run_id
    waste.log_artifact(run, str(tmp_path / "waste.txt"))
    bucket = applied.contract(STACK)["artifact_bucket"]
    assert keys_of(aws, bucket, run)
    waste.delete_run(run)
    pods = database.pods
    job = pods.batch.read_namespaced_cron_job("tracking-collector", NAMESPACE)
    spec = job.spec.job_template.spec.template.spec
    (container,) = spec.containers
    assert container.command[-1] == "30d"
    container.command[-1] = "0s"
    pods.run(NAMESPACE, spec, container, MLFLOW_TRACKING_URI=tracking.uri, **database.places)
    assert keys_of(aws, bucket, run) == []


def keys_of(aws: Clients, bucket: str, run: str) -> list[str]:
    found = aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    return [one["Key"] for one in found if run in one["Key"]]


def test_pods_are_spread_probed_and_disturbed_one_at_a_time(
    pods: Pods, kube: KubernetesClients
) -> None:
    from kubernetes.client import NetworkingV1Api, PolicyV1Api

    deployment = pods.apps.read_namespaced_deployment("tracking", NAMESPACE)
    assert deployment.status.available_replicas == deployment.spec.replicas == 2
    api = kube(CLUSTER)
    budget = PolicyV1Api(api).read_namespaced_pod_disruption_budget("tracking", NAMESPACE)
    assert budget.spec.max_unavailable == 1
    (server,) = deployment.spec.template.spec.containers
    assert server.readiness_probe
    assert server.liveness_probe
    assert server.security_context.read_only_root_filesystem
    policy = NetworkingV1Api(api).read_namespaced_network_policy("tracking-to-database", NAMESPACE)
    (rule,) = policy.spec.egress
    assert [port.port for port in rule.ports] == [5432]


def test_a_server_goes_on_while_its_password_is_followed_by_another(
    database: Database, tracking: Tracking, trained: Any
) -> None:
    """Its sessions are cut, so that it has to sign in again with the password it started with."""
    before = mlflow.MlflowClient(tracking.uri).create_run("0").info.run_id
    database.rotate("tracking", ROTATION_DAYS="0")
    admin = psycopg2.connect(
        host="127.0.0.1",
        port=database.port,
        dbname="postgres",
        user=database.master["username"],
        password=database.master["password"],
    )
    with admin.cursor() as cursor:
        name = "vision_defects_dev_tracking"
        cursor.execute(
            "SELECT usename, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )
        assert set(cursor.fetchall()) == {(f"{name}_a", True)}
    admin.close()
    mlflow.MlflowClient(tracking.uri).log_metric(before, "loss", 0.25)
    assert mlflow.MlflowClient(tracking.uri).get_run(before).data.metrics == {"loss": 0.25}
    # The next pod brings the tables up to date as the other user.
    spec = database.pods.apps.read_namespaced_deployment("tracking", NAMESPACE).spec.template.spec
    database.pods.run(NAMESPACE, spec, spec.init_containers[0], **database.places)
    assert losses(tracking, trained) == [0.9, 0.5, 0.3]
