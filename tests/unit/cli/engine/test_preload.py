"""What is loaded before a program needs it: a misspelt module would only be slow, and silently."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

from stackyard.blueprints.catalogue import BLUEPRINTS
from stackyard_cli.engine.worker.preload import FIRST, Preload, modules_of


def test_the_first_modules_of_each_blueprint_exist() -> None:
    assert FIRST.keys() == BLUEPRINTS.keys()
    assert [name for names in FIRST.values() for name in names if find_spec(name) is None] == []


def test_modules_follow_the_types_of_a_state() -> None:
    types = ["aws:s3/bucket:Bucket", "aws:s3/x:X", "kubernetes:rbac.authorization.k8s.io/v1:Role"]
    assert modules_of([*types, "pulumi:pulumi:Stack"]) == [
        "pulumi_aws.s3",
        "pulumi_kubernetes.rbac.v1",
    ]


def test_a_preloaded_module_is_loaded_and_no_proxy() -> None:
    """In a process of its own: the SDK's modules are loaded once, by whoever comes first."""
    look = (
        "import sys; from stackyard_cli.engine.worker.preload import Preload; "
        "Preload(['pulumi_aws.sqs'], lambda: None).wait(); "
        "print(type(sys.modules['pulumi_aws.sqs']).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "module\n"


def test_one_waits_for_the_other_and_errors_are_left_to_the_program() -> None:
    order: list[str] = []

    def failing() -> None:
        order.append("first")
        raise RuntimeError("told again when the program runs")

    first = Preload([], failing)
    second = Preload(["no_such_module"], lambda: order.append("second"), after=first)
    second.wait()
    assert order == ["first", "second"]
