from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize("password", ["plain", "a/b@c:d?e#f%", "ünïcode +&="])
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
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(program.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else _names(node))
    }
    assert imported <= {"boto3", "botocore", "json", "os", "psycopg2", "secrets", "sys"} | {
        "typing",
        "urllib",
    }


def _names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def test_the_setup_may_open_the_instance_and_one_secret_only() -> None:
    policy = documents.setup_policy("arn:own", "arn:master", "arn:key", "eu-central-1")
    by_sid = {one["Sid"]: one for one in policy["Statement"]}
    assert by_sid["ReadMaster"]["Resource"] == ["arn:master"]
    assert by_sid["KeepPassword"]["Resource"] == ["arn:own"]
    assert "secretsmanager:PutSecretValue" not in by_sid["ReadMaster"]["Action"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"storage_gb": 100, "max_storage_gb": 50}, "is less than"),
        ({"version": 14}, "greater than or equal to 15"),
        ({"instance_class": "m7g.large"}, "pattern"),
        ({"password": "x"}, "Extra inputs"),
    ],
)
def test_impossible_instances_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatabaseConfig.model_validate(config)
