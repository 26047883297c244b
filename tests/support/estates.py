"""Estates that tests read, copy or write."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STACKS = ROOT / "stacks"
"""The reference estate."""

SMALL = {
    "_estate.yaml": "name: acme\n",
    "_defaults.yaml": "owner: all@acme.example\naccount: '123456789012'\nregion: eu-central-1\n",
    "_stages/dev.yaml": "tags: {stage: dev, from: stage}\n",
    "_stages/prod.yaml": "protection: {protect: true}\n",
    "platform/foundation/_defaults.yaml": (
        "blueprint: foundation\n"
        "admins: ['arn:aws:iam::123456789012:role/admin']\n"
        "operators: ['arn:aws:iam::123456789012:role/operator']\n"
    ),
    "platform/foundation/dev.yaml": "{}\n",
    "platform/services/_defaults.yaml": "blueprint: services\n",
    "platform/services/dev.yaml": "{}\n",
    "ranking/_defaults.yaml": "owner: ranking@acme.example\ntags: {from: team}\n",
    "ranking/clicks/_defaults.yaml": "tags: {from: project}\n",
    "ranking/clicks/dev.yaml": "tags: {from: stack, cost: a}\n",
    "vision/defects/dev.yaml": "{}\n",
}
"""The stack files of a valid estate, by their path below `stacks/`."""


class SmallEstate:
    """The small estate, written to a folder; tests write more files, or others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in SMALL.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        """Write a file below `stacks/` and return its path."""
        path = self.root / "stacks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path
