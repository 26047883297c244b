"""Commands and environment of the MLflow server as plain data, the same in pods and in tests."""

from __future__ import annotations

from collections.abc import Mapping

from stackyard import iam
from stackyard.aws_location import endpoint
from stackyard.bucket.layout import BucketRef
from stackyard.container import SCRATCH, Program
from stackyard.naming import StackId, namespace_name
from stackyard.tracking.config import TrackingConfig

NAME = "tracking"
"""Name of the server's Deployment, Service, service account and of its clients' ConfigMap."""

PORT = 5000

STORE = "MLFLOW_BACKEND_STORE_URI"
"""MLflow's variable for the database; it contains a password, so it is set in the pod only."""

EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"
"""Variable for the experiment of MLflow's clients; the experiment has the project's name."""

CONNECT = ("python", "/etc/stackyard/connect.py", STORE)
"""Prefix of a program's command; it sets the variable for the database."""

QUIET: Mapping[str, str] = {"MLFLOW_DISABLE_TELEMETRY": "true"}
"""MLflow sends no telemetry."""

MIGRATE = """\
import os, psycopg2
from mlflow.db import commands
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
url, experiment = os.environ["MLFLOW_BACKEND_STORE_URI"], os.environ["MLFLOW_EXPERIMENT_NAME"]
lock = psycopg2.connect(url.replace("+psycopg2", ""))
lock.cursor().execute("SELECT pg_advisory_lock(1)")
commands.main(["upgrade", url], standalone_mode=False)
store = SqlAlchemyStore(url, "mlflow-artifacts:/")
if store.get_experiment_by_name(experiment) is None:
    store.create_experiment(experiment)
"""
"""Migrates the tables to this version of MLflow, one pod at a time; the end of the process releases
the lock. It also creates the project's experiment, because clients that do so at the same time
conflict. MLflow refuses to start with older tables:
https://mlflow.org/docs/latest/self-hosting/."""

COLLECT = """\
import os, sys
from mlflow.cli import cli
url = os.environ["MLFLOW_BACKEND_STORE_URI"]
cli(["gc", "--older-than", sys.argv[1], "--backend-store-uri", url])
"""
"""Hides the database's address: `mlflow gc` accepts it as an argument only, and other processes of
the node can read arguments."""

OBJECTS = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")


def server_command(config: TrackingConfig, *, stack: StackId, bucket: BucketRef) -> Program:
    """Return the server's command and environment, without the variable for its database.

    Artifacts pass through the server, so clients need no S3 keys. The variables are MLflow's own:
    https://mlflow.org/docs/latest/api_reference/cli.html#mlflow-server.
    """
    return Program(
        command=[*CONNECT, "mlflow", "server"],
        environment={
            **QUIET,
            **scratch(bucket.region),
            "MLFLOW_HOST": "0.0.0.0",
            "MLFLOW_PORT": str(PORT),
            "MLFLOW_WORKERS": str(config.workers),
            "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{bucket.name}",
            "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(allowed_hosts(config, stack)),
            **_allowed_origin(config),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "5",
            "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "5",
            "MLFLOW_SQLALCHEMYSTORE_POOL_RECYCLE": "1800",
        },
    )


def migrate_command(stack: StackId, region: str) -> Program:
    """Return the program that prepares the database: its tables, and the project's experiment."""
    return Program(
        [*CONNECT, "python", "-c", MIGRATE],
        {**QUIET, **scratch(region), EXPERIMENT: stack.project},
    )


def collect_command(config: TrackingConfig, *, bucket: BucketRef) -> Program:
    """Return the program that permanently removes runs some days after their deletion."""
    older = f"{config.deleted_runs_days}d"
    return Program(
        [*CONNECT, "python", "-c", COLLECT, older],
        {
            **QUIET,
            **scratch(bucket.region),
            "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{bucket.name}",
            "MLFLOW_TRACKING_URI": f"http://{NAME}:{PORT}",
        },
    )


def scratch(region: str) -> dict[str, str]:
    """Return the environment of every program here: its region, and its only writable folder."""
    return {"AWS_DEFAULT_REGION": region, "HOME": SCRATCH, "PYTHONUNBUFFERED": "1"}


def service_host(stack: StackId) -> str:
    """Return the server's name in the cluster."""
    return f"{NAME}.{namespace_name(stack)}.svc.cluster.local"


def allowed_hosts(config: TrackingConfig, stack: StackId) -> list[str]:
    """Return the host names that the server accepts; it refuses requests to others.

    This protects against DNS rebinding, where a web page makes a browser send requests to it.
    `localhost` is the host name of a port-forward.
    """
    names = [NAME, f"{NAME}.{namespace_name(stack)}", f"{NAME}.{namespace_name(stack)}.svc"]
    names.append(service_host(stack))
    hosts = [f"{name}:{PORT}" for name in names]
    if config.external_uri is not None:
        hosts.append(_as_browsers_write(config.external_uri).removeprefix("https://"))
    return [*hosts, "localhost:*", "127.0.0.1:*"]


def _allowed_origin(config: TrackingConfig) -> dict[str, str]:
    """Return the setting that allows writes of the server's own page; `localhost` may always write.

    Browsers send an origin with every write, also to the host that the page is from:
    https://mlflow.org/docs/latest/self-hosting/security/network/.
    """
    if config.external_uri is None:
        return {}
    return {"MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": _as_browsers_write(config.external_uri)}


def _as_browsers_write(uri: str) -> str:
    """Return a URI without the standard port of HTTPS, which neither Host nor Origin contains."""
    return uri.removesuffix(":443")


def client_settings(
    config: TrackingConfig, stack: StackId, *, outside: bool = False
) -> dict[str, str]:
    """Return the environment of every client, the same in each training namespace.

    Raises ValueError for clients outside of the cluster if no external address is configured.
    """
    uri = f"http://{service_host(stack)}:{PORT}"
    if outside:
        if config.external_uri is None:
            raise ValueError("clients outside of the cluster need `tracking.external_uri`")
        uri = config.external_uri
    return {
        **QUIET,
        "MLFLOW_TRACKING_URI": uri,
        EXPERIMENT: stack.project,
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
        "STACKYARD_STACK": str(stack),
    }


def artifact_statements(bucket: BucketRef, key_arn: str) -> list[iam.Statement]:
    """Return the statements for storing artifacts in the server's bucket."""
    arn = bucket.arn
    through = {
        "kms:ViaService": endpoint("s3", bucket.region),
        "kms:EncryptionContext:aws:s3:arn": arn,
    }
    return [
        iam.statement("ListArtifacts", ("s3:GetBucketLocation", "s3:ListBucket"), (arn,)),
        iam.statement("KeepArtifacts", OBJECTS, (f"{arn}/*",)),
        iam.statement(
            "UseArtifactKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (key_arn,),
            conditions={"StringEquals": through},
        ),
    ]


def only(arn: str, role_arns: list[str]) -> iam.Statement:
    """Return the statement that denies the objects of a bucket to all but the given roles."""
    return iam.statement(
        "OnlyThroughTheServer",
        ("s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
        (f"{arn}/*",),
        effect="Deny",
        principals="*",
        conditions={"ArnNotEquals": {"aws:PrincipalArn": sorted(role_arns)}},
    )
