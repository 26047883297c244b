"""Takes the samples that collectors send to a Managed Prometheus workspace, as IAM allows it.

The emulator describes workspaces and stores no sample. What a caller may send goes on to the
Prometheus that the sandbox's owner names for the workspace; without one it is dropped. API:
https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-APIReference-RemoteWrite.html.
"""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

from moto.amp.models import amp_backends
from moto.iam.access_control import IAMRequest
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from stackyard_sandbox.state import ACCOUNT

PATH = re.compile(r"^/workspaces/([^/]+)/api/v1/remote_write$")

FILE = "prometheus.json"
"""Address of a Prometheus by workspace id, in the sandbox's folder. It runs with
`--web.enable-remote-write-receiver`."""

ACTION = "RemoteWrite"
_TIMEOUT = 30.0
_PASSED = ("Content-Type", "Content-Encoding", "X-Prometheus-Remote-Write-Version")


def answer(home: Path, workspace: str, request: Request) -> Response:
    """Answer one request, first the caller's right, then the workspace."""
    body = request.get_data()
    try:
        region = _authorize(workspace, request, body)
    except HTTPException as refused:
        return Response(refused.description, refused.code or 403, mimetype="application/json")
    if workspace not in amp_backends[ACCOUNT][region].workspaces:
        return Response(json.dumps({"message": "Workspace not found"}), 404)
    return _forward(home, workspace, request, body)


def _authorize(workspace: str, request: Request, body: bytes) -> str:
    """Return the region that the request is signed for; raise what the emulator raises."""
    signed = IAMRequest(
        account_id=ACCOUNT,
        method=request.method,
        path=request.path,
        data={},
        body=body,
        headers=request.headers,  # type: ignore[arg-type]  # any mapping does
        action=ACTION,
    )
    signed.check_signature()
    region = signed._region
    signed.check_action_permitted(f"arn:aws:aps:{region}:{ACCOUNT}:workspace/{workspace}")
    return region


def _forward(home: Path, workspace: str, request: Request, body: bytes) -> Response:
    file = home / FILE
    address = (json.loads(file.read_text()) if file.exists() else {}).get(workspace)
    if address is None:
        return Response(status=200)
    headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
    sent = urllib.request.Request(f"{address}/api/v1/write", body, headers)
    try:
        with urllib.request.urlopen(sent, timeout=_TIMEOUT) as result:
            return Response(result.read(), result.status)
    except urllib.error.HTTPError as error:
        return Response(error.read(), error.code)
    except OSError as error:
        return Response(f"the Prometheus of {workspace} does not answer: {error}", 503)
