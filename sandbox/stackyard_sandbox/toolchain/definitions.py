"""Finds custom resource definitions in the Go modules that own them; none is copied here."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stackyard_sandbox.toolchain import store
from stackyard_sandbox.toolchain.errors import DefinitionsMissing


@dataclass(frozen=True)
class Source:
    """A Go module at one version."""

    module: str
    version: str
    sum: str
    """Checksum that Go computes from the module's files; other content is refused."""

    folder: str
    """Folder of its definitions."""

    @property
    def home(self) -> Path:
        """Folder of the fetched files."""
        return store.root() / f"{self.module.rpartition('/')[2]}-{self.version}"


KUEUE = Source(
    module="sigs.k8s.io/kueue",
    version="v0.17.0",
    sum="h1:7hzb38M4eKGzYW+CFv2s1L+swzzacUCHOCXxZmAV90I=",
    folder="config/components",
)

KINDS = (
    "admissionchecks",
    "clusterqueues",
    "cohorts",
    "localqueues",
    "multikueueclusters",
    "multikueueconfigs",
    "provisioningrequestconfigs",
    "resourceflavors",
    "topologies",
    "workloadpriorityclasses",
    "workloads",
)
"""All definitions of Kueue: it does not start if it cannot watch one of them."""

SECRETS_STORE = Source(
    module="sigs.k8s.io/secrets-store-csi-driver",
    version="v1.4.8",
    sum="h1:YmL0lx9HMYqeZCnLyOZRMuGAZXmP/e42UGCCAnMKjgE=",
    folder="config/crd/bases",
)


def kueue_definitions() -> list[Path]:
    """Return the CustomResourceDefinitions as files; fetches missing ones.

    Raises DefinitionsMissing if Go cannot download the module, or gets other content.
    """
    return _fetched(KUEUE, [f"crd/bases/kueue.x-k8s.io_{kind}.yaml" for kind in KINDS])


def kueue_webhooks() -> Path:
    """Return the file of Kueue's admission webhooks; fetches it as `kueue_definitions` does."""
    (file,) = _fetched(KUEUE, ["webhook/manifests.yaml"])
    return file


def secrets_store_definitions() -> list[Path]:
    """Return those of the secrets driver; fetches as `kueue_definitions` does."""
    kinds = ("secretproviderclasses", "secretproviderclasspodstatuses")
    return _fetched(SECRETS_STORE, [f"secrets-store.csi.x-k8s.io_{kind}.yaml" for kind in kinds])


def _fetched(source: Source, files: list[str]) -> list[Path]:
    """Return copies of files of the module's folder."""
    wanted = {source.home / Path(file).name: file for file in files}
    if not all(copy.is_file() for copy in wanted):
        fetched = _fetch(source) / source.folder
        source.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for copy, file in wanted.items():
            shutil.copyfile(fetched / file, copy)
    return list(wanted)


def _fetch(source: Source) -> Path:
    """Return the folder of the module's source."""
    if shutil.which("go") is None:
        raise DefinitionsMissing(source.module, "there is no Go on this machine")
    command = ["go", "mod", "download", "-json", f"{source.module}@{source.version}"]
    done = subprocess.run(
        command, cwd=store.root(), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise DefinitionsMissing(source.module, done.stderr.strip() or done.stdout.strip())
    module = json.loads(done.stdout)
    if module["Sum"] != source.sum:
        raise DefinitionsMissing(
            source.module, f"{source.version} is not what it was: its sum is {module['Sum']}"
        )
    return Path(module["Dir"])
