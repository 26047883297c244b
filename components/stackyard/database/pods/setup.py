"""Make a database and the user that owns it; doing it again changes nothing.

The user's password is made here and put into its secret, which only its readers can open; it is in
no stack file, state or log, and PostgreSQL gets it as a SCRAM verifier. A secret that has a value
already is followed: to rotate a password, put a new value in and run this again.

DATABASE_HOST, DATABASE_PORT, DATABASE_NAME and DATABASE_USER say what to make,
DATABASE_ADMIN_CREDENTIALS and DATABASE_CREDENTIALS are the secrets' ARNs.
"""

import json
import os
import secrets
from typing import Any

import boto3
import psycopg2  # type: ignore[import-untyped]  # psycopg2 has no types
from botocore.exceptions import ClientError
from psycopg2 import sql
from psycopg2.extensions import (  # type: ignore[import-untyped]  # psycopg2 has no types
    ISOLATION_LEVEL_AUTOCOMMIT,
    encrypt_password,
)

LOCK = 7_102_024
"""Advisory lock: setups of one instance wait for each other, as two cannot grant at once."""


def password_of(vault: Any, secret: str, user: str) -> str:
    """Return the password in the secret; makes one and puts it there if there is none."""
    try:
        value = json.loads(vault.get_secret_value(SecretId=secret)["SecretString"])
        return str(value["password"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    made = secrets.token_urlsafe(32)
    login = json.dumps({"username": user, "password": made})
    vault.put_secret_value(SecretId=secret, SecretString=login)
    return made


def make(admin: Any, database: str, user: str, password: str) -> None:
    """Make the user and its database, and close the database to everybody else."""
    names = {"user": sql.Identifier(user), "database": sql.Identifier(database)}

    def run(text: str, **extra: Any) -> None:
        cursor.execute(sql.SQL(text).format(**names, **extra))

    def missing(table: str, column: str, name: str) -> bool:
        cursor.execute(f"SELECT 1 FROM {table} WHERE {column} = %s", (name,))
        return cursor.fetchone() is None

    with admin.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        if missing("pg_roles", "rolname", user):
            run("CREATE ROLE {user}")
        verifier = encrypt_password(password, user, admin, "scram-sha-256")
        run("ALTER ROLE {user} LOGIN PASSWORD {verifier}", verifier=sql.Literal(verifier))
        # RDS gives its master user no superuser rights: only a member may make somebody an owner.
        run("GRANT {user} TO CURRENT_USER")
        if missing("pg_database", "datname", database):
            run("CREATE DATABASE {database} OWNER {user}")
        run("REVOKE ALL ON DATABASE {database} FROM PUBLIC")


def main() -> None:
    """Do it, as the environment says."""
    vault, env = boto3.client("secretsmanager"), os.environ
    answer = vault.get_secret_value(SecretId=env["DATABASE_ADMIN_CREDENTIALS"])
    login = json.loads(answer["SecretString"])
    admin = psycopg2.connect(
        host=env["DATABASE_HOST"],
        port=env["DATABASE_PORT"],
        dbname="postgres",
        user=login["username"],
        password=login["password"],
        sslmode="require",
        connect_timeout=10,
    )
    admin.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
    user = env["DATABASE_USER"]
    password = password_of(vault, env["DATABASE_CREDENTIALS"], user)
    make(admin, env["DATABASE_NAME"], user, password)
    admin.close()


if __name__ == "__main__":
    main()
