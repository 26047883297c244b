"""Attestations of people to a pipeline: S3 objects that only the named person's session can write.

    starts/USERID               starts a run
    answers/USERID/RUN          answers its question: {"decision": "approve" | "reject", "comment"}

USERID is the IAM user id of a role session, `AROA…:NAME`. Every policy that allows these writes
names it by a policy variable, so each person writes below their own id only. Neither the input of
an execution nor the output of a task could prove who sent it: both hold whatever the caller sends.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
"""

from __future__ import annotations

import json
import re

from stackyard.naming import StackId, bucket_name

STARTS, ANSWERS = "starts", "answers"

CALLER = "${aws:userid}"
"""Policy variable for the user id of the caller."""

SEPARATORS = "/:"
"""Separators between the parts of a key; no session name may contain either."""


def report_bucket(stack: StackId, account: str) -> str:
    """Return the name of the bucket of evaluations and attestations."""
    return bucket_name(stack, account, "reports")


def start_key(userid: str) -> str:
    """Return the key of the object with which a person starts a run."""
    return f"{STARTS}/{userid}"


def answer_key(userid: str, run: str) -> str:
    """Return the key of the object with which a person answers a run's question."""
    return f"{ANSWERS}/{userid}/{run}"


def person(userid: str) -> str | None:
    """Return the session name in a user id; None if it is not the id of a role session.

    One person in two roles counts as one person, so sessions must be named after people, as IAM
    Identity Center does.
    """
    parts = re.split(f"[{SEPARATORS}]", userid)
    return parts[1] if len(parts) == 2 else None


def answer(decision: str, comment: str) -> str:
    """Return the JSON body of an answer object."""
    return json.dumps({"decision": decision, "comment": comment})


def signature(userid: str) -> str:
    """Return the JSON that the waiting run receives: the user id of the answer object to read."""
    return json.dumps({"by": userid})
