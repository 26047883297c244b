"""Who says what to a pipeline: a person's word is an object that nobody else can put there.

    starts/USERID               starts a run
    answers/USERID/RUN          answers its question: {"decision": "approve" | "reject", "comment"}

USERID is what IAM calls the session of a role, `AROA…:NAME`, and each policy that lets people write
here names it by a variable, so that everybody writes below their own only. Neither the input of an
execution nor the output of a task could prove that: both are whatever the caller says.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
"""

from __future__ import annotations

import json
import re

from stackyard.naming import StackId, bucket_name

STARTS, ANSWERS = "starts", "answers"

SELF = "${aws:userid}"
"""Whoever asks, in policies."""

SPLIT = "/:"
"""What parts the words of a key: no name of a session can hold either."""


def report_bucket(stack: StackId, account: str) -> str:
    """Return the name of the bucket of evaluations, and of what people say to the pipeline."""
    return bucket_name(stack, account, "reports")


def start_key(userid: str) -> str:
    """Return the object by which somebody starts a run."""
    return f"{STARTS}/{userid}"


def answer_key(userid: str, run: str) -> str:
    """Return the object by which somebody answers a run's question."""
    return f"{ANSWERS}/{userid}/{run}"


def person(userid: str) -> str | None:
    """Return who is behind a user id, the session's name; None for what is no session of a role.

    One person in two roles counts as one, so sessions have to be named after people, as IAM
    Identity Center names them.
    """
    words = re.split(f"[{SPLIT}]", userid)
    return words[1] if len(words) == 2 else None


def answer(decision: str, comment: str) -> str:
    """Return what is put down as an answer."""
    return json.dumps({"decision": decision, "comment": comment})


def signature(userid: str) -> str:
    """Return what the waiting run is told, as JSON: whose answer to read."""
    return json.dumps({"by": userid})
