"""Writes the result of a run as JUnit XML, which CI systems show as a table of tests.

One test case for each stack; the form is that of https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

from stackyard.naming import StackId
from stackyard_cli.engine.report import Report, Task
from stackyard_cli.files import write_whole


def write(
    path: Path | None, reports: Mapping[StackId, Report], layers: Sequence[Sequence[Task]]
) -> None:
    """Write a case for each selected stack, if a file is asked for.

    Stacks that did not start, or whose changes are not known yet, are skipped cases.
    """
    if path is None:
        return
    suite = ElementTree.Element("testsuite", name="stackyard")
    for task in chain.from_iterable(layers):
        _case(suite, task.stack, reports.get(task.stack))
    cases = suite.findall("testcase")
    for name, tag in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for case in cases if case.find(tag) is not None)))
    suite.set("tests", str(len(cases)))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.2f}")
    text = ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)
    write_whole(path, text + "\n")


def _case(suite: ElementTree.Element, stack: StackId, report: Report | None) -> None:
    case = ElementTree.SubElement(suite, "testcase", name=str(stack), time="0")
    if report is None:
        ElementTree.SubElement(case, "skipped", message="not started")
        return
    case.set("classname", report.operation)
    case.set("time", f"{report.result.seconds:.2f}")
    problem = report.result.problem or ""
    if not report.known:
        ElementTree.SubElement(case, "skipped", message=problem)
    elif not report.previewed:
        failure = ElementTree.SubElement(case, "failure", message=problem)
        failure.text = report.result.hint
    elif report.unchanged_since:
        output = ElementTree.SubElement(case, "system-out")
        output.text = f"unchanged since {report.unchanged_since}"
