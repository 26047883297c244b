"""Serves the AWS API: account, enforcement, EKS, the control loop; saves the account at the end."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.iam.models import iam_backends
from moto.moto_server import werkzeug_app as emulator
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from stackyard_sandbox.cloud import (
    control_loop,
    moto_patches,
    pod_identity,
    remote_write,
    snapshot,
    strictness,
)
from stackyard_sandbox.cloud.eks import api
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.cloud.iam import access_points, enforcement, token_review, web_identity
from stackyard_sandbox.cloud.iam.principals import PARTITION
from stackyard_sandbox.cloud.iam.token_issuers import Issuers
from stackyard_sandbox.cloud.moto_patches import instance_prices, step_functions
from stackyard_sandbox.planes import TOKEN_REVIEW
from stackyard_sandbox.processes import LOOPBACK, end_strays, write_private
from stackyard_sandbox.state import ACCOUNT

HEALTH = "/_sandbox/health"
FOLDER = "cloud"
FOLDER_SECONDS = 5.0
"""Seconds between two checks that the sandbox's folder still exists."""

CREDENTIALS = "administrator.json"
"""Access key of the account's administrator, in the cloud's folder."""

_ADMINISTRATOR = "sandbox-administrator"
_STAGES = ("dev", "staging", "prod")
_ROLES = ("platform-admin", "stackyard-preview", *(f"stackyard-apply-{one}" for one in _STAGES))
"""Roles of every account before the first stack: of administrators, previews and applies."""

_PEOPLE = ("on-call-lead",)
"""Users that stack files of the reference estate name: services refuse who does not exist."""

_POWERLESS = ("stackyard-preview",)
"""Roles that stack files name, and that only a bootstrap gives permissions."""

_EVERYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)

StartResponse = Callable[..., Any]
Environ = dict[str, Any]


def serve(home: Path, port: int) -> int:
    """Serve on loopback until SIGTERM, then save the account. Return the exit code."""
    # Address with which the emulator's services call each other.
    os.environ["MOTO_PORT"] = str(port)
    # AWS's own policies (EKS roles and add-ons attach some) exist in every account.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # Without this, every web page could read the emulator's responses.
    vars(emulator)["DISABLE_GLOBAL_CORS"] = True
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    folder = home / FOLDER
    fleet = Fleet(home, port)
    api.install(fleet)
    step_functions.install()
    try:
        restored = snapshot.restore(folder)
    except Exception as error:  # a damaged pickle can raise any error: report it
        sys.exit(f"the saved account cannot be read: {error!r}")
    step_functions.resume()
    if not restored:
        _make_administrator(folder)
        _make_principals()
    enforcement.install()
    web_identity.install(Issuers(home, port))
    moto_patches.install()
    strictness.install()
    server = make_server(
        *(LOOPBACK, port, Front(fleet, home)),
        threaded=True,
        request_handler=emulator.MotoRequestHandler,
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    loop = threading.Thread(target=control_loop.run, args=(fleet, port, ended), daemon=True)
    loop.start()
    fleet.publish()
    while not ended.wait(FOLDER_SECONDS):
        if not folder.exists():
            # Deleted by hand or by a test's clean-up: nobody could stop these processes.
            end_strays(home)
            return 1
    loop.join()
    server.shutdown()
    fleet.close()
    snapshot.save(folder)
    return 0


class Front:
    """The emulator, with the sandbox's own paths in front of it."""

    def __init__(self, fleet: Fleet, home: Path) -> None:
        self._fleet, self._home = fleet, home
        self._emulator = emulator.DomainDispatcherApplication(emulator.create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path == HEALTH:
            return Response("ok")(environ, start_response)
        if path.startswith(f"{TOKEN_REVIEW}/"):
            return self._review(path.rpartition("/")[2], environ)(environ, start_response)
        if path.startswith("/moto-api"):
            # It would allow anybody to turn the enforcement off, without a key.
            return Response("not served by the sandbox", 403)(environ, start_response)
        if asked := pod_identity.PATH.match(path):
            result = pod_identity.answer(self._fleet, asked[1], Request(environ))
            return result(environ, start_response)
        if asked := pod_identity.AGENT_PATH.match(path):
            result = pod_identity.hand_out(self._fleet, asked[1], Request(environ))
            return result(environ, start_response)
        if asked := remote_write.PATH.match(path):
            result = remote_write.answer(self._home, asked[1], Request(environ))
            return result(environ, start_response)
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith(instance_prices.TARGET):
            return self._prices(environ)(environ, start_response)
        with access_points.through(environ):
            answer: Iterable[bytes] = self._emulator(environ, start_response)
        return answer

    def _prices(self, environ: Environ) -> Response:
        """Answer for the price list, a service that the emulator has not."""
        request = emulator.BackendRequest(environ)
        status, headers, body = instance_prices.PriceList.dispatch(
            request, request.url, request.headers
        )
        return Response(body, int(status), headers)

    def _review(self, plane: str, environ: Environ) -> Response:
        cluster = self._fleet.cluster_on(plane)
        if cluster is None:
            return Response("no cluster on this control plane", 404)
        answer = token_review.review(Request(environ).get_json(), cluster)
        return Response(json.dumps(answer), mimetype="application/json")


def _make_administrator(folder: Path) -> None:
    iam = iam_backends[ACCOUNT][PARTITION]
    iam.create_user(region_name="us-east-1", user_name=_ADMINISTRATOR)
    iam.put_user_policy(_ADMINISTRATOR, "everything", _EVERYTHING)
    key = iam.create_access_key(_ADMINISTRATOR)
    credentials = {
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
    }
    write_private(folder / CREDENTIALS, json.dumps(credentials))


def _make_principals() -> None:
    iam = iam_backends[ACCOUNT][PARTITION]
    for name in _PEOPLE:
        iam.create_user(region_name="us-east-1", user_name=name)
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    for name in _ROLES:
        iam.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            path="/",
            permissions_boundary=None,
            description="Made with the sandbox, as a real account has it before the first stack",
            tags=[],
            max_session_duration="3600",
        )
        if name not in _POWERLESS:
            iam.put_role_policy(name, "everything", _EVERYTHING)
