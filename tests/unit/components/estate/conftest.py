from __future__ import annotations

from pathlib import Path

import pytest

BASE = {
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


class Yard:
    """An estate of a test's own, written below `stacks/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in BASE.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        path = self.root / "stacks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "yard")
