from __future__ import annotations

import datetime
from typing import Any

from audits.findings import Accepted, Finding, judged, read
from audits.judges import calls
from audits.judges.__main__ import ACCEPTED, Answer, told
from audits.judges.declared import Held, of_state
from stackyard_sandbox.provider.aws.ledger import Held as Counts
from stackyard_sandbox.provider.aws.ledger import Refusal

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
PREFIX = "urn:pulumi:dev::vision-defects"


def test_only_what_a_provider_made_is_held_and_secrets_stay_out() -> None:
    state: list[dict[str, Any]] = [
        {"urn": f"{PREFIX}::stackyard:data:Datasets::raw", "type": "stackyard:data:Datasets"},
        {
            "urn": f"{PREFIX}::pulumi:providers:aws::a",
            "type": "pulumi:providers:aws",
            "custom": True,
        },
        {
            "urn": f"{PREFIX}::aws:ssm/parameter:Parameter::token",
            "type": "aws:ssm/parameter:Parameter",
            "custom": True,
            "inputs": {"name": "/token", "value": SECRET},
        },
    ]
    (parameter,) = of_state("vision/defects/dev", state)
    assert parameter.label == "vision/defects/dev aws:ssm/parameter:Parameter token"
    assert parameter.inputs == {"name": "/token", "value": "[secret]"}


def test_the_table_counts_what_each_judge_held_found_and_left_open() -> None:
    stays, open_ = Finding("schemas", "enum", "a"), Finding("schemas", "pattern", "b", "no")
    since, until = datetime.date(2026, 1, 1), datetime.date(2026, 12, 1)
    line = Accepted("schemas", "enum", ("a",), "the schema is older", since, until)
    verdict = judged([stays, open_], [line], datetime.date(2026, 6, 1))
    answers = [Answer("schemas", Held(7, [stays, open_]), 1.25), Answer("rights", Held(3, []), 0)]
    lines = [text.split() for text in told(answers, verdict)]
    assert lines[1:3] == [
        ["schemas", "7", "2", "1", "1", "1.2"],
        ["rights", "3", "0", "0", "0", "0.0"],
    ]
    assert lines[3][:4] == ["open:", "schemas", "pattern", "b"]


def test_a_refused_call_is_a_finding_and_every_value_counts() -> None:
    refusal = Refusal("lambda:CreateFunction", "Environment.Variables (key)", "a pattern")
    result = calls.held([Counts(2, 30, []), Counts(1, 12, [refusal])])
    assert result.items == 42
    assert result.findings == [
        Finding("calls", "lambda:CreateFunction", "Environment.Variables (key)", "a pattern")
    ]


def test_what_the_judges_accept_is_readable() -> None:
    assert isinstance(read(ACCEPTED), list)
