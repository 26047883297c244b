"""Records of Helm releases: an object for each revision, as Helm's storage drivers keep them.

Sources: `pkg/storage/driver/{cfgmaps,secrets}.go` and `pkg/release/release.go` of helm.sh/helm/v3.
"""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from stackyard_sandbox.provider.kubernetes.client import Client, Object

KINDS = {"configmap": "ConfigMap", "secret": "Secret"}
"""Kinds of records by driver; the drivers `memory` and `sql` are not part of the sandbox."""

SEPARATOR = "\n---\n"
"""Between two objects of a manifest; each is JSON, which is YAML."""


@dataclass(frozen=True)
class Record:
    """One revision of a release."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    version: str
    values: dict[str, Any] = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Name of the object that keeps it."""
        return f"sh.helm.release.v1.{self.name}.v{self.revision}"

    def stored(self, kind: str) -> Object:
        """Return the object that keeps it."""
        text = self._encoded()
        secret = kind == "Secret"
        labels = {
            "name": self.name,
            "owner": "helm",
            "status": self.status,
            "version": str(self.revision),
        }
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": self.key, "namespace": self.namespace, "labels": labels},
            "data": {"release": base64.b64encode(text.encode()).decode() if secret else text},
            **({"type": "helm.sh/release.v1"} if secret else {}),
        }

    def _encoded(self) -> str:
        release = {
            "name": self.name,
            "info": {"status": self.status},
            "chart": {"metadata": {"name": self.chart, "version": self.version}},
            "config": self.values,
            "manifest": SEPARATOR.join(json.dumps(each) for each in self.objects),
            "version": self.revision,
            "namespace": self.namespace,
        }
        # Without a time of its own, so that the same revision is the same text.
        packed = gzip.compress(json.dumps(release).encode(), mtime=0)
        return base64.b64encode(packed).decode()


def decoded(kept: Object, kind: str = "ConfigMap") -> Record:
    """Return the record that an object keeps."""
    text = base64.b64decode(kept["data"]["release"])
    packed = base64.b64decode(text) if kind == "Secret" else text
    release = json.loads(gzip.decompress(packed))
    manifest = release["manifest"]
    return Record(
        name=release["name"],
        namespace=release["namespace"],
        revision=release["version"],
        status=release["info"]["status"],
        chart=release["chart"]["metadata"]["name"],
        version=release["chart"]["metadata"]["version"],
        values=release.get("config") or {},
        objects=[json.loads(text) for text in manifest.split(SEPARATOR)] if manifest else [],
    )


class Records:
    """All revisions of one release."""

    def __init__(self, client: Client, driver: str, namespace: str, name: str) -> None:
        self._client, self._namespace, self._name = client, namespace, name
        self._kind = KINDS[driver]
        self._resource = client.resource("v1", self._kind)

    def all(self) -> list[Record]:
        """Return the revisions, oldest first."""
        path = self._resource.path(self._namespace)
        found = self._client.list(path, f"name={self._name},owner=helm")
        records = (decoded(each, self._kind) for each in found)
        return sorted(records, key=lambda record: record.revision)

    def save(self, record: Record) -> None:
        """Write a revision."""
        path = self._resource.path(self._namespace, record.key)
        self._client.apply(path, record.stored(self._kind), dry_run=False, force=True)

    def delete(self, record: Record) -> None:
        """Delete a revision."""
        self._client.delete(self._resource.path(self._namespace, record.key), "Background")
