"""Creates tokens for kubeconfig users that call `aws eks get-token`; starts no program."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from stackyard_sandbox import eks_sign_in, state
from stackyard_sandbox.provider.kubernetes.client import Token
from stackyard_sandbox.provider.kubernetes.configuration import Access, EksUser
from stackyard_sandbox.provider.server import ProviderError

RENEWAL = 10 * 60
"""Seconds after which a token is created again; EKS accepts a token for fifteen minutes."""


class EksTokens:
    """The current token of one EKS user: the one in `sandbox.json`, or a role that it assumes."""

    def __init__(self, sandbox_dir: Path, user: EksUser) -> None:
        self._sandbox_dir = sandbox_dir
        self._user = user
        self._lock = threading.Lock()
        self._token = ""
        self._made_as: state.Aws | None = None
        self._renew_at = 0.0

    def __call__(self, *, fresh: bool = False) -> str:
        """Return a token that is still valid for minutes."""
        with self._lock:
            aws = self._access()
            if fresh or aws != self._made_as or time.monotonic() >= self._renew_at:
                self._token = self._make(aws)
                self._made_as = aws
                self._renew_at = time.monotonic() + RENEWAL
            return self._token

    def _access(self) -> state.Aws:
        sandbox = state.read(self._sandbox_dir)
        if sandbox is None:
            raise ProviderError("the sandbox is not running: run `stackyard sandbox start`")
        return sandbox.aws

    def _make(self, aws: state.Aws) -> str:
        user = self._user
        try:
            return eks_sign_in.token(aws, user.cluster, user.region, user.role)
        except state.SandboxError as error:
            raise ProviderError(error.message) from None


class StaticToken:
    """The only token of a kubeconfig that contains one."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, *, fresh: bool = False) -> str:
        """Return the token; there is no other."""
        return self._token


def tokens(access: Access, sandbox_dir: Path) -> Token | None:
    """Return the source of the bearer token of an access; None if it uses a certificate."""
    if access.eks is not None:
        return EksTokens(sandbox_dir, access.eks)
    return None if access.token is None else StaticToken(access.token)
