"""Secrets as files in pods: the volumes of a pod, and the specification for the CSI driver.

The driver fetches a value with the pod's own role when the pod starts, and keeps it in memory;
there is no Kubernetes Secret. Sources:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/ascp-pod-identity-integration.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/ascp-examples.html,
https://secrets-store-csi-driver.sigs.k8s.io/concepts.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypedDict

ADDON = "aws-secrets-store-csi-driver-provider"
"""The EKS add-on: the driver, AWS's provider for it, and the kind SecretProviderClass."""

DRIVER = "secrets-store.csi.k8s.io"
API_VERSION, KIND = "secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"

FOLDER = "/mnt/secrets"
FILE = "value"
"""Name of the file in a pod: the secret NAME is in `/mnt/secrets/NAME/value`."""


class CsiSource(TypedDict):
    """The source of a volume, with the field names of the Kubernetes API."""

    driver: str
    readOnly: bool
    volumeAttributes: dict[str, str]


class Volume(TypedDict):
    """The volume of a secret, with the field names of the Kubernetes API."""

    name: str
    csi: CsiSource


class VolumeMount(TypedDict):
    """The mount of a volume in a container, with the field names of the Kubernetes API."""

    name: str
    mountPath: str
    readOnly: bool


def volumes(secrets: Sequence[str]) -> list[Volume]:
    """Return a volume for each secret, so that the error of an unreadable secret names it.

    The pod does not start until all of them can be read.
    """
    return [
        {
            "name": _volume(secret),
            "csi": {
                "driver": DRIVER,
                "readOnly": True,
                "volumeAttributes": {"secretProviderClass": secret},
            },
        }
        for secret in secrets
    ]


def volume_mounts(secrets: Sequence[str]) -> list[VolumeMount]:
    """Return the volume mounts of a container, one for each secret."""
    return [
        {"name": _volume(secret), "mountPath": f"{FOLDER}/{secret}", "readOnly": True}
        for secret in secrets
    ]


def provider_class(arn: str, region: str) -> dict[str, Any]:
    """Return the specification of the SecretProviderClass of one secret.

    Without `usePodIdentity` the provider would read an annotation of the service account, and
    without `region` the labels of the node; both must be text. `objects` is a text in YAML, and
    JSON is valid YAML.
    """
    objects = [{"objectName": arn, "objectType": "secretsmanager", "objectAlias": FILE}]
    return {
        "provider": "aws",
        "parameters": {
            "region": region,
            "usePodIdentity": "true",
            "objects": json.dumps(objects, sort_keys=True),
        },
    }


def _volume(secret: str) -> str:
    return f"secret-{secret}"
