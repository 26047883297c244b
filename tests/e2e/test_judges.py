"""`make judges`, as a user runs it: every judge holds what the estates declare, nothing is open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from audits.judges.__main__ import JUDGES
from tests.support.estates import ROOT


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "stages", [["prod"], pytest.param(["dev", "staging", "prod"], marks=pytest.mark.long)], ids=len
)
def test_no_judge_has_an_open_finding(stages: list[str]) -> None:
    command = [sys.executable, "-m", "audits.judges", "--stage", *stages]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    rows = [line.split() for line in done.stdout.splitlines()]
    held = {row[0]: row[1:5] for row in rows if len(row) == 6 and row[1].isdigit()}
    assert held.keys() >= JUDGES.keys()
    assert {judge: row[3] for judge, row in held.items()} == dict.fromkeys(held, "0")
    assert all(int(row[0]) > 0 for row in held.values()), "a judge that held nothing says nothing"
