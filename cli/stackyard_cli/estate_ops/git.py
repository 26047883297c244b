"""Reads two revisions of an estate from git: the changed files, and the older one's files.

Only plumbing commands are used, with full names separated by NUL: https://git-scm.com/docs.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from stackyard.estate import layout
from stackyard.estate.estate import Estate
from stackyard.naming import SEGMENT, StackId
from stackyard_cli.errors import ExitCode, StackyardError

SECONDS = 60
"""Time limit of a git command in seconds; the commands only read."""


def git(root: Path, *arguments: str) -> bytes:
    """Return the output of git; raises StackyardError with git's last message."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, check=False, timeout=SECONDS
        )
    except FileNotFoundError:
        raise StackyardError("git is not on PATH", hint="install git") from None
    except subprocess.TimeoutExpired:
        raise StackyardError(f"git {arguments[0]} took more than {SECONDS} s") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        hint = "a shallow clone lacks history: fetch it whole (`fetch-depth: 0`)"
        message = f"git {arguments[0]} failed: {lines[-1]}"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    return done.stdout


def merge_base(root: Path, base: str, head: str | None) -> str:
    """Return the merge base of `base` and `head`, the commit at which the branch began."""
    if base.startswith("-") or (head or "").startswith("-"):
        raise StackyardError("a revision does not start with `-`", code=ExitCode.INVALID)
    return git(root, "merge-base", base, head or "HEAD").decode().strip()


def changed_files(root: Path, commit: str, head: str | None) -> tuple[set[str], set[str]]:
    """Return the changed files of the estate, relative to it, and those elsewhere in the repo.

    Without `head`, the working tree is compared, including new files. A rename is two changes.
    """
    revisions = [commit, *([head] if head else [])]
    prefix = git(root, "rev-parse", "--show-prefix").decode().removesuffix("\n")
    names = _names(git(root, "diff", "--name-only", "--no-renames", "-z", *revisions, "--"))
    if head is None:
        top = Path(git(root, "rev-parse", "--show-toplevel").decode().removesuffix("\n"))
        names |= _names(git(top, "ls-files", "--others", "--exclude-standard", "-z"))
    inside = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    return inside, {name for name in names if not name.startswith(prefix)}


@contextmanager
def estate_at(
    root: Path, commit: str, only: Collection[str] | None = None
) -> Iterator[Estate | None]:
    """Yield the estate of a commit, in a private folder; None if the commit has no estate.

    With `only`, the folder has just these files and the shared ones: writing thousands takes
    seconds.
    """
    listed = git(root, "ls-tree", "-z", "--name-only", commit, layout.ESTATE)
    if not listed:
        yield None
        return
    packed = git(root, "archive", "--format=tar", commit, layout.FOLDER)
    with tempfile.TemporaryDirectory(prefix="stackyard-revision-") as folder:
        try:
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                members = [each for each in archive if _is_selected(each, only)]
                archive.extractall(folder, members=members, filter="data")
        except tarfile.TarError as error:
            raise StackyardError(
                f"{commit[:12]} contains files that no estate has: {error}"
            ) from error
        yield Estate(Path(folder))


def stacks_at(root: Path, commit: str) -> set[StackId]:
    """Return the stacks of a commit, from the names of its files only."""
    listed = _names(git(root, "ls-tree", "-r", "-z", "--name-only", commit, layout.FOLDER))
    stacks: set[StackId] = set()
    for name in listed:
        parts = name.removesuffix(layout.SUFFIX).split("/")[1:]
        if name.endswith(layout.SUFFIX) and len(parts) == 3 and all(map(SEGMENT.match, parts)):
            stacks.add(StackId(*parts))
    return stacks


def _is_selected(member: tarfile.TarInfo, only: Collection[str] | None) -> bool:
    shared = member.name.rpartition("/")[2].startswith("_") or layout.STAGES in member.name
    return only is None or (not member.isdir() and (shared or member.name in only))


def _names(listed: bytes) -> set[str]:
    return {name.decode(errors="surrogateescape") for name in listed.split(b"\0") if name}


def below_top(root: Path) -> tuple[Path, str]:
    """Return the top folder of the repository, and the estate's path in it (empty at the top)."""
    top = git(root, "rev-parse", "--show-toplevel").decode().removesuffix("\n")
    prefix = git(root, "rev-parse", "--show-prefix").decode().removesuffix("\n")
    return Path(top), prefix.removesuffix("/")
