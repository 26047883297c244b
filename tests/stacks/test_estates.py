from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from stackyard.estate import layout, schema
from stackyard.estate.estate import Estate
from stackyard.estate.files import Files

ROOT = Path(__file__).resolve().parents[2]
ESTATES = [ROOT, *sorted(path.parents[1] for path in ROOT.glob("examples/*/stacks/_estate.yaml"))]


@pytest.fixture(params=ESTATES, ids=lambda root: root.name)
def estate(request: pytest.FixtureRequest) -> Estate:
    return Estate(request.param)


def test_every_stack_is_valid(estate: Estate) -> None:
    assert estate.stacks()
    assert estate.check(estate.stacks()) == []


def test_every_file_names_its_schema(estate: Estate) -> None:
    """An editor finds the schema; a shared file's allows any blueprint's sections."""
    wrong = {}
    for path in sorted((estate.root / layout.FOLDER).rglob("*.yaml")):
        file = path.relative_to(estate.root).as_posix()
        first = path.read_text().splitlines()[0]
        named = (path.parent / first.rpartition("$schema=")[2]).resolve()
        if named != (ROOT / layout.SCHEMAS / f"{_schema_of(file)}.json").resolve() and (
            named != (estate.root / layout.SCHEMAS / f"{_schema_of(file)}.json").resolve()
        ):
            wrong[file] = first
    assert wrong == {}


def _schema_of(file: str) -> str:
    if file == layout.ESTATE:
        return schema.ESTATE
    if file == layout.COMPANY or file.startswith(layout.STAGES):
        return schema.SHARED
    parts = file.split("/")
    for known in ("foundation", "services"):
        if parts[1:3] == ["platform", known]:
            return known
    return "project"


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    committed = (ROOT / layout.SCHEMAS / f"{name}.json").read_text()
    assert committed == schema.text(name), "run `stackyard schema --write`"


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_schemas_close_every_object_and_mark_what_cannot_change(name: str) -> None:
    text = schema.text(name)
    assert '"null"' not in text
    assert ("x-immutable" in text) == (name != schema.ESTATE)
    objects = [json.loads(text), *json.loads(text).get("$defs", {}).values()]
    loose = [each["title"] for each in objects if each.get("properties") and _is_open(each)]
    assert loose == []


def _is_open(definition: dict[str, object]) -> bool:
    return definition.get("additionalProperties") is not False


def test_the_schemas_accept_what_stackyard_accepts() -> None:
    """Read by an independent validator: every file of the reference estate fits its schema."""
    for path in sorted((ROOT / layout.FOLDER).rglob("*.yaml")):
        file = path.relative_to(ROOT).as_posix()
        validator = jsonschema.Draft202012Validator(schema.schema(_schema_of(file)))
        found = [error.message for error in validator.iter_errors(Files(ROOT).tree(file).to_dict())]
        assert found == [], file
