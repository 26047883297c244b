"""Run a program with its database's URL in one environment variable.

    python connect.py VARIABLE PROGRAM [ARGUMENT]...

The user's name and password are read from Secrets Manager with the pod's own AWS identity. They are
never in an argument, a file or a Kubernetes object; a new password is taken up by a restart. Where
the database is comes from DATABASE_HOST, DATABASE_PORT and DATABASE_NAME, and which secret opens it
from DATABASE_CREDENTIALS (an ARN).
"""

import json
import os
import sys
from urllib.parse import quote

import boto3


def url(host: str, port: str, database: str, user: str, password: str) -> str:
    """Return the URL in SQLAlchemy's form; connections without TLS are refused."""
    who = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"postgresql+psycopg2://{who}@{host}:{port}/{database}?sslmode=require"


def main(variable: str, *command: str) -> None:
    """Become the program."""
    secret = boto3.client("secretsmanager").get_secret_value(
        SecretId=os.environ["DATABASE_CREDENTIALS"]
    )
    login = json.loads(secret["SecretString"])
    host, port, name = (os.environ[f"DATABASE_{part}"] for part in ("HOST", "PORT", "NAME"))
    os.environ[variable] = url(host, port, name, login["username"], login["password"])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
