"""`init`, `new`, `list`, `show`, `validate`: the verbs that need files only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stackyard_cli import render
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Selection, Stack

if TYPE_CHECKING:
    from stackyard.estate.errors import StackFileError
    from stackyard.estate.estate import Estate
    from stackyard.estate.loaded import Loaded
    from stackyard.naming import StackId

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.")]
EstateName = Annotated[
    str | None,
    typer.Option("--name", help="Name of the estate; the folder's by default.", show_default=False),
]
Project = Annotated[
    str, typer.Argument(metavar="TEAM/PROJECT", help="Whose project, and which one.")
]
Stage = Annotated[str, typer.Option("--stage", help="The stage, for example dev.")]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="What to start from: minimal, vision or tabular for projects.",
        show_default=False,
    ),
]
Origin = Annotated[bool, typer.Option("--origin", help="Show where each value was written.")]


def init(directory: Directory, name: EstateName = None, json: Json = False) -> None:
    """Make a new estate from templates: stages, a foundation and services, ready to extend."""
    from stackyard_cli.files import write_new

    name = _estate_name(directory, name)
    _refuse_taken(directory)
    texts = _estate_texts(name)
    for file, text in texts.items():
        write_new(directory / file, text)
    _check(_found(directory), None)
    rows = [{"file": str(directory / file)} for file in sorted(texts)]
    render.table(("file",), rows, json=json)
    render.narrate(f"next: cd {directory} && stackyard new TEAM/PROJECT --stage dev")


def new(
    project: Project,
    stage: Stage,
    preset: Preset = None,
    json: Json = False,
    estate: EstateDir = None,
) -> None:
    """Stamp out a commented stack file for a project in a stage; never overwrites one."""
    from stackyard.estate import layout
    from stackyard_cli.estate_ops.scaffold import stamped
    from stackyard_cli.files import write_new

    found = _found(estate)
    stack = _new_stack(project, stage)
    path = found.root / layout.file_of(stack)
    if path.exists():
        hint = f"edit it, or look at it with `stackyard show {stack}`"
        raise StackyardError(f"{path} exists", hint=hint, code=ExitCode.INVALID)
    if not path.parent.resolve().is_relative_to(found.root.resolve()):
        raise StackyardError(f"{path.parent} leads out of the estate", code=ExitCode.INVALID)
    template = _preset(found.blueprint(stack), preset)
    account = found.tried(stack, "{}\n").config.account
    text = stamped(template, stack=stack, account=account)
    found.tried(stack, text)
    write_new(path, text)
    render.answer({"stack": str(stack), "file": str(path)}, json=json, text=str(path))
    render.narrate(f"next: edit it, then `stackyard preview {stack}`")


def list_stacks(selection: Selection = None, json: Json = False, estate: EstateDir = None) -> None:
    """List the stacks of the estate: what builds them, who answers, what they hold."""
    found = _found(estate)
    rows = [_row(found, stack) for stack in found.select(selection)]
    render.table(("stack", "blueprint", "owner", "sections", "valid"), rows, json=json)
    if not all(row["valid"] for row in rows):
        render.narrate("some stacks are not valid: `stackyard validate` says why", "yellow")


def show(
    stack: Stack, origin: Origin = False, json: Json = False, estate: EstateDir = None
) -> None:
    """Show what a stack's files say together, and with --origin where each value was written."""
    found = _found(estate)
    loaded = found.load(found.one(stack))
    if origin:
        render.table(("path", "value", "origin"), _values(loaded, as_written=not json), json=json)
        return
    import yaml

    facts = {
        "stack": str(loaded.id),
        "blueprint": loaded.blueprint,
        "digest": loaded.digest,
        "config": loaded.effective,
    }
    text = yaml.safe_dump(loaded.effective, sort_keys=False, allow_unicode=True).rstrip()
    render.answer(facts, json=json, text=text)


def validate(selection: Selection = None, json: Json = False, estate: EstateDir = None) -> None:
    """Check stack files and name every error at once, with file, line and column."""
    count = _check(_found(estate), selection)
    text = f"{count} stack is valid" if count == 1 else f"{count} stacks are valid"
    render.answer({"stacks": count, "problems": []}, json=json, text=text)


