"""The pipeline's hands in the cluster: one Lambda function, deployed twice.

Step Functions reaches only clusters that are open to the internet, and ours are not
(https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html). So a function in the VPC
speaks to the API: once as who may run Jobs, once as who may change what serves. Steps can be called
again and again: one that is still going raises Unfinished, which the state machine waits on.

Needs the standard library and the botocore of Lambda's own Python only.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from typing import Any

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Event = dict[str, Any]

MANAGER = "stackyard-release"
"""Who owns the fields of a release, https://kubernetes.io/docs/reference/using-api/server-side-apply/."""

PREFIX = "stackyard.dev/"
VERSION, METRIC, RUN = f"{PREFIX}version", f"{PREFIX}metric", f"{PREFIX}run"
SINCE, PREVIOUS = f"{PREFIX}released-at", f"{PREFIX}previous"
"""Annotations of the Deployment: what was released, by which run, when, and what was before."""


class Unfinished(Exception):  # noqa: N818 - the state machine waits on it by this name
    """Not done yet; ask again."""


class JobFailed(Exception):  # noqa: N818 - a name that people read in the execution
    """A Job ended without success."""


class RolloutFailed(Exception):  # noqa: N818 - a name that people read in the execution
    """The new version did not come up, or did not stay."""


def handler(event: Event, _context: object) -> Event:
    """Do one step of the pipeline; called by the state machine."""
    steps = {"job": job, "stop": stop, "champion": champion, "deploy": deploy}
    steps |= {"watch": watch, "undo": undo}
    return steps[event["step"]](event)


def job(event: Event) -> Event:
    """Run a Job once for each run of the pipeline, and wait for its end."""
    manifest = event["manifest"]
    name = f"{manifest['metadata'].pop('generateName')}{_short(event['run'])}"
    jobs = _jobs()
    found = _call("GET", f"{jobs}/{name}", absent=True)
    if found is None:
        manifest["metadata"]["name"] = name
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        told = {"STACKYARD_RUN": event["run"], "STACKYARD_INPUT": json.dumps(event["input"])}
        told |= event.get("environment", {})
        container["env"] = [
            *container.get("env", []),
            *({"name": key, "value": value} for key, value in told.items()),
        ]
        found = _call("POST", jobs, manifest)
    conditions = found.get("status", {}).get("conditions", [])
    ended = {each["type"]: each for each in conditions if each["status"] == "True"}
    if "Failed" in ended:
        raise JobFailed(f"{name}: {ended['Failed'].get('message', 'no reason given')}")
    if "Complete" not in ended:
        raise Unfinished(f"{name} runs")
    return {"job": name}


def stop(event: Event) -> Event:
    """Delete the Jobs of a run that has ended; what a Job has finished stays to be read."""
    deleted = []
    for found in _call("GET", _jobs())["items"]:
        (container, *_) = found["spec"]["template"]["spec"]["containers"]
        of_run = {"name": "STACKYARD_RUN", "value": event["run"]} in container.get("env", [])
        conditions = found.get("status", {}).get("conditions", [])
        ended = {each["type"] for each in conditions if each["status"] == "True"}
        if of_run and not ended & {"Complete", "Failed"}:
            name = found["metadata"]["name"]
            _call("DELETE", f"{_jobs()}/{name}?propagationPolicy=Background", absent=True)
            deleted.append(name)
    return {"deleted": deleted}


def champion(_event: Event) -> Event:
    """Say what serves now, and how good it is; nothing is known before the first release."""
    notes = _notes(_deployment())
    value = notes.get(METRIC)
    return {
        "known": value is not None,
        "value": float(value) if value is not None else 0.0,
        "version": notes.get(VERSION, "none"),
    }


def deploy(event: Event) -> Event:
    """Release an image, and say what was there before."""
    before = _deployment()
    notes = _notes(before)
    if notes.get(RUN) == event["run"]:
        # Asked again after a lost answer: what was there before stands in the notes.
        return {"previous": json.loads(notes[PREVIOUS])}
    previous = {
        "image": _image(before),
        "notes": {key: notes[key] for key in (VERSION, METRIC, RUN) if key in notes},
    }
    new = {
        VERSION: event["version"],
        METRIC: str(event["value"]),
        RUN: event["run"],
        PREVIOUS: json.dumps(previous),
    }
    _release(event["manifest"], event["image"], new)
    return {"previous": previous}


