"""Helm releases: what the official provider does with `kubernetes:helm.sh/v3:Release`.

Source: `provider/pkg/provider/helm_release.go` of github.com/pulumi/pulumi-kubernetes (v4). As
there, a preview fetches and renders the chart and asks nothing of the cluster, and a refresh reads
the record of the release, not its objects.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from stackyard_sandbox.provider.kubernetes import charts, schema, waits
from stackyard_sandbox.provider.kubernetes.client import Client, Object
from stackyard_sandbox.provider.kubernetes.differences import Change
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.kubernetes.objects import Connection
from stackyard_sandbox.provider.kubernetes.readiness import wait_of
from stackyard_sandbox.provider.kubernetes.records import KINDS, Record, Records
from stackyard_sandbox.provider.kubernetes.sdk_loading import LOADING, input_types
from stackyard_sandbox.provider.protocol import Bag, Properties, has_unknown
from stackyard_sandbox.provider.schema import Failure
from stackyard_sandbox.provider.server import NotReadyError, ProviderError

TYPE = "kubernetes:helm.sh/v3:Release"

HONOURED = ("chart", "maxHistory", "name", "namespace", "timeout", "values", "version")
"""Inputs that have an effect here; another one is refused unless it asks for nothing."""

TIMEOUT = 300
"""Seconds that the official provider waits by default."""

MANAGED_BY = ("app.kubernetes.io/managed-by", "Helm")
OWNER = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
"""Label and annotations by which Helm knows its objects (`pkg/action/validate.go`)."""


def completed(inputs: Properties, namespace: str | None) -> Properties:
    """Return the inputs with the official provider's defaults."""
    given = {key: value for key, value in inputs.items() if value is not None and key != "compat"}
    return {"namespace": namespace or "default", "timeout": TIMEOUT, **given}


def failures(inputs: Properties, driver: str) -> list[Failure]:
    """Return every problem of completed inputs, and add what the rendered chart decides."""
    with LOADING:
        from pulumi_kubernetes.helm.v3 import ReleaseArgs

        found = schema.check(inputs, ReleaseArgs)
    found += [
        Failure(key, "the sandbox's provider cannot do this for a release")
        for key, value in inputs.items()
        if key in input_types(ReleaseArgs) and key not in HONOURED and value
    ]
    if "name" not in inputs:
        found.append(Failure("name", "the sandbox's provider makes no name for a release"))
    if driver not in KINDS:
        reason = (
            f"the sandbox has no storage driver `{driver}` for releases, only {', '.join(KINDS)}"
        )
        found.append(Failure("chart", reason))
    if not found and not has_unknown(inputs):
        try:
            inputs.update(_computed(inputs))
        except ProviderError as error:
            hint = "check the chart name and repository configuration"
            found.append(Failure("chart", f"{error}; {hint}"))
    return found


def replaces(changes: Sequence[Change]) -> list[Change]:
    """Return the changes that need another release."""
    return [change for change in changes if change.path[0] in ("name", "namespace")]