def _found(directory: Path | None) -> Estate:
    from stackyard.estate.estate import Estate

    return Estate.find(Path.cwd(), directory)


def _check(estate: Estate, selection: list[str] | None) -> int:
    from stackyard.estate.errors import StackFileErrors

    stacks = estate.select(selection)
    problems = estate.check(stacks) or _expired(estate, stacks)
    if problems:
        raise StackFileErrors(problems)
    return len(stacks)


def _expired(estate: Estate, stacks: list[StackId]) -> list[StackFileError]:
    """Return the exceptions whose last day has passed; models have no clock, so it is done here."""
    from stackyard_cli.review import blast_radius, policies
    from stackyard_cli.review.dates import today

    for stage in {stack.stage for stack in stacks}:
        policies.levels_of(estate.settings, stage, today())
    return [
        problem for stack in stacks for problem in blast_radius.expired(estate.load(stack), today())
    ]


def _estate_name(directory: Path, name: str | None) -> str:
    """Return the name that is given, else one made from the folder's."""
    import re

    from stackyard.naming import SEGMENT

    made = re.sub(r"[^a-z0-9]+", "-", directory.absolute().name.lower()).strip("-0123456789")
    found = name or (made[:32].rstrip("-") if len(made) > 1 else "estate")
    if not SEGMENT.match(found):
        hint = "2 to 32 lower-case letters, digits and hyphens, starting with a letter"
        raise StackyardError(f"no name for an estate: {name!r}", hint=hint, code=ExitCode.INVALID)
    return found


def _refuse_taken(directory: Path) -> None:
    hint = "name a folder that does not exist yet, or an empty one"
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StackyardError(f"{directory} is not empty", hint=hint, code=ExitCode.INVALID)


def _estate_texts(name: str) -> dict[str, str]:
    """Return the files of a new estate: templates, schemas, and the platform's stacks for dev."""
    from stackyard.estate import layout, schema
    from stackyard.naming import StackId
    from stackyard_cli.estate_ops.scaffold import names, stamped

    texts = {each: stamped(f"estate/{each}", name=name) for each in names("estate")}
    texts |= {f"{layout.SCHEMAS}/{each}.json": schema.text(each) for each in schema.NAMES}
    for blueprint in ("foundation", "services"):
        stack = StackId("platform", blueprint, "dev")
        preset = f"presets/{blueprint}/minimal.yaml"
        texts[layout.file_of(stack)] = stamped(preset, stack=stack)
    return texts


def _new_stack(project: str, stage: str) -> StackId:
    from stackyard.estate.errors import EstateError
    from stackyard.naming import StackId

    try:
        return StackId.parse(f"{project}/{stage}")
    except ValueError as error:
        raise EstateError(
            str(error), "for example `stackyard new ranking/clicks --stage dev`"
        ) from None


def _preset(blueprint: str, preset: str | None) -> str:
    """Return the template of a preset; each blueprint has its own, the first by default."""
    from stackyard_cli.estate_ops.scaffold import names

    known = [name.removesuffix(".yaml") for name in names(f"presets/{blueprint}")]
    chosen = preset or "minimal"
    if chosen not in known:
        hint = f"for a {blueprint} there are {', '.join(known)}"
        raise StackyardError(f"no preset {chosen!r}", hint=hint, code=ExitCode.INVALID)
    return f"presets/{blueprint}/{chosen}.yaml"


def _row(estate: Estate, stack: StackId) -> dict[str, Any]:
    from stackyard.estate.errors import StackFileErrors

    try:
        loaded = estate.load(stack)
    except StackFileErrors:
        return {"stack": str(stack), "valid": False}
    return {
        "stack": str(stack),
        "blueprint": loaded.blueprint,
        "owner": loaded.config.owner,
        "sections": loaded.sections,
        "valid": True,
    }


def _values(loaded: Loaded, *, as_written: bool) -> list[dict[str, Any]]:
    from stackyard.field_path import dotted

    rows = []
    for path, node in loaded.tree.leaves():
        empty = isinstance(node.value, dict | list)
        value = node.text if as_written and not empty else node.to_dict()
        rows.append({"path": dotted(path), "value": value, "origin": str(node.origin)})
    return rows