def undo(event: Event) -> Event:
    """Put back what was there before; a first release has nothing behind it, and stays."""
    previous = event["previous"]
    if previous["image"] is not None:
        _release(event["manifest"], previous["image"], previous["notes"])
    return {"image": previous["image"]}


def watch(event: Event) -> Event:
    """Wait until the new version serves everywhere, and for so many minutes more."""
    found = _deployment()
    wanted, status = found["spec"]["replicas"], found.get("status", {})
    for condition in status.get("conditions", []):
        if condition.get("reason") == "ProgressDeadlineExceeded":
            raise RolloutFailed(condition.get("message", "no progress"))
    age = time.time() - int(found["metadata"]["annotations"][SINCE])
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    ready = all(
        status.get(count, 0) == wanted
        for count in ("replicas", "updatedReplicas", "availableReplicas")
    )
    if seen and ready and age >= 60 * event["minutes"]:
        return {"pods": wanted}
    if age > 60 * event["minutes"] + event["patience_seconds"]:
        raise RolloutFailed(f"{status.get('availableReplicas', 0)} of {wanted} pods serve")
    raise Unfinished(f"{status.get('availableReplicas', 0)} of {wanted} pods serve")


def _jobs() -> str:
    return f"/apis/batch/v1/namespaces/{os.environ['NAMESPACE']}/jobs"


def _deployment() -> Any:
    return _call("GET", _path(), absent=True) or {}


def _path() -> str:
    where, name = os.environ["NAMESPACE"], os.environ["DEPLOYMENT"]
    return f"/apis/apps/v1/namespaces/{where}/deployments/{name}"


def _notes(deployment: Any) -> dict[str, str]:
    return dict(deployment.get("metadata", {}).get("annotations", {}))


def _image(deployment: Any) -> str | None:
    if not deployment:
        return None
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def _release(manifest: Any, image: str, notes: dict[str, str]) -> None:
    """Apply the Deployment as ours, with as many pods as the autoscaler wants now.

    Without the number, leaving out what an earlier release set would make it 1.
    """
    now = _deployment().get("spec", {}).get("replicas")
    manifest["spec"]["replicas"] = now or manifest["spec"]["replicas"]
    template = manifest["spec"]["template"]
    template["spec"]["containers"][0]["image"] = image
    template["metadata"]["annotations"] = {VERSION: notes[VERSION]}
    manifest["metadata"]["annotations"] = {**notes, SINCE: str(int(time.time()))}
    _call("PATCH", f"{_path()}?fieldManager={MANAGER}&force=true", manifest)


def _short(run: str) -> str:
    """Return the end of an execution's name, as a part of a Job's."""
    return "".join(each for each in run.lower() if each.isalnum())[-12:]


def _call(method: str, path: str, body: Any = None, *, absent: bool = False) -> Any:
    """Ask the API server; `absent` makes "not found" an answer."""
    authority = base64.b64decode(os.environ["CLUSTER_CA"]).decode()
    kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
    request = urllib.request.Request(
        f"{os.environ['CLUSTER_ENDPOINT']}{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {_token()}", "Content-Type": kind},
    )
    try:
        context = ssl.create_default_context(cadata=authority)
        # EKS's certificates have no key identifiers, which Python 3.13 and newer would ask for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if absent and error.code == 404:
            return None
        raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error


def _token() -> str:
    """Return a token for the cluster: a signed question to STS who we are.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html.
    """
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    region = os.environ["AWS_REGION"]
    request = AWSRequest(
        method="GET",
        url=f"https://sts.{region}.amazonaws.com/",
        params={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
        headers={"x-k8s-aws-id": os.environ["CLUSTER_NAME"]},
    )
    credentials = Credentials(*(os.environ[key] for key in keys))
    SigV4QueryAuth(credentials, "sts", region, expires=60).add_auth(request)
    url = str(request.prepare().url)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
