"""Private words stay out of what people read: help, errors, hints, YAML keys, descriptions.

Identifiers and comments are not searched.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from stackyard.estate import schema
from stackyard_cli import app

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("components", "cli", "policies", "sandbox")

FORMER_KEYS = (
    *("better", "not_starter", "bake_on", "outside_uri", "at_most_days", "cold_after_days"),
    *("delete_after_days", "start_seconds", "callers", "tell"),
)
WORDS = {
    r"tells?|told|said": "report, show, message",
    r"words?(?! splitting)": "message, text; attestation",
    r"places?": "path, position, location, context",
    r"doors?": "access point",
    r"walls?|fences?|fenced|unfenced": "ingress policy, deny statement",
    r"hands|handed": "executor, role",
    r"grounds?|yards?": "context, environment",
    r"forges?": "Git host",
    r"judges?|judged": "policy source, check",
    r"contract order": "dependency order",
    r"leftovers?": "orphaned resources",
    r"held to": "enforced",
    r"turns? cold|gone": "transition, permanently deleted",
    r"plain\(\)": "to_dict()",
}
"""Each private word, as a regular expression, and what to write instead."""

ALLOWED = re.compile(r"`stackyard leftovers\b[^`]*`|`leftovers`|in place|take place")
"""The command `leftovers` keeps its name; `in place` is the engine's term for an update."""

PRIVATE = re.compile("|".join(rf"\b(?:{word})(?!\w)" for word in WORDS), re.IGNORECASE)
TEXT_NAMES = {"message", "hint", "problem", "text"}


def private_words(text: str) -> list[str]:
    """Return the private words of a text."""
    return PRIVATE.findall(ALLOWED.sub("", text))


def errors_and_hints(tree: ast.AST) -> Iterator[str]:
    """Yield what a module passes to an error, and what it calls a message or a hint."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func).endswith(("Error", "Errors", "Problem")):
            for value in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from _strings(value)
        elif isinstance(node, ast.keyword) and node.arg == "hint":
            yield from _strings(node.value)
        elif isinstance(node, ast.Assign):
            names = {_name(each) for target in node.targets for each in ast.walk(target)}
            if names & TEXT_NAMES:
                yield from _strings(node.value)


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def help_texts(command: Any) -> Iterator[str]:
    """Yield the help of a command, of its options and arguments, and of its subcommands."""
    yield command.help or ""
    for parameter in command.params:
        yield f"{' '.join(parameter.opts)} {parameter.metavar or ''}"
        yield str(getattr(parameter, "help", None) or "")
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from help_texts(command.get_command(context, name))


def keys_and_descriptions(node: Any) -> Iterator[tuple[str, str]]:
    """Yield each key of a JSON Schema with its description."""
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield key, str(value.get("description", ""))
        yield "", str(node.get("description", ""))
    for below in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from keys_and_descriptions(below)


@pytest.mark.parametrize("package", PACKAGES)
def test_errors_and_hints_have_no_private_words(package: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {text}": words
        for path in sorted((ROOT / package).rglob("*.py"))
        for text in errors_and_hints(ast.parse(path.read_text()))
        if (words := private_words(text))
    }
    assert found == {}


def test_help_has_no_private_words() -> None:
    texts = [*help_texts(app._tree()), *(text for _, _, text in app.COMMANDS.values())]
    assert len(texts) > 200
    assert {text: words for text in texts if (words := private_words(text))} == {}


@pytest.mark.parametrize("name", schema.NAMES)
def test_schemas_have_no_private_words_and_no_former_keys(name: str) -> None:
    entries = list(keys_and_descriptions(json.loads(schema.text(name))))
    assert {text: words for _, text in entries if (words := private_words(text))} == {}
    keys = {key for key, _ in entries}
    assert keys & set(FORMER_KEYS) == set()
    assert {key for key in keys if private_words(key.replace("_", " "))} == set()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise EstateError(f'{one} was told')", ["told"]),
        ("problem = Problem(('a',), 'x', hint='ask the Forge')", ["Forge"]),
        ("hint = 'open the door' if x else ''", ["door"]),
        ("problem, hint = 'is a wall', 'ask'", ["wall"]),
        ("raise OtherError('`stackyard leftovers A/B/C` updates it in place')", []),
        ("print('told')", []),
    ],
)
def test_a_private_word_is_found(source: str, words: list[str]) -> None:
    found = [word for text in errors_and_hints(ast.parse(source)) for word in private_words(text)]
    assert sorted(set(found)) == words
