"""The surface that users rely on, as sorted lines of text: docs/compatibility.md.

`python -m tests.unit.compatibility.surface` (`make snapshots`) writes them to the files beside this
one; people review the difference.
"""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import stackyard
from stackyard import contracts as contract_models
from stackyard.budget.prices import Prices
from stackyard.estate import schema as schemas
from stackyard.naming import StackId
from stackyard_cli import app, errors
from tests.support.estates import ROOT, STACKS

HERE = Path(__file__).parent
NOT_TO_BE_ADDED = "! "
"""Marks a demand: a new one breaks what was written before, one that goes breaks nothing."""


def public_names() -> Iterator[str]:
    """Yield each name that `from stackyard import` offers."""
    yield from stackyard.__all__


def yaml_keys() -> Iterator[str]:
    """Yield each key that stack files may hold, its type and the values of an enumeration."""
    for name in schemas.NAMES:
        if name != schemas.SHARED:
            whole = schemas.schema(name)
            yield from (f"{name} {line}" for line in _keys(whole, whole, ""))
    for name in stackyard.__all__:
        value = getattr(stackyard, name)
        for key, field in getattr(value, "model_fields", {}).items():
            if field.is_required() and name.endswith("Config"):
                yield f"{NOT_TO_BE_ADDED}required: {name}.{field.alias or key}"


def _keys(schema: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the lines below one schema; `*` stands for a name that people choose."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    for part in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(part, ()):
            yield from _keys(each, whole, path)
    if path and "type" in schema:
        yield f"{path}: {schema['type']}"
    for value in [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]:
        yield f"{path} = {value}"
    for key, below in schema.get("properties", {}).items():
        yield from _keys(below, whole, f"{path}.{key}" if path else key)
    maps = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    for below in maps:
        if isinstance(below, dict):
            yield from _keys(below, whole, f"{path}.*")
    if isinstance(schema.get("items"), dict):
        yield from _keys(schema["items"], whole, f"{path}[]")


def type_tokens() -> Iterator[str]:
    """Yield each type token that state may hold: those of now, and former ones that are aliases."""
    for path in (ROOT / "components" / "stackyard").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.AnnAssign) or node.value is None:
                continue
            if ast.unparse(node.target) in ("TYPE", "FORMER_TYPES"):
                value = ast.literal_eval(node.value)
                yield from [value] if isinstance(value, str) else value


def contracts() -> Iterator[str]:
    """Yield each field of each contract with its type, and the version of the contract."""
    for name, model in vars(contract_models).items():
        if not (isinstance(model, type) and issubclass(model, contract_models.Contract)):
            continue
        if "VERSION" in vars(model):
            yield f"{name} is version {model.VERSION}"
            for key, field in model.model_fields.items():
                yield f"{name}.{key}: {str(field.annotation).replace('stackyard.contracts.', '')}"
                if field.is_required():
                    yield f"{NOT_TO_BE_ADDED}required: {name}.{key}"


def receipts() -> Iterator[str]:
    """Yield each key of a receipt; made of a change that has something to say everywhere."""
    from stackyard_cli.review import receipt

    yield f"format {receipt.FORMAT}"
    yield from _paths(receipt.receipt(_review(), {}, refresh=False))


def exit_codes() -> Iterator[str]:
    """Yield each exit code with its name."""
    yield from (f"{int(code)} {code.name}" for code in errors.ExitCode)


def options() -> Iterator[str]:
    """Yield each command with its arguments and options."""
    tree: Any = app.Tree(name="stackyard")
    for name in tree.list_commands(None):
        yield from _options(tree.get_command(None, name), name)


def _options(command: Any, words: str) -> Iterator[str]:
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _options(below, f"{words} {name}")
    if hasattr(command, "commands"):
        return
    yield words
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            optional = not parameter.required
            mark = "" if optional else NOT_TO_BE_ADDED
            yield f"{mark}{words} {parameter.name.upper()}{' (optional)' if optional else ''}"
        else:
            yield from (f"{words} {spelled}" for spelled in parameter.opts)
            yield from (f"{words} {spelled}" for spelled in parameter.secondary_opts)


COMMANDS = (
    "list",
    "validate",
    "show vision/defects/dev --origin",
    "policy list",
    "policy explain keys-rotate",
    "access vision/defects/dev",
    "retention vision/defects/dev",
    "images list vision/defects/dev",
    "images catalogue",
    "diff vision/defects/dev vision/defects/staging",
    "promote vision/defects dev staging --dry-run",
    "new a1/b1 --stage dev",
    "receipts show receipt.json",
    "receipts verify receipt.json",
    "receipts diff receipt.json receipt.json",
    "doctor",
    "no-such-command",
)
"""Commands whose answer needs no engine, and an error; each is run with `--json`."""


def json_shapes() -> Iterator[str]:
    """Yield each key of the answers with `--json`."""
    from stackyard_cli.reports import summary
    from stackyard_cli.review import receipt

    review = _review()
    changed = {**summary.to_dict(review.report, []), **review.to_dict()}
    for name in ("preview", "up"):
        yield from (f"{name}: stacks[].{line}" for line in _paths(changed))
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        shutil.copytree(STACKS, Path(folder) / "stacks")
        receipt.write(Path("receipt.json"), receipt.receipt(review, {}, refresh=False))
        for words in COMMANDS:
            printed = StringIO()
            with redirect_stdout(printed), redirect_stderr(StringIO()):
                app.run([*words.split(), "--json"])
            name = " ".join(word for word in words.split()[:2] if word.isalpha() or "-" in word)
            yield from (f"{name}: {line}" for line in _paths(json.loads(printed.getvalue())))


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield f"{path}.{key}".lstrip(".")
            yield from _paths(below, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for below in value:
            yield from _paths(below, f"{path}[]")


def _review() -> Any:
    from stackyard_cli.engine.messages import Change, Step, Violation
    from stackyard_cli.engine.report import Report, Task
    from stackyard_cli.review.cost import cost_of
    from stackyard_cli.review.gate import Review, Stop
    from stackyard_cli.review.steps import normalised

    changes = (Change("policy", "update", "old", "new"),)
    made = Step("start", "urn::one", "aws:s3/bucket:Bucket", "update", changes=changes)
    report = Report(Task(StackId("a1", "b1", "dev"), "project", {}, "", {}), "preview")
    report.steps = {made.urn: made}
    stop = Stop("policy", "message", "hint")
    violation = Violation("mandatory", "rule", "message", "urn::one")
    cost = cost_of([made], Prices("eu-central-1"))
    return Review(report, normalised(report), [violation], cost, [stop], ["warning"])


SURFACES: dict[str, Callable[[], Iterator[str]]] = {
    "public_names": public_names,
    "yaml_keys": yaml_keys,
    "type_tokens": type_tokens,
    "contracts": contracts,
    "receipts": receipts,
    "exit_codes": exit_codes,
    "options": options,
    "json_shapes": json_shapes,
}
"""Kind of surface -> what yields its lines; each has a file of this name."""


def recorded(kind: str) -> set[str]:
    """Return the lines of the committed snapshot."""
    return set((HERE / f"{kind}.txt").read_text().splitlines())


def main() -> None:
    """Write every snapshot anew."""
    for kind, lines in SURFACES.items():
        (HERE / f"{kind}.txt").write_text("".join(f"{line}\n" for line in sorted(set(lines()))))


if __name__ == "__main__":
    main()
