"""Make a database, the role that owns it and the two users who open it; again changes nothing.

Both users act as the owner from their login on, so that each may change what the other has made.
The secret holds the login of one of them, which only its readers can open; `rotate.py` lets the two
take turns. A password is made here, is in no stack file, state or log, and PostgreSQL gets it as a
SCRAM verifier. A secret that has a value already is followed.

Databases of earlier versions were opened by their owner itself. It keeps its tables and its login;
the first rotation puts one of the users in its place, the second takes its login away.

DATABASE_HOST, DATABASE_PORT and DATABASE_NAME say what to make; the owner has the same name, and
DATABASE_USERS are the users'. DATABASE_ADMIN_CREDENTIALS and DATABASE_CREDENTIALS are the secrets'
ARNs.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from typing import Any

import boto3
import psycopg2  # type: ignore[import-untyped]  # psycopg2 has no types
from psycopg2 import sql
from psycopg2.extensions import (  # type: ignore[import-untyped]  # psycopg2 has no types
    ISOLATION_LEVEL_AUTOCOMMIT,
    encrypt_password,
)

LOCK = 7_102_024
"""Advisory lock: programs that change roles wait for each other, as two cannot grant at once."""


def new_login(user: str) -> dict[str, str]:
    """Return a login with a new password, as it is kept in the secret."""
    return {"username": user, "password": secrets.token_urlsafe(32)}


def login_of(vault: Any, secret: str, user: str) -> dict[str, str]:
    """Return the login in the secret; makes one of `user` and puts it there if there is none."""
    with contextlib.suppress(vault.exceptions.ResourceNotFoundException):
        found = json.loads(vault.get_secret_value(SecretId=secret)["SecretString"])
        return {name: str(found[name]) for name in ("username", "password")}
    login = new_login(user)
    vault.put_secret_value(SecretId=secret, SecretString=json.dumps(login))
    return login


def connect(database: str, login: dict[str, str]) -> Any:
    """Open a database of the instance."""
    return psycopg2.connect(
        host=os.environ["DATABASE_HOST"],
        port=os.environ["DATABASE_PORT"],
        dbname=database,
        user=login["username"],
        password=login["password"],
        sslmode="require",
        connect_timeout=10,
    )


@contextlib.contextmanager
def administrator(vault: Any) -> Iterator[Any]:
    """Open the whole instance, once no other of these programs has it open."""
    answer = vault.get_secret_value(SecretId=os.environ["DATABASE_ADMIN_CREDENTIALS"])
    with contextlib.closing(connect("postgres", json.loads(answer["SecretString"]))) as admin:
        admin.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        run(admin, "SELECT pg_advisory_lock({lock})", lock=sql.Literal(LOCK))
        yield admin


def run(admin: Any, text: str, **parts: Any) -> None:
    """Run a statement; strings are names of roles and databases."""
    names = {
        key: sql.Identifier(one) if isinstance(one, str) else one for key, one in parts.items()
    }
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL(text).format(**names))


def let_in(admin: Any, login: dict[str, str]) -> None:
    """Give a role a login."""
    user, password = login["username"], login["password"]
    verifier = sql.Literal(encrypt_password(password, user, admin, "scram-sha-256"))
    run(admin, "ALTER ROLE {user} LOGIN PASSWORD {verifier}", user=user, verifier=verifier)


def make(admin: Any, database: str, users: list[str]) -> None:
    """Make the database, its owner and its users, and close it to everybody else."""

    def missing(table: str, column: str, name: str) -> bool:
        with admin.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE {column} = %s", (name,))
            return cursor.fetchone() is None

    for role in (database, *users):
        if missing("pg_roles", "rolname", role):
            run(admin, "CREATE ROLE {role}", role=role)
    # RDS gives its master user no superuser rights: only a member may make somebody an owner.
    run(admin, "GRANT {owner} TO CURRENT_USER", owner=database)
    for user in users:
        run(admin, "GRANT {owner} TO {user}", owner=database, user=user)
        run(admin, "ALTER ROLE {user} SET role TO {owner}", owner=database, user=user)
    if missing("pg_database", "datname", database):
        run(admin, "CREATE DATABASE {name} OWNER {name}", name=database)
    run(admin, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", name=database)


def main() -> None:
    """Do it, as the environment says."""
    vault, env = boto3.client("secretsmanager"), os.environ
    database, users = env["DATABASE_NAME"], env["DATABASE_USERS"].split()
    with administrator(vault) as admin:
        make(admin, database, users)
        login = login_of(vault, env["DATABASE_CREDENTIALS"], users[0])
        if login["username"] not in (database, *users):
            raise SystemExit(f"the secret names {login['username']}: put in a login of {users}")
        let_in(admin, login)


if __name__ == "__main__":
    main()
