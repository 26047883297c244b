"""The model registry: lineage or nothing, kept while registered, readable by delivery only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from botocore.exceptions import ClientError
from sklearn.dummy import DummyClassifier

from stackyard.models.lineage import Lineage, LineageError
from stackyard.models.register import register
from tests.support.clients import Assume, Clients
from tests.support.workspace import Workspace

from .experiments import NAMESPACE, STACK, Tracking
from .pods import Pods

LINEAGE = Lineage("photos@" + "ab" * 16 + ".dir", "sha256:" + "cd" * 32, "ef" * 20)


@dataclass(frozen=True)
class Logged:
    """A model that a run has logged."""

    run: str
    uri: str


@pytest.fixture(scope="module")
def registry(tracking: Tracking) -> mlflow.MlflowClient:
    mlflow.set_tracking_uri(tracking.uri)
    return mlflow.MlflowClient(tracking.uri)


@pytest.fixture(scope="module")
def logged(registry: mlflow.MlflowClient) -> Logged:
    """A run with a parameter, a metric and a model."""
    with mlflow.start_run() as run:
        mlflow.log_param("depth", 3)
        mlflow.log_metric("accuracy", 0.91)
        estimator = DummyClassifier(strategy="constant", constant=1).fit([[0.0]], [1])
        model = mlflow.sklearn.log_model(estimator, name="model", pip_requirements=[])
    return Logged(run.info.run_id, model.model_uri)


@pytest.fixture(scope="module")
def kept(registry: mlflow.MlflowClient, logged: Logged, keep: Callable[[], str]) -> Any:
    """A version with lineage and one without, after the keeper has looked."""
    version = register("defects", logged.uri, LINEAGE)
    mlflow.register_model(logged.uri, "rogue")
    return version, keep()


@pytest.fixture(scope="module")
def keep(pods: Pods, tracking: Tracking) -> Callable[[], str]:
    """The keeper's own program and identity, as its CronJob runs it."""
    job = pods.batch.read_namespaced_cron_job("models-keeper", NAMESPACE)
    spec = job.spec.job_template.spec.template.spec
    (container,) = spec.containers
    return lambda: pods.run(NAMESPACE, spec, container, MLFLOW_TRACKING_URI=tracking.uri)


@pytest.fixture(scope="module")
def bucket(applied: Workspace) -> str:
    return str(applied.contract(STACK)["model_bucket"])


@pytest.fixture(scope="module")
def delivery(aws: Clients, assume: Assume) -> Any:
    return aws("s3", assume(f"{NAMESPACE}-delivery"))


def test_a_registration_without_lineage_is_refused_before_anything_is_made(
    registry: mlflow.MlflowClient, logged: Logged
) -> None:
    empty = registry.create_run("0").info.run_id
    for lineage, uri, lacks in (
        (replace(LINEAGE, git_commit=""), logged.uri, "no git commit"),
        (replace(LINEAGE, image_digest="latest"), logged.uri, "image digest 'latest' is not"),
        (LINEAGE, f"runs:/{empty}/model", "no parameters.*no metrics"),
        (LINEAGE, "s3://somewhere/model", "was not logged by a run"),
    ):
        with pytest.raises(LineageError, match=lacks):
            register("refused", uri, lineage)
    assert "refused" not in [one.name for one in registry.search_registered_models()]


