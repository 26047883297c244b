from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from stackyard.naming import StackId
from stackyard_cli.engine.messages import Result
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.reports import junit


def task(name: str) -> Task:
    return Task(StackId("ranking", name, "dev"), "project", {}, "", {})


def test_every_stack_is_a_case_with_its_result(tmp_path: Path) -> None:
    done, same, broken, later, never = map(task, ("done", "same", "broken", "later", "never"))
    problem = 'a bucket "x" & more <y>'
    reports = {
        one.stack: Report(one, "up", result, unchanged_since=since)
        for one, result, since in (
            (done, Result("succeeded", seconds=2.5), ""),
            (same, Result("succeeded"), "2026-11-01T10:00:00+00:00"),
            (broken, Result("failed", seconds=1, problem=problem, hint="run it again"), ""),
            (later, Result("failed", problem="unknown until applied", kind="unknown"), ""),
        )
    }
    file = tmp_path / "new/result.xml"
    junit.write(file, reports, [[done, same], [broken, later, never]])
    suite = ElementTree.parse(file).getroot()
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped", "time")}
    assert counts == {"tests": "5", "failures": "1", "skipped": "2", "time": "3.50"}
    failure = suite.find("testcase[@name='ranking/broken/dev']/failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == (problem, "run it again")


def test_no_file_is_written_unless_one_is_asked_for(tmp_path: Path) -> None:
    junit.write(None, {}, [[task("done")]])
    assert list(tmp_path.iterdir()) == []
