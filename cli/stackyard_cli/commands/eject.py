"""`eject`: write a stack as an ordinary Pulumi project, so that nobody is locked in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from stackyard_cli import render
from stackyard_cli.backend.location import Location, location_of_estate
from stackyard_cli.backend.pulumi_binary import sdk_version
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")]

MAIN = '''\
"""The stack {stack} as an ordinary Pulumi program; `pulumi up` makes the same resources."""

import pulumi
from stackyard import StackId, name_resources, stack_program

UPSTREAMS = {upstreams!r}
"""The stacks of the same stage whose outputs this one reads."""

name_resources()
build = stack_program(
    {blueprint!r},
    StackId.parse({stack!r}),
    pulumi.Config().require_object("stack"),
    {{name: StackId.parse(path) for name, path in UPSTREAMS.items()}},
)
build()
'''

README = """\
# {stack}, as an ordinary Pulumi project

Written by `stackyard eject`. It needs Python, the Pulumi CLI and the packages in
`requirements.txt`; `stackyard` is a library of Pulumi components here, its command is not used.

    pip install -r requirements.txt
    pulumi stack select {reference}
    pulumi preview

`Pulumi.yaml` names the backend, so this is the same stack with the same state: `pulumi preview`
shows no changes. Its config is in `Pulumi.{stage}.yaml`, under `stack`. Secrets in the state are
encrypted with {secrets}.
"""


def eject(stack: Stack, folder: Folder, json: Json = False, estate: EstateDir = None) -> None:
    """Write a stack as an ordinary Pulumi project that makes the same resources."""
    from importlib.metadata import version

    from stackyard.estate.estate import Estate

    found = Estate.find(Path.cwd(), estate)
    chosen = found.one(stack)
    loaded = found.load(chosen)
    location = location_of_estate(found)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StackyardError(
            f"{folder} is not empty; nothing written",
            hint="name a folder that does not exist yet",
            code=ExitCode.INVALID,
        )
    upstreams = {name: str(path) for name, path in found.upstreams(chosen).items()}
    facts = {"stack": str(chosen), "blueprint": loaded.blueprint, "upstreams": upstreams}
    names = {"reference": chosen.reference, "stage": chosen.stage, "secrets": _secrets(location)}
    files = {
        "Pulumi.yaml": _yaml(_project(chosen.pulumi_project, location)),
        f"Pulumi.{chosen.stage}.yaml": _yaml(
            {
                **yaml.safe_load(location.records(chosen).key_file() or b"{}"),
                "config": {f"{chosen.pulumi_project}:stack": loaded.effective},
            }
        ),
        "__main__.py": MAIN.format(**facts),
        "requirements.txt": (
            f"stackyard[grafana]=={version('stackyard')}\npulumi=={sdk_version()}\n"
        ),
        "README.md": README.format(**facts, **names),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    written = [str(folder / name) for name in files]
    render.answer({"written": written}, json=json, text="\n".join(written))


def _project(name: str, location: Location) -> dict[str, Any]:
    return {
        "name": name,
        "runtime": "python",
        "description": "Ejected from a Stackyard estate",
        "backend": {"url": location.backend_url},
    }


def _secrets(location: Location) -> str:
    if location.secrets_provider != "passphrase":
        return f"`{location.secrets_provider}`"
    file = location.environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file is None:
        return "the passphrase in your environment (`PULUMI_CONFIG_PASSPHRASE_FILE`)"
    return f"a passphrase: `export PULUMI_CONFIG_PASSPHRASE_FILE={file}`"


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
