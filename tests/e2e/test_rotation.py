"""Passwords take turns: on a real PostgreSQL, cut off after each step, and as the pods run it.

The first half needs no sandbox: Secrets Manager is moto's, inside of the test's process, so that
values can be made old.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
from kubernetes import client
from moto import mock_aws
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from stackyard.database import documents
from stackyard_sandbox.cloud.moto_patches import secret_labels
from tests.support.clients import Clients, KubernetesClients
from tests.support.workspace import Workspace

from . import postgres
from .experiments import CLUSTER, NAMESPACE, STACK, Database

REGION = "eu-central-1"
OWNER = "team_project_dev_tracking"
USERS = [f"{OWNER}_a", f"{OWNER}_b"]
PODS = Path(documents.__file__).parent / "pods"


class Killed(BaseException):
    """Nothing of the program runs any more."""


@dataclass
class Night:
    """The pods' programs in this process, with a Deployment that takes patches."""

    setup: Any
    rotate: Any
    vault: Any
    port: int
    secret: str
    lives: int = 1_000
    """Effects until the program is killed, right after the last one."""

    deployment: dict[str, Any] = field(
        default_factory=lambda: {
            "metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"},
            "spec": {"template": {"metadata": {}}},
        }
    )
    patches: list[str] = field(default_factory=list)

    def effect(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **named: Any) -> Any:
            answer = change(*arguments, **named)
            self.lives -= 1
            if self.lives == 0:
                raise Killed
            return answer

        return changed

    def ask(self, patch: dict[str, Any] | None = None) -> dict[str, Any]:
        if patch:
            self.effect(self._restart)(patch["spec"]["template"]["metadata"]["annotations"])
        return self.deployment

    def _restart(self, notes: dict[str, str]) -> None:
        self.deployment["spec"]["template"]["metadata"]["annotations"] = notes
        self.patches += notes.values()

    def version(self) -> dict[str, Any]:
        found: dict[str, Any] = self.vault.get_secret_value(SecretId=self.secret)
        return found

    def login(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.version()["SecretString"])
        return found

    def versions(self) -> int:
        return len(self._stored())

    def age(self) -> None:
        """Make every value forty days older."""
        for one in self._stored().values():
            one["createdate"] -= 40 * 86_400

    def _stored(self) -> dict[str, Any]:
        stored: Any = secretsmanager_backends["123456789012"][REGION].secrets[self.secret]
        return dict(stored.versions)

    def opens(self, login: dict[str, str], *statements: str) -> str:
        """Open the database, run statements, and return who acts."""
        return opened(self.port, OWNER, login, *statements)


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """A PostgreSQL whose master is no superuser, as that of RDS is none."""
    with postgres.running("above", "above") as port:
        with contextlib.closing(
            psycopg2.connect(
                host="127.0.0.1", port=port, dbname="postgres", user="above", password="above"
            )
        ) as above:
            above.autocommit = True
            above.cursor().execute("CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'm'")
        yield port


