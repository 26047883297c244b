"""Layout of an estate on disk: stack files, shared files, and stray files, which are never read."""

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

STACK_PATH = "a stack is stacks/TEAM/PROJECT/STAGE.yaml"
SHARED_FILES = "shared files are _defaults.yaml, and _stages/STAGE.yaml at the top"


@dataclass
class Layout:
    """The files below `stacks/`."""

    stacks: list[StackId] = field(default_factory=list)
    """The stacks, sorted."""

    shared: set[str] = field(default_factory=set)
    """The shared files, as paths below the estate."""

    stray: list[StackFileError] = field(default_factory=list)
    """Problems of files and folders that look like stack files but are not read."""


def file_of(stack: StackId) -> str:
    """Return the path of a stack's file, relative to the estate."""
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


def closeness(file: str) -> int:
    """Return how close a file is to a stack: 0 for the company's, most for the stack's own."""
    if file.startswith(STAGES):
        return 1
    depth = file.count("/") - FOLDER.count("/")
    return (0, 0, 2, 3)[min(depth, 3)] + (depth > 2 and not file.endswith(DEFAULTS))


def scan(root: Path) -> Layout:
    """Return the layout of an estate; files that are not YAML or JSON are ignored."""
    layout = Layout()
    for name, is_folder, path in _entries(root, FOLDER):
        if path in (ESTATE, COMPANY) and not is_folder:
            layout.shared.add(path)
        elif path == STAGES and is_folder:
            _stages(root, layout)
        elif path == SCHEMAS and is_folder:
            continue
        elif is_folder and SEGMENT.match(name):
            _team(root, path, layout)
        else:
            _stray(root, layout, name, path, is_folder)
    layout.stacks.sort()
    return layout


def _stages(root: Path, layout: Layout) -> None:
    for name, is_folder, path in _entries(root, STAGES):
        if not is_folder and name.endswith(SUFFIX) and SEGMENT.match(name.removesuffix(SUFFIX)):
            layout.shared.add(path)
        else:
            _stray(root, layout, name, path, is_folder)


def _team(root: Path, folder: str, layout: Layout) -> None:
    for name, is_folder, path in _entries(root, folder):
        if name == DEFAULTS and not is_folder:
            layout.shared.add(path)
        elif is_folder and SEGMENT.match(name):
            _project(root, path, layout)
        else:
            _stray(root, layout, name, path, is_folder)


def _project(root: Path, folder: str, layout: Layout) -> None:
    _, team, project = folder.split("/")
    for name, is_folder, path in _entries(root, folder):
        stage = name.removesuffix(SUFFIX)
        if name == DEFAULTS and not is_folder:
            layout.shared.add(path)
        elif not is_folder and stage != name and SEGMENT.match(stage):
            stack = StackId(team, project, stage)
            layout.stacks.append(stack)
            if stack.problem is not None:
                problem, hint = stack.problem
                layout.stray.append(StackFileError(path, 1, 1, "", problem, hint=hint))
        else:
            _stray(root, layout, name, path, is_folder)


def _entries(root: Path, folder: str) -> Iterator[tuple[str, bool, str]]:
    """Yield name, whether it is a folder, and path, sorted; hidden entries are skipped.

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


def _stray(root: Path, layout: Layout, name: str, path: str, is_folder: bool) -> None:
    is_broken = not is_folder and not (root / path).exists()
    if not (is_folder or is_broken or name.endswith((SUFFIX, ".yml", ".json"))):
        return
    if is_broken:
        problem, hint = "is a broken link", "delete or repair it"
    elif name.endswith(".yml"):
        problem, hint = "is not read: stack files end in .yaml", "rename it"
    elif name.startswith("_"):
        problem, hint = "is not read: it is not a known shared file", SHARED_FILES
    elif not SEGMENT.match(name.removesuffix(SUFFIX)):
        problem = "is not a valid name of a team, project or stage"
        hint = "use 2 to 32 lower-case letters, digits and hyphens, starting with a letter"
    else:
        problem, hint = "is not read: it is in the wrong folder", STACK_PATH
    layout.stray.append(StackFileError(path, 0, 0, "", problem, hint=hint))
