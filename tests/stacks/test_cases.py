"""Each file of `cases/` is named for what must be found in it, and says it in its first lines.

`# file:` is where it is put in a fresh estate (`vision/defects/dev.yaml` if not given), each
`# expect:` is the beginning of one problem (of another file where it starts with `@`), and there
may be no others. `.ok.` files have none.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stackyard.estate.estate import Estate

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def said(text: str, word: str) -> list[str]:
    return re.findall(rf"^# {word}: (.+)$", text, re.M)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, folder: Path) -> None:
    text = case.read_text()
    file = (said(text, "file") or ["vision/defects/dev.yaml"])[0]
    (folder / "stacks" / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / "stacks" / file).write_text(text)
    estate = Estate(folder)
    found = [str(problem) for problem in estate.check(estate.stacks())]
    expected = [
        f"stacks/{start[1:]}" if start.startswith("@") else f"stacks/{file}:{start}"
        for start in said(text, "expect")
    ]
    assert len(found) == len(expected), "\n".join(found)
    for problem, start in zip(found, expected, strict=True):
        assert problem.replace("\n  hint: ", " | ").startswith(start)
    assert (".ok." in case.name) == (expected == [])
    assert ".ok." in case.name or ".error." in case.name


def test_there_are_cases_of_every_blueprint_and_of_the_shared_files() -> None:
    files = {(said(case.read_text(), "file") or [""])[0].split("/")[0] for case in CASES}
    assert {"", "platform", "_defaults.yaml", "_stages", "_estate.yaml"} <= files
