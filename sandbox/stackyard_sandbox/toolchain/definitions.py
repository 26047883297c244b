"""Definitions of Kueue's objects, from Kueue's own Go module: nothing of it is kept here."""

import json
import shutil
import subprocess
from pathlib import Path

from stackyard_sandbox.toolchain import store
from stackyard_sandbox.toolchain.errors import DefinitionsMissing

MODULE, VERSION = "sigs.k8s.io/kueue", "v0.17.0"
SUM = "h1:7hzb38M4eKGzYW+CFv2s1L+swzzacUCHOCXxZmAV90I="
"""What Go computes from the module's files; another content is refused."""

KINDS = ("clusterqueues", "cohorts", "localqueues", "resourceflavors", "workloads")


def kueue_definitions() -> list[Path]:
    """Return the CustomResourceDefinitions as files; fetches them when they are not there yet.

    Raises DefinitionsMissing when Go cannot have the module, or has another one.
    """
    folder = store.root() / f"kueue-{VERSION}"
    wanted = [folder / f"kueue.x-k8s.io_{kind}.yaml" for kind in KINDS]
    if not all(file.is_file() for file in wanted):
        source = _module() / "config" / "components" / "crd" / "bases"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in wanted:
            shutil.copyfile(source / file.name, file)
    return wanted


def _module() -> Path:
    """Return where Go keeps the module's source."""
    if shutil.which("go") is None:
        raise DefinitionsMissing(MODULE, "there is no Go on this machine")
    command = ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    done = subprocess.run(
        command, cwd=store.root(), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise DefinitionsMissing(MODULE, done.stderr.strip() or done.stdout.strip())
    told = json.loads(done.stdout)
    if told["Sum"] != SUM:
        raise DefinitionsMissing(MODULE, f"{VERSION} is not what it was: its sum is {told['Sum']}")
    return Path(told["Dir"])