def test_a_version_is_kept_with_all_that_it_was_made_from(
    kept: Any, bucket: str, delivery: Any, logged: Logged, tmp_path: Path
) -> None:
    root = f"registered/defects/{kept[0].version}/"
    assert f"{root} kept: " in kept[1]
    for one in delivery.list_objects_v2(Bucket=bucket, Prefix=root)["Contents"]:
        file = tmp_path / one["Key"].removeprefix(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        delivery.download_file(bucket, one["Key"], str(file))
    model = mlflow.sklearn.load_model(str(tmp_path))
    assert model.predict([[0.5]]).tolist() == [1]
    facts = json.loads((tmp_path / "lineage.json").read_text())
    assert facts["run"] == logged.run
    assert facts["git_commit"] == LINEAGE.git_commit
    assert facts["params"] == {"depth": "3"}
    assert facts["metrics"] == {"accuracy": 0.91}
    assert "MLmodel" in facts["files"]


def test_a_version_without_lineage_is_flagged_and_not_kept(
    kept: Any, applied: Workspace, tracking: Tracking, bucket: str, aws: Clients
) -> None:
    rows = applied.run("models", "list", STACK, "--uri", tracking.uri, "--json")
    lacks = {row["model"]: row["lacks"] for row in json.loads(rows)}
    assert lacks["defects"] == []
    assert lacks["rogue"] == ["no dataset version", "no image digest", "no git commit"]
    done = applied.attempt("models", "verify", STACK, "--uri", tracking.uri)
    assert done.returncode == 3
    assert "rogue/1: no dataset version" in done.stderr
    # What serves in the reference estate comes from nobody's registry.
    assert "`serving.models.classifier.release.version`: defects/" in done.stderr
    assert "is not registered" in done.stderr
    found = aws("s3").list_objects_v2(Bucket=bucket, Prefix="registered/rogue/")
    assert found["KeyCount"] == 0


def test_show_prints_the_lineage(kept: Any, applied: Workspace, tracking: Tracking) -> None:
    text = applied.run("models", "show", STACK, "defects/1", "--uri", tracking.uri)
    assert LINEAGE.dataset_version in text
    assert "depth=3" in text
    applied.run("models", "show", STACK, "defects/99", "--uri", tracking.uri, code=1)


def test_delivery_reads_models_and_nobody_else_does(
    kept: Any,
    bucket: str,
    applied: Workspace,
    pods: Pods,
    aws: Clients,
    assume: Assume,
) -> None:
    """Every audience by its own credentials, the pods that train, and the administrator."""
    key = f"registered/defects/{kept[0].version}/MLmodel"
    outsider = "labelling-vendor"
    everybody = {
        who: assume(arn, "acme-defects-labelling" if who == outsider else None)
        for who, arn in applied.contract(STACK)["roles"].items()
        if who not in ("trainer", "server")
    }
    assert {"scientist", "developer", "pipeline", "auditor", outsider} < set(everybody)
    for pod in ("trainer", "server"):
        keys = pods.identity(NAMESPACE, pod)
        everybody[pod] = {name.lower(): key for name, key in keys.items()}

    def reads(s3: Any) -> bool:
        try:
            s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return False
        return True

    assert [who for who, keys in everybody.items() if reads(aws("s3", keys))] == ["delivery"]
    assert not reads(aws("s3"))


def test_what_is_kept_cannot_be_written_again_or_deleted(
    kept: Any, bucket: str, pods: Pods, aws: Clients, delivery: Any
) -> None:
    key = f"registered/defects/{kept[0].version}/MLmodel"
    keys = {name.lower(): key for name, key in pods.identity(NAMESPACE, "models").items()}
    keeper = aws("s3", keys)
    with pytest.raises(ClientError, match="AccessDenied"):
        keeper.put_object(Bucket=bucket, Key=key, Body=b"another model")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        keeper.put_object(Bucket=bucket, Key=key, Body=b"another model", IfNoneMatch="*")
    for s3 in (keeper, delivery):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        aws("s3").put_object(Bucket=bucket, Key="registered/x/1/y", Body=b"", IfNoneMatch="*")
    assert b"python_function" in delivery.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_retention_touches_a_model_only_after_it_has_left_the_registry(
    kept: Any,
    bucket: str,
    keep: Callable[[], str],
    registry: mlflow.MlflowClient,
    aws: Clients,
    delivery: Any,
) -> None:
    version = kept[0].version
    rules = aws("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    expiring = {
        rule["Filter"]["Tag"]["Value"]: rule["Expiration"]["Days"]
        for rule in rules
        if rule.get("Expiration", {}).get("Days")
    }
    assert expiring == {"candidate": 365, "production": 1095}
    ending = [rule for rule in rules if rule.get("Expiration", {}).get("Days")]
    assert all(rule["Filter"]["Tag"]["Key"] == "stackyard:retired" for rule in ending)
    cold = {
        rule["Filter"]["Tag"]["Value"]: rule["Transitions"][0]["Days"]
        for rule in rules
        if rule.get("Transitions")
    }
    assert cold == {"candidate": 90, "production": 365}

    def tags() -> dict[str, str]:
        key = f"registered/defects/{version}/MLmodel"
        found = aws("s3").get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    assert tags() == {"stackyard:class": "candidate"}
    registry.set_registered_model_alias("defects", "champion", version)
    keep()
    assert tags() == {"stackyard:class": "production"}
    registry.delete_registered_model_alias("defects", "champion")
    registry.delete_model_version("defects", version)
    keep()
    assert tags() == {"stackyard:class": "production", "stackyard:retired": "production"}
    key = f"registered/defects/{version}/MLmodel"
    assert b"python_function" in delivery.get_object(Bucket=bucket, Key=key)["Body"].read()
