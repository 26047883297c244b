"""The folders of control planes: one for each EKS cluster and each on-premises cluster."""

import secrets
import shutil
from pathlib import Path

from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.onprem import OnPremises
from stackyard_sandbox.processes import LOOPBACK, Process
from stackyard_sandbox.state import REGION

TOKEN_REVIEW = "/_sandbox/token-review"
"""Path at which the cloud process answers the TokenReview requests of the API servers."""


class Planes:
    """The control planes for EKS of a sandbox whose cloud process listens on `cloud_port`."""

    def __init__(self, home: Path, cloud_port: int) -> None:
        self._folder = home / "planes"
        self._cloud_port = cloud_port

    def ids(self) -> list[str]:
        """Return every control plane on disk, used by a cluster or not, oldest first."""
        if not self._folder.exists():
            return []
        folders = sorted(self._folder.iterdir(), key=lambda folder: folder.stat().st_ctime_ns)
        return [folder.name for folder in folders]

    def create(self) -> str:
        """Create the folder of a new control plane, without starting it."""
        # An EKS cluster's OIDC issuer ends in 32 such digits.
        identity = secrets.token_hex(16).upper()
        (self._folder / identity).mkdir(mode=0o700, parents=True)
        return identity

    def plane(self, identity: str) -> ControlPlane:
        """Return the control plane in a folder, running or not."""
        url = f"http://{LOOPBACK}:{self._cloud_port}{TOKEN_REVIEW}/{identity}"
        issuer = f"https://oidc.eks.{REGION}.amazonaws.com/id/{identity}"
        return ControlPlane(self._folder / identity, identity, token_webhook_url=url, issuer=issuer)

    def karpenter(self, identity: str) -> Process:
        """The Karpenter that runs for a control plane while the cluster declares it."""
        return Process("karpenter", self._folder / identity / "karpenter")

    def delete(self, identity: str) -> None:
        """Stop a control plane and delete its objects, keys and address."""
        self.plane(identity).stop()
        shutil.rmtree(self._folder / identity)
        if not self.ids():
            self._folder.rmdir()


def every_plane(home: Path, cloud_port: int) -> list[ControlPlane]:
    """Return every control plane of a sandbox, each with its issuer: of EKS, then on premises."""
    planes = Planes(home, cloud_port)
    return [*map(planes.plane, planes.ids()), *OnPremises(home).planes()]
