"""Runs Lambda functions: their own code, in one process each, with their role's credentials.

The emulator would start a container. A process here has no memory limit and no isolation; it runs
code of stacks that this machine applies anyway. It has the function's environment, nothing of this
process's, the Python that `runtime` names if this machine has it (else this one), and of packages
only those of the runtime. Functions in other languages are refused.
"""

import atexit
import functools
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from stackyard_sandbox.cloud.iam.service_roles import UntrustedError, credentials
from stackyard_sandbox.processes import LOOPBACK

SERVICE = "lambda.amazonaws.com"

_MAIN = """\
import importlib, json, sys, traceback
module, _, name = sys.argv[1].rpartition(".")
out, sys.stdout = sys.stdout, sys.stderr
try:
    handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    answer, code = handler(json.load(sys.stdin), None), 0
except BaseException as error:
    traceback.print_exc()
    answer = {"errorMessage": str(error), "errorType": type(error).__name__}
    code = 1
json.dump(answer, out)
sys.exit(code)
"""
"""Responds as the service does: a handler's exception becomes `errorType` and `errorMessage`."""

RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""Packages of Lambda's Python: the SDK and what it needs. Anything else is part of the function's
archive, https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-package."""


def install() -> None:
    """Run functions here instead of in containers, and authorize calls by the function's name."""
    LambdaFunction._invoke_lambda = _invoke  # type: ignore[method-assign]  # the repair
    LambdaResponse._determine_resource = _resource  # type: ignore[attr-defined]  # a repair


def _invoke(self: LambdaFunction, event: Any = None) -> tuple[str, bool, str]:
    """Return the response as JSON, whether the function failed, and its output."""
    if not str(self.run_time).startswith("python"):
        return _failed("Sandbox.Runtime", f"the sandbox does not run {self.run_time}")
    try:
        environment = _environment(self)
    except UntrustedError as error:
        return _failed("Lambda.AccessDeniedException", str(error))
    with tempfile.TemporaryDirectory(prefix="function-") as folder:
        zipfile.ZipFile(io.BytesIO(self.code_bytes)).extractall(folder)
        try:
            done = subprocess.run(
                # Without `-S` the packages of the interpreter's own folder would be there as well.
                [interpreter(str(self.run_time)), "-S", "-c", _MAIN, str(self.handler)],
                input=json.dumps(event or {}),
                cwd=folder,
                env={**environment, "PYTHONPATH": os.pathsep.join((folder, str(packages())))},
                capture_output=True,
                text=True,
                timeout=float(self.timeout),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _failed("Sandbox.Timedout", f"Task timed out after {self.timeout} seconds")
    self.save_logs(done.stderr or " ")
    return done.stdout or "null", done.returncode != 0, done.stderr


@functools.cache
def interpreter(runtime: str) -> str:
    """Return the Python that a runtime such as `python3.13` names, or else this one."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    version = runtime.removeprefix("python")
    known = [shutil.which(runtime), *sorted(pyenv.glob(f"versions/{version}.*/bin/{runtime}"))]
    for path in filter(None, known):
        # A launcher may name a version that is not there.
        done = subprocess.run([str(path), "--version"], capture_output=True, check=False)
        if done.returncode == 0 and f"Python {version}.".encode() in done.stdout:
            return str(path)
    return sys.executable


@functools.cache
def packages() -> Path:
    """Return a folder with the packages of the runtime, for as long as this process runs."""
    folder = tempfile.TemporaryDirectory(prefix="runtime-")
    atexit.register(folder.cleanup)
    for name in RUNTIME:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise RuntimeError(f"the sandbox has no {name}")
        source = Path(found.origin)
        source = source.parent if source.name == "__init__.py" else source
        (Path(folder.name) / source.name).symlink_to(source)
    return Path(folder.name)


def _environment(function: LambdaFunction) -> dict[str, str]:
    session = credentials(str(function.role), SERVICE, function.function_name)
    return {
        **{key: str(value) for key, value in function.environment_vars.items()},
        "PATH": str(Path(sys.executable).parent),
        "AWS_ACCESS_KEY_ID": session.access_key,
        "AWS_SECRET_ACCESS_KEY": session.secret_key,
        "AWS_SESSION_TOKEN": session.token,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{os.environ['MOTO_PORT']}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
    }


def _failed(kind: str, message: str) -> tuple[str, bool, str]:
    return json.dumps({"errorMessage": message, "errorType": kind}), True, message


def _resource(self: LambdaResponse) -> str:
    """Return the ARN for IAM policies; the emulator would use `*` for all."""
    parts = unquote(self.path).split("/functions/")
    if len(parts) < 2 or not parts[1].strip("/"):
        return "*"
    name = parts[1].split("/")[0]
    if name.startswith("arn:"):
        return name
    return f"arn:aws:lambda:{self.region}:{self.current_account}:function:{name}"
