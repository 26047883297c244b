"""A git repository that holds the reference estate."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .estates import STACKS


class Repo:
    """A git repository of one test: the reference estate on `main`, and a branch `change`."""

    def __init__(self, top: Path, below: str = "") -> None:
        self.top, self.root = top, top / below
        shutil.copytree(STACKS, self.root / "stacks")
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "test@example.com")
        self.git("config", "user.name", "Test")
        self.commit()
        self.git("switch", "-q", "-c", "change")

    def git(self, *words: str) -> str:
        command = ["git", "-C", str(self.top), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", "change")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def append(self, name: str, text: str) -> None:
        path = self.root / name
        whole = path.read_text()
        # A flow mapping, as of a stack that says nothing of its own, takes no further line.
        lines = [line for line in whole.splitlines() if line.strip() != "{}"]
        self.write(name, "\n".join([*lines, text]))

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))
