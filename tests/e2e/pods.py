"""What a pod would run, run as a process: its own command, environment, files and AWS identity.

The pod's specification comes from the API server. All that is replaced are places: addresses of
services, and where files are mounted. Nothing of the test's own environment is passed on.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubernetes import client

from stackyard_sandbox.cloud import pod_identity
from tests.support.clients import Clients

REGION = "eu-central-1"


class Pods:
    """The workloads of one cluster."""

    def __init__(
        self,
        cluster: str,
        api: Any,
        aws: Clients,
        endpoint: str,
        folder: Path,
    ) -> None:
        self._cluster, self._core, self._api = cluster, client.CoreV1Api(api), api
        self.apps, self.batch = client.AppsV1Api(api), client.BatchV1Api(api)
        self._aws, self.endpoint = aws, endpoint
        self._folder = folder

    def settings(self, name: str, namespace: str) -> dict[str, str]:
        """Return the data of a ConfigMap."""
        return dict(self._core.read_namespaced_config_map(name, namespace).data)

    def run(self, namespace: str, spec: Any, container: Any, **places: str) -> str:
        """Run a container's program to its end and return what it said."""
        arguments = self.process(namespace, spec, container, places)
        done = subprocess.run(
            **arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert done.returncode == 0, f"{container.name}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def process(
        self, namespace: str, spec: Any, container: Any, places: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the arguments of `subprocess` that run a container's program.

        `places` replaces values of environment variables that the container has already.
        """
        scratch = self._folder / f"{spec.service_account_name}-{container.name}"
        scratch.mkdir(exist_ok=True)
        environment = {entry.name: entry.value for entry in container.env}
        assert set(places) <= set(environment), set(places) - set(environment)
        environment |= places
        for name, value in environment.items():
            if value == "/tmp":
                environment[name] = str(scratch)
        if spec.automount_service_account_token:
            environment |= self._account(namespace, spec.service_account_name, scratch)
        environment |= {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "TMPDIR": str(scratch),
            "AWS_ENDPOINT_URL": self.endpoint,
            **self.identity(namespace, spec.service_account_name),
        }
        command = [self._moved(word, namespace, spec, container) for word in container.command]
        return {"args": command, "env": environment, "cwd": str(scratch)}

    def _account(self, namespace: str, account: str, folder: Path) -> dict[str, str]:
        """Return where the cluster's API is, and what the kubelet mounts for it to a folder."""
        issued = self._core.create_namespaced_service_account_token(account, namespace, {})
        (folder / "token").write_text(issued.status.token)
        authority = Path(self._api.configuration.ssl_ca_cert).read_text()
        (folder / "ca.crt").write_text(authority)
        return {"ACCOUNT_FOLDER": str(folder), "KUBERNETES_API": self._api.configuration.host}

    def identity(self, namespace: str, account: str) -> dict[str, str]:
        """Return the AWS credentials that EKS Pod Identity gives to a service account's pods."""
        wanted = {"spec": {"audiences": ["pods.eks.amazonaws.com"], "expirationSeconds": 3600}}
        issued = self._core.create_namespaced_service_account_token(account, namespace, wanted)
        answer = self._aws("eks-auth").assume_role_for_pod_identity(
            clusterName=self._cluster, token=issued.status.token
        )
        keys = answer["credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
            "AWS_SESSION_TOKEN": keys["sessionToken"],
        }

    def agent(self, namespace: str, account: str, folder: Path) -> dict[str, str]:
        """Return where a pod asks the Pod Identity agent, with the token that it shows there.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html.
        """
        wanted = {"spec": {"audiences": [pod_identity.AUDIENCE], "expirationSeconds": 3600}}
        issued = self._core.create_namespaced_service_account_token(account, namespace, wanted)
        (folder / "pod-identity").write_text(issued.status.token)
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": (
                f"{self.endpoint}{pod_identity.AGENT}/{self._cluster}"
            ),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "pod-identity"),
        }

    def read_as(self, namespace: str, account: str, path: str) -> dict[str, Any]:
        """Ask the API server with the token of a service account."""
        issued = self._core.create_namespaced_service_account_token(account, namespace, {})
        headers = {"Authorization": f"Bearer {issued.status.token}"}
        of = self._api.configuration
        request = urllib.request.Request(of.host + path, headers=headers)
        trusted = ssl.create_default_context(cafile=of.ssl_ca_cert)
        with urllib.request.urlopen(request, timeout=30, context=trusted) as answer:
            text = answer.read().decode()
        return dict(json.loads(text.partition("\n")[0] or "{}"))

    def _moved(self, word: str, namespace: str, spec: Any, container: Any) -> str:
        """Write the files mounted beside a named one to a folder, and return where it is now.

        The file is the whole word, or the value of a flag.
        """
        flag, equals, path = word.rpartition("=") if word.startswith("--") else ("", "", word)
        for mount in container.volume_mounts or []:
            if not path.startswith(f"{mount.mount_path}/"):
                continue
            (volume,) = (volume for volume in spec.volumes if volume.name == mount.name)
            folder = self._folder / (volume.config_map or volume).name
            folder.mkdir(exist_ok=True)
            files = self.settings(folder.name, namespace) if volume.config_map else {}
            for name, text in files.items():
                (folder / name).write_text(text)
            return f"{flag}{equals}{folder / path.removeprefix(f'{mount.mount_path}/')}"
        return word
