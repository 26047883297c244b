from __future__ import annotations

import json

from audits.judges.declared import Declared
from audits.judges.policies import held, of_bootstrap


def role_policy(action: str) -> Declared:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inputs = {"name": "reading", "policy": policy}
    kind = "aws:iam/rolePolicy:RolePolicy"
    return Declared("vision/defects/dev", "urn", kind, "reading", inputs, {})


def test_the_documents_of_a_bootstrap_have_no_word_that_aws_does_not_know() -> None:
    assert len(list(of_bootstrap())) == 5
    assert held([]).findings == []


def test_a_word_that_is_spelt_wrong_is_found_where_it_is() -> None:
    answer = held([role_policy("s3:GetObject"), role_policy("s3:GetObjects")])
    assert answer.items == 7
    (finding,) = answer.findings
    assert finding.resource == "vision/defects/dev aws:iam/rolePolicy:RolePolicy reading policy"
    assert finding.says == "the action s3:GetObjects does not exist"
