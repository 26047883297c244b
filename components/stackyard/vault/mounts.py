"""Secrets as files in pods: what a pod says, and what the driver on its node reads.

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
"""The EKS add-on: the driver, AWS's provider for it, and the kind below."""

DRIVER = "secrets-store.csi.k8s.io"
API_VERSION, KIND = "secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"

FOLDER = "/mnt/secrets"
FILE = "value"
"""Pods find the secret NAME in the file `/mnt/secrets/NAME/value`."""


class CsiSource(TypedDict):
    """A volume's source as the Kubernetes API writes it."""

    driver: str
    readOnly: bool
    volumeAttributes: dict[str, str]


class Volume(TypedDict):
    """A volume of a secret as the Kubernetes API writes it."""

    name: str
    csi: CsiSource


class VolumeMount(TypedDict):
    """A volume's place in a container as the Kubernetes API writes it."""

    name: str
    mountPath: str
    readOnly: bool


def volumes(secrets: Sequence[str]) -> list[Volume]:
    """Return a volume for each secret: one that cannot be read stops the pod, and says which."""
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
    """Return where a container finds the secrets."""
    return [
        {"name": _volume(secret), "mountPath": f"{FOLDER}/{secret}", "readOnly": True}
        for secret in secrets
    ]


def provider_class(arn: str, region: str) -> dict[str, Any]:
    """Return the specification of the class of one secret.

    Without `usePodIdentity` the provider would look for an annotation of the service account, and
    without `region` at the node; both are text. `objects` is YAML in a text, and JSON is YAML.
    """
    found = [{"objectName": arn, "objectType": "secretsmanager", "objectAlias": FILE}]
    return {
        "provider": "aws",
        "parameters": {
            "region": region,
            "usePodIdentity": "true",
            "objects": json.dumps(found, sort_keys=True),
        },
    }


def _volume(secret: str) -> str:
    return f"secret-{secret}"
