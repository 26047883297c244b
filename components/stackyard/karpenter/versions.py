"""The version of Karpenter that is deployed, and which Karpenter fits which Kubernetes.

Source: https://karpenter.sh/docs/upgrading/compatibility/, and the range that the program itself
checks at its start (`pkg/providers/version/version.go` of the release).
"""

from __future__ import annotations

import re

VERSION = "1.13.1"
"""The release of the controller's image; the chart of its resource definitions has the same."""

KUBERNETES: dict[str, tuple[int, int]] = {
    "1.9": (29, 35),
    "1.10": (29, 35),
    "1.11": (29, 35),
    "1.12": (29, 35),
    "1.13": (26, 36),
}
"""First and last minor version of Kubernetes 1 that a release of Karpenter runs on."""


def version_of(image: str) -> str | None:
    """Return the version in a controller image's tag, `1.13.1`; None where there is none."""
    tag = image.partition("@")[0].rpartition(":")[2].removeprefix("v")
    return tag if re.fullmatch(r"\d+\.\d+\.\d+", tag) else None


def release_of(image: str) -> str | None:
    """Return `major.minor` of a controller image's tag; None where the name has only a digest."""
    tag = image.partition("@")[0].rpartition(":")[2].removeprefix("v")
    parts = tag.split(".")
    return ".".join(parts[:2]) if len(parts) >= 2 and parts[0].isdigit() else None


def problem(image: str, kubernetes: str) -> str | None:
    """Return why a controller image does not fit a version of Kubernetes; None if it does."""
    release = release_of(image)
    if release is None:
        return None
    if release not in KUBERNETES:
        return f"Karpenter {release} is not in the table of versions ({', '.join(KUBERNETES)})"
    first, last = KUBERNETES[release]
    if not first <= int(kubernetes.partition(".")[2]) <= last:
        return f"Karpenter {release} runs on Kubernetes 1.{first} to 1.{last}, not {kubernetes}"
    return None
