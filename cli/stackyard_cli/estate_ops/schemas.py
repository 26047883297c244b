"""The JSON Schemas of stack files, compared with the files in `stacks/_schema/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard.estate import layout, schema
from stackyard.estate.estate import Estate
from stackyard_cli.errors import ExitCode, StackyardError


def names(name: str | None) -> list[str]:
    """Return one schema's name, or all; raises StackyardError for an unknown one."""
    if name is None:
        return list(schema.NAMES)
    if name not in schema.NAMES:
        hint = f"there are {', '.join(schema.NAMES)}"
        raise StackyardError(f"no schema {name!r}", hint=hint, code=ExitCode.INVALID)
    return [name]


def answer(name: str | None) -> dict[str, Any]:
    """Return one schema, or all schemas by name."""
    schemas = {each: schema.schema(each) for each in names(name)}
    return schemas[name] if name else schemas


def files(name: str | None, estate_dir: Path | None) -> dict[Path, str]:
    """Return the expected text of each schema file of an estate."""
    root = Estate.find(Path.cwd(), estate_dir).root
    return {root / layout.SCHEMAS / f"{each}.json": schema.text(each) for each in names(name)}


def outdated(expected: dict[Path, str]) -> list[str]:
    """Return the files that are missing or different."""
    return [
        str(path)
        for path, text in expected.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def refuse_outdated(stale: list[str], count: int) -> None:
    """Raise StackyardError if some of the `count` files are outdated."""
    if stale:
        raise StackyardError(
            f"{len(stale)} of {count} schemas are not up to date",
            hint="run `stackyard schema --write` and commit the result",
            details=stale,
            facts={"stale": stale},
        )
