"""Client of a project's model registry (MLflow): registered versions and their lineage.

Source: https://mlflow.org/docs/latest/api_reference/rest-api.html.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.estate.errors import StackFileError
from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.estate.positions import located
from stackyard.models.lineage import FACTS, PREFIX, problems
from stackyard.naming import namespace_name
from stackyard.problem import Problem
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.location import location_of_estate
from stackyard_cli.errors import ExitCode, StackyardError

SECONDS = 20
"""Timeout of one request in seconds."""


class Registry:
    """MLflow's model registry, by its REST API."""

    def __init__(self, uri: str, namespace: str) -> None:
        self._uri, self._namespace = uri.rstrip("/"), namespace

    def versions(self, name: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield registered versions, newest first, each with its run's parameters and metrics."""
        filters = {"filter": "name='{}'".format(name.replace("'", ""))} if name else {}
        page: dict[str, str] = {}
        while True:
            query = {"max_results": "200", "order_by": "creation_timestamp DESC", **filters, **page}
            answer = self._get("model-versions/search", query)
            for version in answer.get("model_versions", []):
                yield {**self._version(version), "run": self._run(version.get("run_id"))}
            if not answer.get("next_page_token"):
                return
            page = {"page_token": answer["next_page_token"]}

    def _version(self, version: dict[str, Any]) -> dict[str, Any]:
        """Return the version itself, because the search omits its aliases."""
        query = {"name": version["name"], "version": version["version"]}
        answer: dict[str, Any] = self._get("model-versions/get", query)["model_version"]
        return answer

    def _run(self, run_id: str | None) -> dict[str, Any]:
        if not run_id:
            return {}
        data = self._get("runs/get", {"run_id": run_id})["run"]["data"]
        return {
            "params": {one["key"]: one["value"] for one in data.get("params", [])},
            "metrics": {one["key"]: one["value"] for one in data.get("metrics", [])},
        }

    def _get(self, path: str, query: dict[str, str]) -> Any:
        url = f"{self._uri}/api/2.0/mlflow/{path}?{urllib.parse.urlencode(query)}"
        if not url.startswith(("http://", "https://")):
            message = f"the tracking server's address must begin with http (got {self._uri!r})"
            hint = "set `--uri`, for example `--uri http://127.0.0.1:5000`"
            raise StackyardError(message, hint=hint, code=ExitCode.INVALID)
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            message = f"the tracking server refused {path}: {error.code} {error.reason}"
            raise StackyardError(message) from error
        except OSError as error:
            hint = f"`kubectl -n {self._namespace} port-forward svc/tracking 5000`, then "
            hint += "`--uri http://127.0.0.1:5000`"
            raise StackyardError(f"no tracking server at {self._uri}", hint=hint) from error


def registry_of(stack: str, uri: str | None, estate_dir: Path | None) -> tuple[Loaded, Registry]:
    """Return a stack and its registry, by default at the address in the stack's outputs."""
    estate = Estate.find(Path.cwd(), estate_dir)
    chosen = estate.one(stack)
    if uri is None:
        state = preconditions.checked_state(location_of_estate(estate), chosen, applies=False)
        uri = state.outputs.get("contract", {}).get("tracking_uri") if state else None
    if uri is None:
        hint = f"write `tracking: {{}}` in its stack file and run `stackyard up {chosen}`"
        raise StackyardError(f"{chosen} has no tracking server", hint=hint)
    return estate.load(chosen), Registry(uri, namespace_name(chosen))


def verified(loaded: Loaded, registry: Registry) -> list[dict[str, Any]]:
    """Return the registered versions as rows.

    Raises StackyardError (exit code 3) if one lacks lineage, or if the stack file deploys a version
    that is not registered.
    """
    rows = [row(version) for version in registry.versions()]
    flawed = [each for each in rows if each["lacks"]]
    unknown = _unregistered(loaded, {f"{each['model']}/{each['version']}" for each in rows})
    if flawed or unknown:
        raise StackyardError(
            f"{loaded.id}: {len(flawed)} of {len(rows)} versions lack lineage, "
            f"and {len(unknown)} deployed versions are not registered",
            hint="register with `stackyard.models.register`; delete or replace those versions",
            code=ExitCode.STOPPED,
            details=[
                *(f"{each['model']}/{each['version']}: {text(each['lacks'])}" for each in flawed),
                *map(str, unknown),
            ],
            facts={"versions": flawed, "unregistered": [each.to_dict() for each in unknown]},
        )
    return rows


def _unregistered(loaded: Loaded, registered: set[str]) -> list[StackFileError]:
    """Return the versions that the stack file deploys, but the registry does not have."""
    config = loaded.config
    models = config.serving.models if isinstance(config, ProjectConfig) and config.serving else {}
    named = {
        ("serving", "models", model, track, "version"): release.version
        for model, server in models.items()
        for track, release in (("release", server.release), ("canary", server.canary))
        if release is not None
    }
    return [
        located(Problem(path, f"{version} is not registered"), loaded.tree)
        for path, version in named.items()
        if version not in registered
    ]


def row(version: dict[str, Any]) -> dict[str, Any]:
    """Return a version as a row: its origin, and the missing parts of its lineage."""
    run = version["run"]
    return {
        "model": version["name"],
        "version": version["version"],
        "aliases": version.get("aliases", []),
        "run": version.get("run_id"),
        "created": version.get("creation_timestamp"),
        "lacks": problems(_tags(version), run.get("params", {}), run.get("metrics", {})),
    }


def facts(version: dict[str, Any]) -> dict[str, Any]:
    """Return a version with its lineage, parameters and metrics."""
    tags, short = _tags(version), row(version)
    return {
        "name": version["name"],
        "version": version["version"],
        "aliases": short["aliases"],
        "run": short["run"],
        **{name: tags.get(f"{PREFIX}{name}") for name in FACTS},
        "params": version["run"].get("params", {}),
        "metrics": version["run"].get("metrics", {}),
        "lacks": short["lacks"],
    }


def text(value: Any) -> str:
    """Return a value of `facts` for people."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _tags(version: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in version.get("tags", [])}
