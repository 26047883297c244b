"""Give a database's users new passwords in turn, so that no server loses the one it works with.

Two users take turns. Once the login in the secret is ROTATION_DAYS old, the other user gets a new
password, is tried, and becomes the current one; then the server is told to start new pods, one
after the other, which read it. The former login works until the turn after. This is what AWS calls
alternating users, with its labels of versions:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html#rotating-secrets-two-users.

Each step finds out what is there, so a run that was cut off anywhere is finished by the next one:
the password lies in the secret as AWSPENDING before PostgreSQL has it, and a server shows in an
annotation which login its pods were started for.

The environment is that of `setup.py`, and ROTATION_DAYS; SERVER_NAMESPACE and SERVER name the
Deployment, KUBERNETES_API and ACCOUNT_FOLDER are where the cluster's API and the pod's account are.
"""

import contextlib
import json
import logging
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from stackyard.database.pods import setup
else:
    import setup

LOG = logging.getLogger("rotation")

MARK = "stackyard.dev/database-login"
"""Annotation of a server's pods: the version of the secret that they were started for."""


@dataclass(frozen=True)
class Version:
    """A version of the secret."""

    id: str
    made: datetime
    login: dict[str, str]


def version(vault: Any, secret: str, label: str) -> Version | None:
    """Return the version that has a label, None if none has."""
    with contextlib.suppress(vault.exceptions.ResourceNotFoundException):
        found = vault.get_secret_value(SecretId=secret, VersionStage=label)
        return Version(found["VersionId"], found["CreatedDate"], json.loads(found["SecretString"]))
    return None


def current(vault: Any, secret: str) -> Version:
    """Return the version that servers read."""
    found = version(vault, secret, "AWSCURRENT")
    if found is None:
        raise SystemExit(
            "the secret has no login yet: the job that sets the database up has to run"
        )
    return found


def pending(vault: Any, secret: str, now: Version, user: str) -> Version | None:
    """Return the next login of `user` where a run was cut off after it had made one."""
    found = version(vault, secret, "AWSPENDING")
    if found is None or found.id == now.id or found.made < now.made:
        return None
    return found if found.login["username"] == user else None


def due(now: Version) -> datetime:
    """Return when the other user takes its turn."""
    return now.made + timedelta(days=int(os.environ["ROTATION_DAYS"]))


def turn(vault: Any, admin: Any) -> None:
    """Let the user that is not current become it, unless another run has done so meanwhile."""
    secret, owner = os.environ["DATABASE_CREDENTIALS"], os.environ["DATABASE_NAME"]
    users = os.environ["DATABASE_USERS"].split()
    now = current(vault, secret)
    if due(now) > datetime.now(UTC):
        return
    user = users[1] if now.login["username"] == users[0] else users[0]
    following = pending(vault, secret, now, user)
    if following is None:
        login = json.dumps(setup.new_login(user))
        vault.put_secret_value(SecretId=secret, SecretString=login, VersionStages=["AWSPENDING"])
        following = pending(vault, secret, now, user)
    assert following is not None, "Secrets Manager has lost what it was given"
    setup.let_in(admin, following.login)
    if now.login["username"] != owner:
        # The login of a database that was made by an earlier version; its time is over.
        setup.run(admin, "ALTER ROLE {owner} NOLOGIN PASSWORD NULL", owner=owner)
    attempt(owner, following.login)
    vault.update_secret_version_stage(
        SecretId=secret,
        VersionStage="AWSCURRENT",
        MoveToVersionId=following.id,
        RemoveFromVersionId=now.id,
    )
    LOG.info("%s is current", user)


def attempt(owner: str, login: dict[str, str]) -> None:
    """Open the database with a login; raises unless that acts as the owner."""
    with contextlib.closing(setup.connect(owner, login)) as tried, tried.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (acting,) = cursor.fetchone()
        if acting != owner:
            raise SystemExit(f"{login['username']} acts as {acting}, not as {owner}")


def follow(now: Version) -> None:
    """Start the server's pods anew, one after the other, if they may hold the former login."""
    deployment = ask()
    if deployment is None:
        LOG.info("there is no server yet")
        return
    notes = deployment["spec"]["template"]["metadata"].get("annotations") or {}
    made = datetime.fromisoformat(deployment["metadata"]["creationTimestamp"])
    if notes.get(MARK) == now.id or made > now.made:
        return
    ask({"spec": {"template": {"metadata": {"annotations": {MARK: now.id}}}}})
    LOG.info("%s starts new pods", os.environ["SERVER"])


def ask(patch: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Read the server's Deployment, or change it; None if there is none."""
    env, folder = os.environ, Path(os.environ["ACCOUNT_FOLDER"])
    place = f"namespaces/{env['SERVER_NAMESPACE']}/deployments/{env['SERVER']}"
    request = urllib.request.Request(
        f"{env['KUBERNETES_API']}/apis/apps/v1/{place}?fieldManager=database-rotation",
        data=json.dumps(patch).encode() if patch else None,
        headers={
            "Authorization": f"Bearer {(folder / 'token').read_text()}",
            "Content-Type": "application/merge-patch+json",
        },
        method="PATCH" if patch else "GET",
    )
    trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    # EKS's certificates have no key identifiers, which Python 3.13 and newer would ask for.
    trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        with urllib.request.urlopen(request, timeout=20, context=trust) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def main() -> None:
    """Do what is due, as the environment says."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    vault, secret = boto3.client("secretsmanager"), os.environ["DATABASE_CREDENTIALS"]
    when = due(current(vault, secret))
    if when > datetime.now(UTC):
        LOG.info("due on %s", when.date())
    else:
        with setup.administrator(vault) as admin:
            turn(vault, admin)
    follow(current(vault, secret))


if __name__ == "__main__":
    main()
