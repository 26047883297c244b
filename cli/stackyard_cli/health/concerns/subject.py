"""What a check looks at, what it finds, and the clients it looks with."""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Literal

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.contracts import FoundationContract, ProjectContract, ServicesContract
from stackyard.naming import StackId
from stackyard_cli.clients.kubeconfig import KubeconfigCluster

State = Literal["ok", "problem", "not declared"]

TIMEOUT = 2
"""Seconds that one question may take."""


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    state: State
    evidence: str
    """What was looked at and what it said, in one line."""


NOT_DECLARED = Finding("not declared", "")


def judged(problems: list[str], fine: str) -> Finding:
    """Return a problem for the problems, if there are any, else that all is fine."""
    return Finding("problem", "; ".join(problems)) if problems else Finding("ok", fine)


class Clients:
    """AWS by boto3 and the cluster by its API, with the caller's own identity."""

    def __init__(self, environment: Mapping[str, str], foundation: FoundationContract) -> None:
        self._environment = {**os.environ, **environment}
        self._foundation = foundation
        self._lock, self._made = Lock(), dict[str, Any]()

    def aws(self, service: str) -> Any:
        """Return a client of an AWS service; sessions are not for several threads at once."""
        from botocore.config import Config

        with self._lock:
            if service not in self._made:
                settings = Config(
                    connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"total_max_attempts": 1}
                )
                endpoint = self._environment.get("AWS_ENDPOINT_URL")
                self._made[service] = self._session.client(
                    service, endpoint_url=endpoint, config=settings
                )
            return self._made[service]

    def kube(self, path: str) -> Any:
        """Return an object of the cluster's API, None where there is none."""
        request = urllib.request.Request(
            self._foundation.cluster_endpoint + path,
            headers={"Authorization": f"Bearer {self._token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=self._trust) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    @cached_property
    def _session(self) -> Any:
        import boto3

        keys = {
            name: self._environment[name.upper()]
            for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
            if name.upper() in self._environment
        }
        return boto3.Session(region_name=self._foundation.region, **keys)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(
            cadata=base64.b64decode(self._foundation.cluster_ca).decode()
        )

    @cached_property
    def _token(self) -> str:
        """A presigned GetCallerIdentity, which is what EKS takes for a token.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html.
        """
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest

        region = self._foundation.region
        endpoint = self._environment.get("AWS_ENDPOINT_URL", f"https://sts.{region}.amazonaws.com")
        request = AWSRequest(
            method="GET",
            url=f"{endpoint}/",
            params={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
            headers={"x-k8s-aws-id": self._foundation.cluster_name},
        )
        SigV4QueryAuth(self._session.get_credentials(), "sts", region, expires=60).add_auth(request)
        prepared: Any = request.prepare()
        return "k8s-aws-v1." + base64.urlsafe_b64encode(prepared.url.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Subject:
    """One applied project."""

    stack: StackId
    config: ProjectConfig
    project: ProjectContract
    foundation: FoundationContract
    services: ServicesContract
    clients: Clients
    onprem: Mapping[str, KubeconfigCluster]
    """How the clusters on premises are reached, by their names."""

    def deployment(self, name: str) -> Any:
        """Return a Deployment of the namespace, None where there is none."""
        return self.clients.kube(
            f"/apis/apps/v1/namespaces/{self.project.namespace}/deployments/{name}"
        )

    def deployment_problem(self, name: str) -> str | None:
        """Return what is wrong with a Deployment of the namespace, None if pods are ready."""
        found = self.deployment(name)
        if found is None:
            return f"Deployment {name} is missing"
        wanted = found["spec"].get("replicas", 1)
        ready = found.get("status", {}).get("readyReplicas", 0)
        return None if ready >= wanted else f"Deployment {name}: {ready} of {wanted} pods are ready"
