from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from stackyard.database import documents
from stackyard.database.config import DatabaseConfig
from stackyard.naming import StackId

PODS = sorted((Path(documents.__file__).parent / "pods").glob("[a-z]*.py"))


def test_names_fit_and_stay_apart() -> None:
    long = StackId("a" * 32, "b" * 32, "dev")
    one = documents.database_name(long, "tracking")
    other = documents.database_name(long, "tuning")
    assert one != other
    assert max(len(one), len(other)) <= documents.IDENTIFIER_LIMIT
    assert documents.database_name(StackId("vision", "defects", "dev"), "tracking") == (
        "vision_defects_dev_tracking"
    )


@pytest.mark.parametrize("password", ["plain", "a/b@c:d?e#f%", "p%40@:/?#[]=", "ünïcode +&="])
def test_any_password_survives_in_the_url(password: str) -> None:
    spec = importlib.util.spec_from_file_location("connect", PODS[0])
    assert spec is not None
    assert spec.loader is not None
    connect = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(connect)
    found = make_url(connect.url("db.internal", "5432", "runs", "me", password))
    assert (found.username, found.password, found.host, found.port, found.database) == (
        "me",
        password,
        "db.internal",
        5432,
        "runs",
    )
    assert found.query == {"sslmode": "require"}


@pytest.mark.parametrize("program", PODS, ids=lambda path: path.stem)
def test_programs_of_pods_import_nothing_of_ours(program: Path) -> None:
    tree = ast.parse(program.read_text())
    nodes = [one for top in tree.body for one in ast.walk(top) if not _for_types_only(top)]
    imported = {
        name.split(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else _names(node))
    }
    assert imported - set(sys.stdlib_module_names) <= {"boto3", "botocore", "psycopg2"}


def _for_types_only(node: ast.stmt) -> bool:
    """Whether this is how a program names the one beside it, which pods find by its bare name."""
    shape = (
        "if TYPE_CHECKING:\n    from stackyard.database.pods import setup\nelse:\n    import setup"
    )
    return ast.unparse(node) == shape


def _names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def test_the_jobs_may_open_the_instance_and_one_secret_only() -> None:
    policy = documents.setup_policy("arn:own", "arn:master", "arn:key", "eu-central-1")
    by_sid = {one["Sid"]: one for one in policy["Statement"]}
    assert by_sid["ReadMaster"]["Resource"] == ["arn:master"]
    assert by_sid["ReadMaster"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert by_sid["KeepPassword"]["Resource"] == ["arn:own"]
    assert by_sid["KeepPassword"]["Action"] == [
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ]


def test_names_of_users_and_jobs_fit_and_stay_apart() -> None:
    long = StackId("a" * 32, "b" * 32, "dev")
    every = [one for purpose in documents.PURPOSES for one in documents.user_names(long, purpose)]
    every += [documents.database_name(long, purpose) for purpose in documents.PURPOSES]
    assert len(set(every)) == 9
    assert max(map(len, every)) <= documents.IDENTIFIER_LIMIT
    jobs = {documents.cron_job_name(long, purpose) for purpose in documents.PURPOSES}
    assert len(jobs) == 3
    assert max(map(len, jobs)) <= 52
    pattern = documents.jobs_pattern(long)
    assert all(re.fullmatch(pattern, f"{name}-29401234") for name in jobs)
    assert not re.fullmatch(pattern, "database-ranking-recommender-dev-tracking")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"storage_gb": 100, "max_storage_gb": 109}, "is not at least 10 % above"),
        ({"version": 14}, "greater than or equal to 15"),
        ({"instance_class": "m7g.large"}, "pattern"),
        ({"rotation_days": 0}, "greater than or equal to 1"),
        ({"rotation_days": 366}, "less than or equal to 365"),
        ({"password": "x"}, "Extra inputs"),
    ],
)
def test_impossible_instances_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatabaseConfig.model_validate(config)


LONGEST = StackId("a" * 32, "b" * 32, "production")
IDENTIFIER = re.compile(r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]")
"""What RDS takes: botocore's model, CreateDBInstance, DBInstanceIdentifier."""


@pytest.mark.parametrize(
    "stack",
    [StackId("platform", "foundation", "dev"), StackId("platform--eu", "base", "dev"), LONGEST],
)
def test_an_instance_has_an_identifier_that_rds_takes(stack: StackId) -> None:
    model = botocore.session.get_session().get_service_model("rds")
    text = model.shape_for("CreateDBInstanceMessage").members["DBInstanceIdentifier"].documentation
    assert "1 to 63 letters, numbers, or hyphens" in text
    assert "two consecutive hyphens" in text
    assert IDENTIFIER.fullmatch(documents.instance_identifier(stack))


def test_identifiers_of_instances_stay_apart_and_short_ones_stay_as_they_are() -> None:
    paths = [("a", "b--c"), ("a", "b-c"), ("a" * 32, "b" * 32), ("a" * 32, "b" * 31)]
    made = [documents.instance_identifier(StackId(*path, "dev")) for path in paths]
    assert len(set(made)) == len(made)
    assert documents.instance_identifier(StackId("platform", "foundation", "dev")) == (
        "platform-foundation-dev"
    )
