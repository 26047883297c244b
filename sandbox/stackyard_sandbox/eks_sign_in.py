"""The command `aws eks get-token` for programs that read a kubeconfig, and its tokens.

`python -m stackyard_sandbox.eks_sign_in SANDBOX eks get-token --cluster-name NAME` prints what the
AWS CLI prints (docs.aws.amazon.com/cli/latest/reference/eks/get-token.html), with the credentials
in the sandbox's `sandbox.json`.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard_sandbox import eks_token, state
from stackyard_sandbox.processes import write_private

if TYPE_CHECKING:
    from botocore.credentials import Credentials

EXPIRY = timedelta(minutes=14)
"""Time after which `aws eks get-token` lets its caller ask again."""


def token(aws: state.Aws, cluster: str, region: str | None, role: str | None) -> str:
    """Return a token for a cluster, of the caller or of a role that it takes.

    Raises SandboxError if the role is refused.
    """
    region = region or aws.region
    return eks_token.token(cluster, _credentials(aws, region, role), region, aws.endpoint)


def write_program(folder: Path, sandbox_dir: Path) -> Path:
    """Write the program `aws`, which knows this one command; return its folder, for a PATH."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = folder / "aws"
    command = [sys.executable, "-m", "stackyard_sandbox.eks_sign_in", str(sandbox_dir)]
    write_private(program, f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    program.chmod(0o700)
    return folder


def main(arguments: Sequence[str]) -> int:
    """Print an ExecCredential, or one line that says why there is none."""
    parser = argparse.ArgumentParser(prog="aws")
    parser.add_argument("sandbox", type=Path)
    parser.add_argument("--region")
    parser.add_argument("--output", choices=["json"], default="json")
    parser.add_argument("service", choices=["eks"])
    parser.add_argument("operation", choices=["get-token"])
    parser.add_argument("--cluster-name", required=True)
    parser.add_argument("--role-arn")
    # The service's options may come after its name, too, as with the AWS CLI.
    chosen = parser.parse_intermixed_args(arguments)
    sandbox = state.read(chosen.sandbox)
    if sandbox is None:
        sys.stderr.write("the sandbox is not running: run `stackyard sandbox start`\n")
        return 1
    try:
        signed = token(sandbox.aws, chosen.cluster_name, chosen.region, chosen.role_arn)
    except state.SandboxError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    until = (datetime.now(UTC) + EXPIRY).strftime("%Y-%m-%dT%H:%M:%SZ")
    credential = {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {},
        "status": {"expirationTimestamp": until, "token": signed},
    }
    sys.stdout.write(json.dumps(credential))
    return 0


def _credentials(aws: state.Aws, region: str, role: str | None) -> Credentials:
    # Importing botocore takes half a second, which clusters with static tokens do not need.
    from botocore.credentials import Credentials
    from botocore.exceptions import ClientError
    from botocore.session import get_session

    own = Credentials(aws.access_key_id, aws.secret_access_key, aws.session_token or None)
    if role is None:
        return own
    sts = get_session().create_client(
        "sts",
        region_name=region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=own.access_key,
        aws_secret_access_key=own.secret_key,
        aws_session_token=own.token,
    )
    try:
        answer = sts.assume_role(RoleArn=role, RoleSessionName="EKSGetTokenAuth")
    except ClientError as error:
        why = error.response["Error"]["Message"]
        raise state.SandboxError(
            f"{role} cannot be assumed: {why}", hint="see the role's trust policy"
        ) from None
    taken = answer["Credentials"]
    return Credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
