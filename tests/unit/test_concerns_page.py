"""The page on the twelve concerns: what it shows is accepted, and its commands are there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from stackyard.blueprints.catalogue import BLUEPRINTS, config_class
from stackyard_cli.app import Tree

PAGE = (Path(__file__).parents[2] / "docs/concerns.md").read_text(encoding="utf-8")

BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
"""Language and text of every block."""


def sections() -> list[tuple[str, Any]]:
    """Return every section of a stack file that the page shows, by its key."""
    found = [yaml.safe_load(block) for language, block in BLOCKS if language == "yaml"]
    inline = re.findall(r"`([a-z_]+: \{[^`…\n]*\})`", PAGE)
    known = {name for one in BLUEPRINTS for name in config_class(one).model_fields}
    found += [each for each in map(yaml.safe_load, inline) if set(each) <= known]
    return [(key, value) for each in found for key, value in each.items()]


@pytest.mark.parametrize(("key", "value"), sections(), ids=lambda each: str(each)[:40])
def test_what_it_shows_is_accepted(key: str, value: Any) -> None:
    models = [config_class(one) for one in BLUEPRINTS]
    fields = [one.model_fields[key] for one in models if key in one.model_fields]
    assert fields, f"no blueprint knows `{key}`"
    refused = []
    for field in fields:
        try:
            # As a stack file is read: strictly, and from JSON.
            TypeAdapter(field.annotation).validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            refused.append(str(error))
    assert len(refused) < len(fields), "\n".join(refused)


def commands() -> Iterator[str]:
    for language, block in BLOCKS:
        for line in block.splitlines() if not language else ():
            if line.startswith("stackyard "):
                yield line.split(" |")[0].split(" >>")[0].partition("   #")[0]


@pytest.mark.parametrize("line", list(commands()))
def test_its_commands_are_there(line: str) -> None:
    """Parsed as the command would: subcommands, arguments and options; nothing runs."""
    words = shlex.split(line)[1:]
    command: Any = Tree(name="stackyard").get_command(None, words[0])
    rest = words[1:]
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context(line, list(rest)).close()
