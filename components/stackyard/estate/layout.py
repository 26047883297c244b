"""How an estate lies on disk: which files are stacks, which are shared, and which are astray."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stackyard.estate.errors import EstateError, StackFileError
from stackyard.naming import SEGMENT, StackId

FOLDER = "stacks"
ESTATE = f"{FOLDER}/_estate.yaml"
COMPANY = f"{FOLDER}/_defaults.yaml"
DEFAULTS = "_defaults.yaml"
STAGES = f"{FOLDER}/_stages"
SCHEMAS = f"{FOLDER}/_schema"
SUFFIX = ".yaml"

PLACE = "a stack is stacks/TEAM/PROJECT/STAGE.yaml"
SHARED = "shared files are _defaults.yaml, and _stages/STAGE.yaml at the top"


@dataclass
class Layout:
    """What one walk over `stacks/` finds."""

    stacks: list[StackId] = field(default_factory=list)
    """The stacks, sorted."""

    shared: set[str] = field(default_factory=set)
    """The shared files, as paths below the estate."""

    astray: list[StackFileError] = field(default_factory=list)
    """Files and folders that nothing reads, though they look as if they were meant."""


def file_of(stack: StackId) -> str:
    """Return the file of a stack, below the estate."""
    return f"{FOLDER}/{stack}{SUFFIX}"


def team_file(stack: StackId) -> str:
    """Return the file that all stacks of a team share."""
    return f"{FOLDER}/{stack.team}/{DEFAULTS}"


def project_file(stack: StackId) -> str:
    """Return the file that all stages of a project share."""
    return f"{FOLDER}/{stack.team}/{stack.project}/{DEFAULTS}"


def stage_file(stage: str) -> str:
    """Return the file that all stacks of a stage share."""
    return f"{STAGES}/{stage}{SUFFIX}"


def surveyed(root: Path) -> Layout:
    """Walk over the three levels of an estate; files that are no YAML are left alone."""
    found = Layout()
    for name, is_folder, path in _entries(root, FOLDER):
        if path in (ESTATE, COMPANY) and not is_folder:
            found.shared.add(path)
        elif path == STAGES and is_folder:
            _stages(root, found)
        elif path == SCHEMAS and is_folder:
            continue
        elif is_folder and SEGMENT.match(name):
            _team(root, path, found)
        else:
            _astray(root, found, name, path, is_folder)
    found.stacks.sort()
    return found


def _stages(root: Path, found: Layout) -> None:
    for name, is_folder, path in _entries(root, STAGES):
        if not is_folder and name.endswith(SUFFIX) and SEGMENT.match(name.removesuffix(SUFFIX)):
            found.shared.add(path)
        else:
            _astray(root, found, name, path, is_folder)


def _team(root: Path, folder: str, found: Layout) -> None:
    for name, is_folder, path in _entries(root, folder):
        if name == DEFAULTS and not is_folder:
            found.shared.add(path)
        elif is_folder and SEGMENT.match(name):
            _project(root, path, found)
        else:
            _astray(root, found, name, path, is_folder)


def _project(root: Path, folder: str, found: Layout) -> None:
    _, team, project = folder.split("/")
    for name, is_folder, path in _entries(root, folder):
        stage = name.removesuffix(SUFFIX)
        if name == DEFAULTS and not is_folder:
            found.shared.add(path)
        elif not is_folder and stage != name and SEGMENT.match(stage):
            found.stacks.append(StackId(team, project, stage))
        else:
            _astray(root, found, name, path, is_folder)


def _entries(root: Path, folder: str) -> Iterator[tuple[str, bool, str]]:
    """Yield name, whether a folder, and path, sorted; hidden entries belong to other tools.

    Raises EstateError for a folder that cannot be read.
    """
    try:
        names = sorted(path.name for path in (root / folder).iterdir())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EstateError(f"{folder} cannot be read: {reason}") from error
    for name in names:
        if not name.startswith("."):
            yield name, (root / folder / name).is_dir(), f"{folder}/{name}"


def _astray(root: Path, found: Layout, name: str, path: str, is_folder: bool) -> None:
    nowhere = not is_folder and not (root / path).exists()
    if not (is_folder or nowhere or name.endswith((SUFFIX, ".yml", ".json"))):
        return
    if nowhere:
        problem, hint = "is a link that leads nowhere", "delete it, or mend it"
    elif name.endswith(".yml"):
        problem, hint = "is read by nothing: stack files end in .yaml", "rename it"
    elif name.startswith("_"):
        problem, hint = "is read by nothing: no such shared file", SHARED
    elif not SEGMENT.match(name.removesuffix(SUFFIX)):
        problem = "is no name for a team, project or stage"
        hint = "2 to 32 lower-case letters, digits and hyphens, starting with a letter"
    else:
        problem, hint = "is read by nothing: it stands in the wrong place", PLACE
    found.astray.append(StackFileError(path, 0, 0, "", problem, hint=hint))