@pytest.fixture
def night(server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    """A night before which nothing is there."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": REGION,
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(server),
        "DATABASE_NAME": OWNER,
        "DATABASE_USERS": " ".join(USERS),
        "ROTATION_DAYS": "30",
        "SERVER": "tracking",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    move = SecretsManagerBackend.update_secret_version_stage
    monkeypatch.setattr(SecretsManagerBackend, "update_secret_version_stage", move)
    secret_labels.install()
    with mock_aws():
        vault = boto3.client("secretsmanager")
        master = json.dumps({"username": "master", "password": "m"})
        for variable, made in {
            "DATABASE_ADMIN_CREDENTIALS": vault.create_secret(Name="rds", SecretString=master),
            "DATABASE_CREDENTIALS": vault.create_secret(Name="tracking"),
        }.items():
            monkeypatch.setenv(variable, made["ARN"])
        setup = loaded("setup", monkeypatch)
        night = Night(setup, loaded("rotate", monkeypatch), vault, server, "tracking")
        monkeypatch.setattr(setup, "run", night.effect(setup.run))
        monkeypatch.setattr(night.rotate, "ask", night.ask)
        monkeypatch.setattr(night.rotate.boto3, "client", lambda _: vault)
        for action in ("put_secret_value", "update_secret_version_stage"):
            monkeypatch.setattr(vault, action, night.effect(getattr(vault, action)))
        yield night
        with setup.administrator(vault) as admin:
            setup.run(admin, "DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=OWNER)
            for role in (*USERS, OWNER):
                setup.run(admin, "DROP ROLE IF EXISTS {role}", role=role)


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load a program of pods, which finds the others beside it by their bare names."""
    spec = importlib.util.spec_from_file_location(name, PODS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_two_users_take_turns_and_act_as_one(night: Night) -> None:
    night.setup.main()
    first = night.login()
    assert first["username"] == USERS[0]
    assert night.opens(first, "CREATE TABLE runs (id int)") == OWNER
    night.rotate.main()
    assert night.login() == first, "not due"

    night.age()
    night.rotate.main()
    second = night.login()
    assert second["username"] == USERS[1]
    assert night.opens(second, "ALTER TABLE runs ADD note text", "CREATE TABLE more ()") == OWNER
    assert night.opens(first, "ALTER TABLE more ADD id int") == OWNER
    assert night.patches[-1] == night.version()["VersionId"]

    night.age()
    night.rotate.main()
    third = night.login()
    assert third["username"] == USERS[0]
    assert night.opens(third) == night.opens(second) == OWNER
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        night.opens(first)


def test_a_database_of_an_earlier_version_loses_nothing(night: Night) -> None:
    """It was opened by its owner; who works with that login goes on until the second turn."""
    old = {"username": OWNER, "password": "as it was"}
    night.vault.put_secret_value(SecretId=night.secret, SecretString=json.dumps(old))
    with night.setup.administrator(night.vault) as admin:
        night.setup.run(admin, "CREATE ROLE {owner}", owner=OWNER)
        night.setup.let_in(admin, old)
        night.setup.run(admin, "GRANT {owner} TO CURRENT_USER", owner=OWNER)
        night.setup.run(admin, "CREATE DATABASE {owner} OWNER {owner}", owner=OWNER)
    night.opens(old, "CREATE TABLE runs (id int)", "INSERT INTO runs VALUES (7)")

    for _ in range(2):
        night.setup.main()
        assert night.login() == old
    night.age()
    night.rotate.main()
    assert night.login()["username"] == USERS[0]
    for login in (old, night.login()):
        assert night.opens(login, "ALTER TABLE runs ALTER id TYPE bigint") == OWNER
    night.setup.main()
    assert night.opens(old) == OWNER

    night.age()
    night.rotate.main()
    assert night.login()["username"] == USERS[1]
    night.opens(night.login(), "DELETE FROM runs WHERE id = 7")
    with pytest.raises(psycopg2.OperationalError, match=r"not permitted to log in|authentication"):
        night.opens(old)


@pytest.mark.parametrize("lives", range(1, 7))
def test_a_run_that_was_cut_off_is_finished_by_the_next(night: Night, lives: int) -> None:
    """Effects in order: the lock, the value, the password, the owner's login, the label, pods."""
    night.setup.main()
    first = night.login()
    night.age()
    night.lives = lives
    with pytest.raises(Killed):
        night.rotate.main()
    current = night.login()
    assert night.opens(current) == night.opens(first) == OWNER, "nobody is shut out meanwhile"

    night.lives = 1_000
    night.setup.main()
    night.rotate.main()
    assert night.login()["username"] == USERS[1]
    assert night.opens(night.login()) == night.opens(first) == OWNER
    assert night.patches == [night.version()["VersionId"]]
    assert night.versions() == 2, "a password that was made is used, not made again"
    night.rotate.main()
    assert (night.versions(), len(night.patches)) == (2, 1)


def test_a_login_that_does_not_act_as_the_owner_never_becomes_current(night: Night) -> None:
    night.setup.main()
    first = night.login()
    with night.setup.administrator(night.vault) as admin:
        night.setup.run(admin, "ALTER ROLE {user} RESET role", user=USERS[1])
    night.age()
    with pytest.raises(SystemExit, match=f"acts as {USERS[1]}"):
        night.rotate.main()
    assert night.login() == first


def test_the_nightly_job_rotates_as_declared(
    applied: Workspace, database: Database, aws: Clients, kube: KubernetesClients
) -> None:
    """Its own command, environment, AWS identity and account; only the age is replaced."""
    database.set_up("lakefs")
    server = database.pods.identity(NAMESPACE, "lakefs")
    vault = aws("secretsmanager", {name.lower(): value for name, value in server.items()})
    secret = f"{STACK}/lakefs-database"
    logins = [read(vault, secret)]
    told = ""
    for _ in range(2):
        told += database.rotate("lakefs", ROTATION_DAYS="0")
        logins.append(read(vault, secret))
    name = "vision_defects_dev_lakefs"
    assert [one["username"] for one in logins] == [f"{name}_a", f"{name}_b", f"{name}_a"]
    assert not [one for one in logins if one["password"] in told]
    for works in logins[1:]:
        assert opened(database.port, name, works) == name
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        opened(database.port, name, logins[0])

    apps = client.AppsV1Api(kube(CLUSTER))
    before: Any = apps.read_namespaced_deployment("lakefs", NAMESPACE)
    current = vault.get_secret_value(SecretId=secret)["VersionId"]
    assert before.spec.template.metadata.annotations == {"stackyard.dev/database-login": current}
    assert "due on" in database.rotate("lakefs")
    after: Any = apps.read_namespaced_deployment("lakefs", NAMESPACE)
    assert read(vault, secret) == logins[-1]
    assert after.metadata.generation == before.metadata.generation
    applied.run("drift", STACK)
    (row,) = applied.answer("status", STACK)
    (told,) = (one["evidence"] for one in row["concerns"] if one["concern"] == "key vault")
    assert f"lakefs {datetime.now(UTC).date()}; the next after 30 days" in told


def read(vault: Any, secret: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(vault.get_secret_value(SecretId=secret)["SecretString"])
    return found


def opened(port: int, name: str, login: dict[str, str], *statements: str) -> str:
    """Open a database, run statements, and return who acts."""
    with contextlib.closing(
        psycopg2.connect(
            host="127.0.0.1",
            port=port,
            dbname=name,
            user=login["username"],
            password=login["password"],
            sslmode="require",
        )
    ) as found:
        found.autocommit = True
        cursor = found.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def test_its_account_changes_one_deployment_and_nothing_else(
    applied: Workspace, kube: KubernetesClients
) -> None:
    review = client.AuthorizationV1Api(kube(CLUSTER))
    user = f"system:serviceaccount:stackyard-system:database-{NAMESPACE}-lakefs"

    def may(verb: str, resource: str, name: str = "", group: str = "") -> bool:
        asked = {"namespace": NAMESPACE, "verb": verb, "resource": resource, "name": name}
        spec = {"user": user, "resourceAttributes": {**asked, "group": group}}
        answer: Any = review.create_subject_access_review({"spec": spec})
        return bool(answer.status.allowed)

    assert may("patch", "deployments", "lakefs", "apps")
    for name in ("tracking", "tuning", "inspector", "classifier", ""):
        assert not may("patch", "deployments", name, "apps"), name
    assert not may("update", "deployments", "lakefs", "apps")
    assert not may("get", "secrets", "any")
    assert not may("create", "pods")
