"""Writes a stack as a plain Pulumi project, which needs the library but not the command."""

from __future__ import annotations

import json
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import yaml

from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend.location import Location, location_of_estate
from stackyard_cli.backend.pulumi_binary import sdk_version
from stackyard_cli.errors import ExitCode, StackyardError

MAIN = '''\
"""The stack {stack} as a plain Pulumi program; `pulumi up` creates the same resources."""

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

INDEX_NOTE = """\
# Name the index that has Stackyard with `pip install --index-url`: a public index may have another
# package of this name.
"""

README = """\
# {stack}, as a plain Pulumi project

Written by `stackyard eject`. It needs Python, the Pulumi CLI and the packages in
`requirements.txt`; `stackyard` is used as a library of Pulumi components; its command is not.

    pip install --index-url YOUR_INDEX -r requirements.txt
    pulumi stack select {reference}
    pulumi preview

`Pulumi.yaml` names the backend, so this is the same stack with the same state: `pulumi preview`
shows no changes. Its config is in `Pulumi.{stage}.yaml`, under `stack`. Secrets in the state are
encrypted with {secrets}.
"""


def ejected(stack: str, folder: Path, estate_dir: Path | None) -> list[str]:
    """Write the project's files into a new or empty folder; return their paths."""
    estate = Estate.find(Path.cwd(), estate_dir)
    chosen = estate.one(stack)
    files = _files(estate, chosen, location_of_estate(estate))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StackyardError(
            f"{folder} is not empty; nothing written",
            hint="name a folder that does not exist yet",
            code=ExitCode.INVALID,
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / name) for name in files]


def _files(estate: Estate, stack: StackId, location: Location) -> dict[str, str]:
    loaded = estate.load(stack)
    upstreams = {name: str(path) for name, path in estate.upstreams(stack).items()}
    facts = {"stack": str(stack), "blueprint": loaded.blueprint, "upstreams": upstreams}
    names = {"reference": stack.reference, "stage": stack.stage, "secrets": _secrets(location)}
    key = yaml.safe_load(location.records(stack).key_file() or b"{}")
    config = {f"{stack.pulumi_project}:stack": loaded.effective}
    return {
        "Pulumi.yaml": _yaml(_project(stack.pulumi_project, location)),
        f"Pulumi.{stack.stage}.yaml": _yaml({**key, "config": config}),
        "__main__.py": MAIN.format(**facts),
        "requirements.txt": requirements(),
        "README.md": README.format(**facts, **names),
    }


def requirements() -> str:
    """Return the pinned packages; `stackyard` is from where this installation is, if it says so.

    An index asked by name alone may have another package of that name. Source: PEP 610,
    https://packaging.python.org/en/latest/specifications/direct-url/.
    """
    direct_url = json.loads(distribution("stackyard").read_text("direct_url.json") or "{}")
    url, vcs = direct_url.get("url", ""), direct_url.get("vcs_info")
    if vcs is not None:
        source = f"@ {vcs['vcs']}+{url}@{vcs['commit_id']}"
    elif url.startswith("https://"):
        source = f"@ {url}"
    else:
        source = f"=={version('stackyard')}"
    return f"{INDEX_NOTE}stackyard[grafana]{source}\npulumi=={sdk_version()}\n"


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
