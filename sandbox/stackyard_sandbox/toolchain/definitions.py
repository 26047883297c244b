"""Definitions of custom resources, from the Go modules that own them: nothing is kept here."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stackyard_sandbox.toolchain import store
from stackyard_sandbox.toolchain.errors import DefinitionsMissing


@dataclass(frozen=True)
class Source:
    """A Go module at one version, and the files of it that hold definitions."""

    module: str
    version: str
    sum: str
    """What Go computes from the module's files; another content is refused."""

    folder: str
    files: tuple[str, ...]

    @property
    def home(self) -> Path:
        """Where the files are kept once they were fetched."""
        return store.root() / f"{self.module.rpartition('/')[2]}-{self.version}"


KUEUE = Source(
    module="sigs.k8s.io/kueue",
    version="v0.17.0",
    sum="h1:7hzb38M4eKGzYW+CFv2s1L+swzzacUCHOCXxZmAV90I=",
    folder="config/components/crd/bases",
    files=tuple(
        f"kueue.x-k8s.io_{kind}.yaml"
        for kind in ("clusterqueues", "cohorts", "localqueues", "resourceflavors", "workloads")
    ),
)

SECRETS_STORE = Source(
    module="sigs.k8s.io/secrets-store-csi-driver",
    version="v1.4.8",
    sum="h1:YmL0lx9HMYqeZCnLyOZRMuGAZXmP/e42UGCCAnMKjgE=",
    folder="config/crd/bases",
    files=tuple(
        f"secrets-store.csi.x-k8s.io_{kind}.yaml"
        for kind in ("secretproviderclasses", "secretproviderclasspodstatuses")
    ),
)

ALL_SOURCES = (KUEUE, SECRETS_STORE)


def kueue_definitions() -> list[Path]:
    """Return the definitions of Kueue's objects as files; see `definitions`."""
    return definitions(KUEUE)


def secrets_store_definitions() -> list[Path]:
    """Return the definitions of the secrets store CSI driver as files; see `definitions`."""
    return definitions(SECRETS_STORE)


def definitions(source: Source) -> list[Path]:
    """Return the CustomResourceDefinitions as files; fetches them when they are not there yet.

    Raises DefinitionsMissing when Go cannot have the module, or has another one.
    """
    wanted = [source.home / file for file in source.files]
    if not all(file.is_file() for file in wanted):
        fetched = _fetch(source) / source.folder
        source.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in wanted:
            shutil.copyfile(fetched / file.name, file)
    return wanted


def _fetch(source: Source) -> Path:
    """Return where Go keeps the module's source."""
    if shutil.which("go") is None:
        raise DefinitionsMissing(source.module, "there is no Go on this machine")
    command = ["go", "mod", "download", "-json", f"{source.module}@{source.version}"]
    done = subprocess.run(
        command, cwd=store.root(), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise DefinitionsMissing(source.module, done.stderr.strip() or done.stdout.strip())
    told = json.loads(done.stdout)
    if told["Sum"] != source.sum:
        raise DefinitionsMissing(
            source.module, f"{source.version} is not what it was: its sum is {told['Sum']}"
        )
    return Path(told["Dir"])
