"""Write the part of lakeFS's configuration that is secret, to a directory in memory.

Both secrets are read with the pod's own AWS identity. The key that lakeFS encrypts its users' keys
with is made by the first pod that finds none; it must stay, or all of them have to be made anew.
"""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.exceptions import ClientError

FIRST = "0" * 32
"""Token of the first value: of two pods that start at once, AWS takes one value only. Source:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html."""


def encryption_key(vault: Any, secret: str) -> str:
    """Return the key; makes one and puts it into the secret if there is none."""
    with contextlib.suppress(vault.exceptions.ResourceNotFoundException):
        return str(vault.get_secret_value(SecretId=secret)["SecretString"])
    try:
        vault.put_secret_value(
            SecretId=secret, SecretString=secrets.token_urlsafe(32), ClientRequestToken=FIRST
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
    return str(vault.get_secret_value(SecretId=secret)["SecretString"])


def main() -> None:
    """Do it, as the environment says."""
    vault, env = boto3.client("secretsmanager"), os.environ
    answer = vault.get_secret_value(SecretId=env["DATABASE_CREDENTIALS"])
    login = json.loads(answer["SecretString"])
    who = f"{quote(login['username'], safe='')}:{quote(login['password'], safe='')}"
    host, port, name = (env[f"DATABASE_{part}"] for part in ("HOST", "PORT", "NAME"))
    config = {
        "database": {
            "type": "postgres",
            "postgres": {
                "connection_string": f"postgres://{who}@{host}:{port}/{name}?sslmode=require"
            },
        },
        "auth": {"encrypt": {"secret_key": encryption_key(vault, env["LAKEFS_KEY"])}},
    }
    # JSON is YAML, and lakeFS goes by the file's ending.
    file = Path(env["LAKEFS_CONFIG"])
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(config, stream)


if __name__ == "__main__":
    main()
