from __future__ import annotations

import datetime
import textwrap
from pathlib import Path

import pytest

from audits.findings import ACCEPTED, Accepted, Finding, UnreadableError, judged, of_tools, read
from audits.report import DOCUMENT, table, written

TODAY = datetime.date(2026, 6, 1)
ROOT_DAEMON = Finding("checkov", "CKV_K8S_23", "DaemonSet.logs.shipper", "runs as root")


def accepted(*resources: str, until: datetime.date = datetime.date(2026, 12, 1)) -> Accepted:
    reason = "it reads files of the node"
    return Accepted("checkov", "CKV_K8S_23", resources, reason, datetime.date(2026, 1, 1), until)


def test_what_is_accepted_does_not_stop_the_audit() -> None:
    assert judged([ROOT_DAEMON], [accepted("DaemonSet.logs.*")], TODAY).passed


@pytest.mark.parametrize(
    "finding",
    [
        Finding("checkov", "CKV_K8S_23", "Deployment.shop.web"),
        Finding("checkov", "CKV_K8S_40", "DaemonSet.logs.shipper"),
        Finding("pod-security", "CKV_K8S_23", "DaemonSet.logs.shipper"),
    ],
)
def test_another_resource_rule_or_tool_is_open(finding: Finding) -> None:
    verdict = judged([ROOT_DAEMON, finding], [accepted("DaemonSet.logs.*")], TODAY)
    assert verdict.open == [finding]
    assert not verdict.passed


def test_each_pattern_has_to_cover_something() -> None:
    line = accepted("DaemonSet.logs.*", "DaemonSet.gone.*")
    verdict = judged([ROOT_DAEMON], [line], TODAY)
    assert verdict.stale == [(line, "DaemonSet.gone.*")]
    assert not verdict.passed


def test_a_reason_ends_on_the_day_after_its_review() -> None:
    for until, passed in ((TODAY, True), (TODAY - datetime.timedelta(days=1), False)):
        line = accepted("DaemonSet.logs.*", until=until)
        verdict = judged([ROOT_DAEMON], [line], TODAY)
        assert verdict.passed is passed
        assert verdict.expired == ([] if passed else [line])


def test_lines_about_tools_that_did_not_run_are_left_alone() -> None:
    assert of_tools([accepted("*")], ["prowler"]) == []
    assert of_tools([accepted("*")], ["checkov"]) == [accepted("*")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("review_by: 2027-06-01", "within a year"),
        ("review_by: soon", "are dates"),
        ("resources: []", "names no resource"),
        ("reason: false positive", "gives no reason"),
        ("severity: low", "wants exactly"),
    ],
)
def test_an_entry_without_reason_date_or_end_is_refused(
    tmp_path: Path, change: str, says: str
) -> None:
    entry = {
        "tool": "checkov",
        "rule": "CKV_K8S_23",
        "resources": '["*"]',
        "reason": "it reads files of the node",
        "since": "2026-01-01",
        "review_by": "2026-12-01",
    }
    name, _, value = change.partition(": ")
    body = "\n".join(f"{key}: {said}" for key, said in {**entry, name: value}.items())
    file = tmp_path / "accepted.yaml"
    file.write_text("-\n" + textwrap.indent(body, "  "))
    with pytest.raises(UnreadableError, match=f"entry 1: .*{says}"):
        read(file)


def test_the_documented_table_is_the_accepted_list() -> None:
    text = DOCUMENT.read_text()
    assert written(text, table(read(ACCEPTED))) == text, "run `python -m audits.report`"
