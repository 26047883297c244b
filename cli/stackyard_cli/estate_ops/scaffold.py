"""Renders new estates and new stack files from the templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.aws_location import AwsLocation
from stackyard.templates import template
from stackyard_cli.errors import ExitCode, StackyardError

if TYPE_CHECKING:
    from stackyard.estate.estate import Estate
    from stackyard.naming import StackId

TEMPLATES = Path(__file__).parents[1] / "templates"
SUFFIX = ".j2"


def new_estate(directory: Path, name: str | None) -> dict[str, str]:
    """Return the files of a new estate: templates, schemas, and the platform's stacks for dev.

    Raises StackyardError if the folder has anything in it, or if no valid name can be derived.
    """
    from stackyard.estate import layout, schema
    from stackyard.naming import StackId

    name = _estate_name(directory, name)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        hint = "name a folder that does not exist yet, or an empty one"
        raise StackyardError(f"{directory} is not empty", hint=hint, code=ExitCode.INVALID)
    texts = {each: rendered(f"estate/{each}", name=name) for each in names("estate")}
    texts |= {f"{layout.SCHEMAS}/{each}.json": schema.text(each) for each in schema.NAMES}
    for blueprint in ("foundation", "services"):
        stack = StackId("platform", blueprint, "dev")
        preset = f"presets/{blueprint}/minimal.yaml"
        texts[layout.file_of(stack)] = rendered(preset, stack=stack)
    return texts


def new_stack(
    estate: Estate, project: str, stage: str, preset: str | None
) -> tuple[StackId, Path, str]:
    """Return the id, path and text of a new stack file; raises StackyardError if it exists."""
    from stackyard.estate import layout

    stack = _stack_id(project, stage)
    path = estate.root / layout.file_of(stack)
    if path.exists():
        hint = f"edit it, or show it with `stackyard show {stack}`"
        raise StackyardError(f"{path} exists", hint=hint, code=ExitCode.INVALID)
    if not path.parent.resolve().is_relative_to(estate.root.resolve()):
        message = f"{path.parent} is a link to a folder outside the estate"
        hint = "replace the link by a folder"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    source = _preset(estate.blueprint(stack), preset)
    inherited = estate.load_text(stack, "{}\n").config
    location = AwsLocation(inherited.account, inherited.region)
    text = rendered(source, stack=stack, account_root=location.global_arn("iam", "root"))
    estate.load_text(stack, text)
    return stack, path, text


def rendered(name: str, /, **values: object) -> str:
    """Return the text of a template in `templates/`; a missing value is an error."""
    return template(TEMPLATES, name + SUFFIX).render(values)


def names(folder: str) -> list[str]:
    """Return the paths of the templates below a folder of `templates/`, sorted."""
    base = TEMPLATES / folder
    paths = (path.relative_to(base).as_posix() for path in base.rglob(f"*{SUFFIX}"))
    return sorted(name.removesuffix(SUFFIX) for name in paths)


def _estate_name(directory: Path, name: str | None) -> str:
    """Return the given name, else one derived from the folder's name."""
    from stackyard.naming import SEGMENT

    derived = re.sub(r"[^a-z0-9]+", "-", directory.absolute().name.lower()).strip("-0123456789")
    chosen = name or (derived[:32].rstrip("-") if len(derived) > 1 else "estate")
    if not SEGMENT.match(chosen):
        message = f"not a valid name of an estate (got {name!r})"
        hint = "use 2 to 32 lower-case letters, digits and hyphens, starting with a letter"
        raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
    return chosen


def _stack_id(project: str, stage: str) -> StackId:
    from stackyard.naming import StackId

    try:
        stack = StackId.parse(f"{project}/{stage}")
    except ValueError as error:
        hint = "for example `stackyard new ranking/clicks --stage dev`"
        raise StackyardError(str(error), hint=hint, code=ExitCode.INVALID) from None
    if stack.problem is not None:
        problem, hint = stack.problem
        raise StackyardError(f"the path {stack} {problem}", hint=hint, code=ExitCode.INVALID)
    return stack


def _preset(blueprint: str, preset: str | None) -> str:
    """Return the template of a preset; each blueprint has its own presets."""
    known = [name.removesuffix(".yaml") for name in names(f"presets/{blueprint}")]
    chosen = preset or "minimal"
    if chosen not in known:
        hint = f"the presets of {blueprint} are {', '.join(known)}"
        raise StackyardError(f"no preset {chosen!r}", hint=hint, code=ExitCode.INVALID)
    return f"presets/{blueprint}/{chosen}.yaml"
