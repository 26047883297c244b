from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stackyard_cli.reports import drift_issue
from stackyard_cli.reports.comment import MARKER, Entry, code, entry, rendered

LIMIT = 65_536
BUCKET, ROLE = "aws:s3/bucket:Bucket", "aws:iam/role:Role"


def step(operation: str, kind: str, name: str = "one", **more: Any) -> dict[str, Any]:
    return {"operation": operation, "type": kind, "name": name, "paths": ["a.b"], **more}


def receipt(stack: str, *steps: dict[str, Any], **more: Any) -> Entry:
    return entry({"stack": stack, "digest": "d" * 64, "steps": list(steps), **more})


def test_risk_comes_first_and_the_worst_of_it_on_top() -> None:
    text = rendered(
        [
            receipt("a/b/dev", step("update", "aws:ec2/securityGroup:SecurityGroup")),
            receipt("c/d/dev", step("update", ROLE)),
            receipt("e/f/dev", step("replace", BUCKET, replace_reasons=["bucket"])),
            receipt("g/h/dev", stops=[{"kind": "policy", "message": "open to all"}]),
        ]
    )
    assert text.startswith(MARKER)
    lines = [line for line in text.splitlines() if line.startswith("- ")][:4]
    told = ["stopped", "may lose data", "changes access", "changes the network"]
    assert all(word in line for word, line in zip(told, lines, strict=True))
    assert "because of `bucket`" in lines[1]
    assert text.index("- ") < text.index("| stack |") < text.index("<details>")


def test_what_is_kept_in_the_cloud_is_no_loss() -> None:
    text = rendered([receipt("a/b/dev", step("delete", BUCKET, kept_in_the_cloud=True))])
    assert "may lose data" not in text
    assert "kept in the cloud" in text


def test_a_stack_without_a_preview_is_told() -> None:
    text = rendered([Entry("a/b/dev", "preview", problem="its job left no receipt")])
    assert "1 cannot be applied" in text
    assert "- ⛔ `a/b/dev` no preview: `its job left no receipt`" in text


def test_the_form_of_preview_json() -> None:
    plain = {"urn": "u", "operation": "create-replacement", "type": BUCKET, "name": "x"}
    one = entry({"stack": "a/b/dev", "steps": [{**plain, "replace_keys": ["bucket"]}]})
    assert one.counts == {"replace": 1}
    assert one.risks[0][0] == "may lose data"


def test_names_cannot_leave_their_code_span() -> None:
    evil = "`</details>\n@everyone | <img> [x](http://e)`"
    text = rendered([receipt(evil, step("update", ROLE, name=evil))])
    folded = (
        "<details><summary><code>'&lt;/details&gt; @everyone ¦ &lt;img&gt; [x](http://e)'</code>"
    )
    assert folded in text
    outside = re.sub(r"<code>.*?</code>|`[^`\n]*`", "", text)
    assert not any(word in outside for word in ("@", "<img>", "](", "everyone"))
    assert outside.count("</details>") == 1


def test_what_is_left_out_is_named() -> None:
    entries = [
        receipt(f"team/project-{n}/dev", *(step("update", ROLE, f"r{i}") for i in range(50)))
        for n in range(30)
    ]
    text = rendered(entries)
    assert size(text) < LIMIT
    assert "Details left out" in text
    tail = text.partition("Details left out")[2]
    folded = text.count("<details>")
    assert 0 < folded < 30
    assert tail.count("`team/project-") == 30 - folded


def test_two_hundred_changed_stacks_fit() -> None:
    entries = [
        receipt(f"team/project-{n}/dev", *(step("replace", BUCKET, f"b{i}") for i in range(40)))
        for n in range(200)
    ]
    text = rendered(entries)
    assert size(text) < LIMIT
    assert text.count("| `team/project-") > 150


texts = st.text(max_size=400)
steps = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(["create", "update", "replace", "delete", "same"]),
        "type": st.sampled_from([BUCKET, ROLE, "aws:ec2/vpc:Vpc"]) | texts,
        "name": texts,
        "paths": st.lists(texts, max_size=4),
        "origins": st.lists(texts, max_size=2),
    }
)
contents = st.fixed_dictionaries(
    {
        "stack": texts,
        "steps": st.lists(steps, max_size=6),
        "warnings": st.lists(texts, max_size=3),
        "stops": st.lists(st.fixed_dictionaries({"kind": texts, "message": texts}), max_size=3),
    },
    optional={"outcome": texts, "digest": texts},
)


@settings(max_examples=30, deadline=None)
@given(st.lists(contents, max_size=6), st.sampled_from([1, 7, 60]))
def test_it_always_fits(found: list[dict[str, Any]], times: int) -> None:
    text = rendered([entry(one) for one in found] * times)
    assert size(text) < LIMIT
    assert text.startswith(MARKER)
    assert text.count("<details>") == text.count("\n</details>")


@given(st.text())
def test_a_code_span_is_closed_and_of_one_line(text: str) -> None:
    made = code(text)
    assert made.count("`") == 2
    assert len(made.splitlines()) == 1
    assert len(made) <= 122


@settings(max_examples=20, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(("stack", "name", "path", "reason"), texts))))
def test_drift_always_fits(rows: list[dict[str, Any]]) -> None:
    told = [{**row, "kind": "risky"} for row in rows] * 200
    text = drift_issue.rendered([told], "success")
    assert size(text) < LIMIT
    assert drift_issue.needed([told], "success") == bool(told)


def test_drift_tells_what_could_not_be_looked_at() -> None:
    text = drift_issue.rendered([[], {"error": "no credentials"}], "failure")
    assert "could not be checked" in text
    assert "`no credentials`" in text
    assert drift_issue.needed([[]], "failure")
    assert not drift_issue.needed([[{"kind": "expected", "stack": "a"}]], "success")


def size(text: str) -> int:
    return len(text.encode())
