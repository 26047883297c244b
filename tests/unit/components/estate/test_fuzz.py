"""Whatever is in a file: a config or StackFileErrors, never another exception, never a secret."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackyard.estate.errors import StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from tests.support.estates import SmallEstate

DEFECTS = StackId("vision", "defects", "dev")
WHOLE = """\
tags: {a: b}
datasets:
  images: {kind: raw, directories: [in, out]}
access:
  audiences:
    scientist: {trusted: ["arn:aws:iam::123456789012:root"], datasets: {"*": read}}
secrets:
  entries:
    camera: {readers: [scientist], description: "opens it", rotation_days: 90}
retention: {raw: {transition_after_days: 30}}
namespace: {quota: {gpus: 2, memory: 64Gi}}
"""
SECRETS = ("hunter2hunter2", "AKIAHUNTER2HUNTER234")

quick = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def small() -> Iterator[SmallEstate]:
    root = Path(tempfile.mkdtemp())
    yield SmallEstate(root)
    shutil.rmtree(root)


def told(small: SmallEstate, content: bytes) -> str:
    """Load the stack with this content; what is told about it, or nothing if it is valid."""
    (small.root / "stacks/vision/defects/dev.yaml").write_bytes(content)
    try:
        return "" if Estate(small.root).load(DEFECTS).effective else "nothing"
    except StackFileErrors as errors:
        return str(errors) + json.dumps([each.to_dict() for each in errors.problems])


@quick
@given(st.binary(max_size=200))
def test_any_bytes(small: SmallEstate, content: bytes) -> None:
    told(small, content)


@quick
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`?,~ \n\t\\0123.<", max_size=60))
def test_any_text_of_yaml_signs(small: SmallEstate, text: str) -> None:
    told(small, text.encode())


@quick
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 12), st.text(max_size=6))
def test_any_small_change_of_a_whole_file(small: SmallEstate, at: int, gone: int, new: str) -> None:
    told(small, (WHOLE[:at] + new + WHOLE[at + gone :]).encode("utf-8", "surrogatepass"))


WORDS = (
    "tags datasets images kind access audiences scientist secrets entries retention raw quota "
    "namespace personal trusted owner * x [key]"
)
FIELDS = st.sampled_from(WORDS.split())
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


@quick
@given(
    st.dictionaries(
        FIELDS,
        st.recursive(
            LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(FIELDS, below)
        ),
        max_size=5,
    )
)
def test_any_tree(small: SmallEstate, tree: dict[str, object]) -> None:
    told(small, yaml.safe_dump(tree, allow_unicode=True).encode())


@quick
@given(
    st.sampled_from([line.split(":")[0] for line in WHOLE.splitlines() if line[0] != " "]),
    st.lists(FIELDS, max_size=3),
    st.sampled_from(["password", "api_token", "SecretKey", "credentials", "passphrase"]),
    st.sampled_from(SECRETS),
)
def test_no_secret_is_ever_told(
    small: SmallEstate, top: str, path: list[str], name: str, secret: str
) -> None:
    value: object = {name: secret}
    for step in path:
        value = {step: value}
    assert secret not in told(small, yaml.safe_dump({top: value}).encode())


@quick
@given(st.lists(FIELDS, min_size=1, max_size=4))
def test_what_looks_like_a_secret_is_told_nowhere(small: SmallEstate, path: list[str]) -> None:
    value: object = SECRETS[1]
    for step in path:
        value = {step: value}
    assert SECRETS[1] not in told(small, yaml.safe_dump(value).encode())


def test_the_whole_file_is_valid(small: SmallEstate) -> None:
    assert told(small, WHOLE.encode()) == ""