class ReleaseOperation:
    """One request of the engine for one release."""

    def __init__(self, connection: Connection, inputs: Bag, cancelled: threading.Event) -> None:
        self._connection, self._inputs, self._cancelled = connection, inputs, cancelled
        self._values = inputs.values

    def preview(self, *, creating: bool) -> Bag:
        """Return what is known before an apply: the inputs."""
        return self._inputs

    def create(self, seconds: float) -> tuple[str, Bag]:
        """Install the chart and wait for its objects; return the id and the state."""
        records = self._records(self._values["namespace"], self._values["name"])
        if records.all():
            raise ProviderError("cannot re-use a name that is still in use")
        return self._install(records, revision=1, seconds=seconds)

    def update(self, seconds: float) -> Bag:
        """Make another revision of the release; return the state."""
        records = self._records(self._values["namespace"], self._values["name"])
        before = records.all()
        if not before:
            raise ProviderError(f'"{self._values["name"]}" has no deployed releases')
        if before[-1].status.startswith("pending"):
            raise ProviderError("another operation (install/upgrade/rollback) is in progress")
        _, state = self._install(records, revision=before[-1].revision + 1, seconds=seconds)
        for old in before:
            if old.status == "deployed":
                records.save(replace(old, status="superseded"))
        kept = self._values.get("maxHistory") or 0
        for old in before[: -(kept - 1) or None] if kept else ():
            records.delete(old)
        return state

    def read(self, identity: str, before: Properties) -> tuple[Bag, Bag] | None:
        """Return the recorded state and inputs; None if there is no record."""
        namespace, _, name = identity.rpartition("/")
        found = self._records(namespace, name).all()
        if not found:
            return None
        record = found[-1]
        values = self._values or {"chart": record.chart, **completed({}, namespace)}
        now = {
            **values,
            "name": name,
            "namespace": namespace,
            "version": record.version,
            "resourceNames": _names(record.objects),
            **({"values": record.values} if record.values or "values" in values else {}),
        }
        secrets = set(self._inputs.secrets)
        return _state(Bag(now, secrets), record), Bag(now, secrets)

    def delete(self, identity: str, seconds: float) -> None:
        """Delete the objects of the release, wait until they are gone, delete its records."""
        namespace, _, name = identity.rpartition("/")
        client, records = self._client(), self._records(namespace, name)
        found = records.all()
        if not found:
            raise ProviderError(f"uninstall: Release not loaded: {name}: release: not found")
        limit = seconds or float(self._values.get("timeout") or TIMEOUT)
        for each in found[-1].objects:
            path = _path(client, each)
            uid = client.delete(path, "Background")
            reasons = uid and waits.until_gone(client, path, uid, limit, self._cancelled)
            if reasons:
                raise ProviderError(f"{_title(each)} is not deleted: {'; '.join(reasons)}")
        for record in found:
            records.delete(record)

    def _client(self) -> Client:
        if self._connection.client is None:
            raise ProviderError("the provider's kubeconfig is not known")
        return self._connection.client

    def _records(self, namespace: str, name: str) -> Records:
        driver = self._connection.settings.helm_driver
        return Records(self._client(), driver, namespace, name)

    def _install(self, records: Records, *, revision: int, seconds: float) -> tuple[str, Bag]:
        """Write the record, apply the objects, wait for them, write how it ended."""
        client, values = self._client(), self._values
        objects = [_owned(each, values) for each in _rendered(values)]
        for each in objects:
            _refuse_foreign(client, each)
        record = Record(
            name=values["name"],
            namespace=values["namespace"],
            revision=revision,
            status="pending-install" if revision == 1 else "pending-upgrade",
            chart=values["chart"].rpartition("/")[2],
            version=values["version"],
            values=values.get("values") or {},
            objects=objects,
        )
        records.save(record)
        reasons = list(self._applied(client, objects, seconds or float(values["timeout"])))
        record = replace(record, status="failed" if reasons else "deployed")
        records.save(record)
        identity, state = f"{record.namespace}/{record.name}", _state(self._inputs, record)
        if reasons:
            raise NotReadyError(identity, state, self._inputs, reasons)
        return identity, state

    def _applied(self, client: Client, objects: list[Object], limit: float) -> Iterator[str]:
        """Apply all objects, then wait for them; yield what is wrong."""
        try:
            for each in objects:
                client.apply(_path(client, each), each, dry_run=False, force=True)
        except ProviderError as error:
            yield f"{_title(each)}: {error}"
            return
        for each in objects:
            kind = Kind(each["apiVersion"], each["kind"])
            if (wait := wait_of(kind)) is not None:
                path = _path(client, each)
                for reason in waits.until_ready(client, path, wait, limit, self._cancelled):
                    yield f"{_title(each)}: {reason}"


def _rendered(values: Properties) -> list[Object]:
    return charts.find(values["chart"], values.get("version")).rendered(values.get("values") or {})


def _computed(values: Properties) -> Properties:
    """Return the inputs that the official provider computes from the rendered chart."""
    objects = _rendered(values)
    digest = hashlib.sha256(json.dumps(objects, sort_keys=True).encode()).hexdigest()
    return {"checksum": digest, "resourceNames": _names(objects)}


def _names(objects: list[Object]) -> dict[str, list[str]]:
    """Return the names of cluster-wide objects by `KIND.GROUP/APIVERSION`."""
    found: dict[str, list[str]] = {}
    for each in objects:
        version = each["apiVersion"]
        key = f"{each['kind']}.{version.rpartition('/')[0]}/{version}"
        found.setdefault(key, []).append(each["metadata"]["name"])
    return {key: sorted(names) for key, names in found.items()}


def _owned(each: Object, values: Properties) -> Object:
    """Return the object with Helm's marks of its release."""
    metadata, (label, helm) = each["metadata"], MANAGED_BY
    marks = dict(zip(OWNER, (values["name"], values["namespace"]), strict=True))
    labels = {**metadata.get("labels", {}), label: helm}
    annotations = {**metadata.get("annotations", {}), **marks}
    return {**each, "metadata": {**metadata, "labels": labels, "annotations": annotations}}


def _refuse_foreign(client: Client, each: Object) -> None:
    """Refuse to take over an object that is not of this release, as Helm does."""
    live = client.get(_path(client, each))
    if live is None:
        return
    marks, wanted = live["metadata"].get("annotations", {}), each["metadata"]["annotations"]
    label, helm = MANAGED_BY
    ours = live["metadata"].get("labels", {}).get(label) == helm
    if not ours or any(marks.get(key) != wanted[key] for key in OWNER):
        raise ProviderError(
            f"{_title(each)} exists and cannot be imported into the current release: "
            f"it needs the label {label}={helm} and the annotations {' and '.join(OWNER)} of it"
        )


def _path(client: Client, each: Object) -> str:
    resource = client.resource(each["apiVersion"], each["kind"])
    return resource.path(each["metadata"].get("namespace"), each["metadata"]["name"])


def _title(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def _state(inputs: Bag, record: Record) -> Bag:
    status: dict[str, Any] = {
        "appVersion": record.version,
        "chart": record.chart,
        "name": record.name,
        "namespace": record.namespace,
        "revision": record.revision,
        "status": record.status,
        "version": record.version,
    }
    return Bag({**inputs.values, "status": status}, set(inputs.secrets))
