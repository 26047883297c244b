"""`docker`, `aws` and `notation` as the commands of a build call them: `build_commands.py NAME …`.

`docker` gives its work to BuildKit and to a registry on loopback, which the environment names.
`aws` asks the sandbox, with the credentials that the build has. `notation` signs nothing: it writes
down what it would sign. A word or an option that is unknown here fails, as it does there.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath

HOME = Path(os.environ["HOME"])
"""Keeps what is built and not yet pushed, and what was signed."""


def _layout(reference: str) -> Path:
    return HOME / hashlib.sha256(reference.encode()).hexdigest()[:16]


def docker(words: argparse.Namespace) -> None:
    """Do `docker login`, `build` or `push`."""
    if words.verb == "login":
        if words.username != "AWS" or not words.password_stdin or not sys.stdin.read().strip():
            raise SystemExit("docker login: no password came")
        (HOME / "login").write_text(words.host)
    elif words.verb == "build":
        folders = [f"--local={name}={words.context}" for name in ("context", "dockerfile")]
        options = [f"--opt=platform={words.platform}"]
        options += [f"--opt=build-arg:{each}" for each in words.build_arg]
        options += ["--opt=image-resolve-mode=pull"] if words.pull else []
        output = f"--output=type=oci,tar=false,dest={_layout(words.tag)}"
        builder = os.environ["BUILD_WITH"].split()
        run([*builder, "build", "--frontend=dockerfile.v0", *folders, *options, output])
    else:
        push(words.reference)


def push(reference: str) -> None:
    """Push what was built, and let the sandbox's registry judge and know the manifest."""
    host, _, path = reference.partition("/")
    if (HOME / "login").read_text() != host:
        raise SystemExit(f"docker push: no login at {host}")
    name, _, tag = path.rpartition(":")
    crane = os.environ["PUSH_WITH"]
    run([crane, "push", str(_layout(reference)), reference])
    manifest = run([crane, "manifest", reference])
    boto3.client("ecr").put_image(
        repositoryName=name,
        imageTag=tag,
        # The emulator makes up a digest unless it is told; the service computes it.
        imageDigest=run([crane, "digest", reference]).strip(),
        imageManifest=manifest,
        imageManifestMediaType=json.loads(manifest)["mediaType"],
    )


def aws(words: argparse.Namespace) -> None:
    """Do `aws ecr get-login-password`, `ecr describe-images` or `s3 cp --recursive`."""
    if words.verb == "get-login-password":
        (granted,) = boto3.client("ecr").get_authorization_token()["authorizationData"]
        print(base64.b64decode(granted["authorizationToken"]).decode().partition(":")[2])
    elif words.verb == "describe-images":
        ids = [dict([words.image_ids.split("=", 1)])]
        answer = boto3.client("ecr").describe_images(
            repositoryName=words.repository_name, imageIds=ids
        )
        print(jmespath.search(words.query, answer))
    else:
        copy(words.source, Path(words.target))


def copy(source: str, target: Path) -> None:
    """Bring all objects below a prefix, with their age, as the AWS CLI does."""
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    s3, root = boto3.client("s3"), prefix.rstrip("/") + "/"
    for found in s3.list_objects_v2(Bucket=bucket, Prefix=root)["Contents"]:
        file = target / found["Key"].removeprefix(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
        age = found["LastModified"].timestamp()
        os.utime(file, (age, age))


def notation(words: argparse.Namespace) -> None:
    """Write down what `notation sign` would sign, and with which profile."""
    (HOME / "signed").write_text(f"{words.plugin} {words.id} {words.reference}")


def run(command: list[str]) -> str:
    """Run a real program, and fail as it does."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name}: {done.stderr.strip()}")
    return done.stdout


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    programs = parser.add_subparsers(dest="program", required=True)
    verbs: Any = programs.add_parser("docker").add_subparsers(dest="verb", required=True)
    login = verbs.add_parser("login")
    login.add_argument("--username", required=True)
    login.add_argument("--password-stdin", action="store_true")
    login.add_argument("host")
    build = verbs.add_parser("build")
    build.add_argument("--pull", action="store_true")
    for option in ("--platform", "--tag"):
        build.add_argument(option, required=True)
    build.add_argument("--build-arg", action="append", default=[])
    build.add_argument("context")
    verbs.add_parser("push").add_argument("reference")
    services: Any = programs.add_parser("aws").add_subparsers(dest="service", required=True)
    ecr: Any = services.add_parser("ecr").add_subparsers(dest="verb", required=True)
    ecr.add_parser("get-login-password")
    images = ecr.add_parser("describe-images")
    for option in ("--repository-name", "--image-ids", "--query"):
        images.add_argument(option, required=True)
    images.add_argument("--output", choices=["text"], required=True)
    s3: Any = services.add_parser("s3").add_subparsers(dest="verb", required=True)
    cp = s3.add_parser("cp")
    cp.add_argument("--recursive", action="store_true", required=True)
    cp.add_argument("--only-show-errors", action="store_true")
    cp.add_argument("source")
    cp.add_argument("target")
    sign: Any = programs.add_parser("notation").add_subparsers(dest="verb", required=True)
    signing = sign.add_parser("sign")
    for option in ("--plugin", "--id"):
        signing.add_argument(option, required=True)
    signing.add_argument("reference")
    return parser


if __name__ == "__main__":
    chosen = _parser().parse_args()
    {"docker": docker, "aws": aws, "notation": notation}[chosen.program](chosen)
