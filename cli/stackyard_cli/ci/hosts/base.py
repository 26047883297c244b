"""The interface of a Git host, and the JSON client that both hosts use.

A pull request has one comment, and drift has one issue; both are updated in place. Receipts come
from the artifacts of the last successful preview of the merged commit. The token comes from the
job's environment and is sent in a header only.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stackyard_cli.errors import ExitCode, StackyardError

SECONDS = 30
PAGE = 100


class GitHost(Protocol):
    """The operations of a Git host for the jobs of a pipeline."""

    def comment(self, change: str, marker: str, body: str) -> str:
        """Create or update the one comment of a pull request; return its address."""

    def issue(self, title: str, marker: str, body: str, *, needed: bool) -> str | None:
        """Create or update the one open issue; close it if it is not needed any more."""

    def receipts(self, stacks: Collection[str]) -> Mapping[str, str]:
        """Return the receipts that were reviewed for the job's commit, by stack.

        A stack that was not reviewed has none, and is therefore not applied. Raises StackyardError
        for a commit without a reviewed pull request.
        """


def setting(name: str) -> str:
    """Return a variable of the job; raises StackyardError if it is not set."""
    value = os.environ.get(name, "")
    if not value:
        hint = "run this in a job of the rendered pipeline, which sets it"
        raise StackyardError(f"{name} is not set", hint=hint, code=ExitCode.INVALID)
    return value


def commit_of(variable: str) -> str:
    """Return the job's commit from its variable, quoted for a URL path."""
    return urllib.parse.quote(setting(variable), safe="")


@dataclass(frozen=True)
class Api:
    """A JSON API below one address."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer; raises StackyardError with the status, never with a header."""
        raw = self.raw(method, path, body)
        return json.loads(raw) if raw else None

    def raw(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """Return the body of the answer as bytes."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(_checked(self.url) + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        for name, value in self.headers.items():
            # A redirect (to a store of artifacts) must not send the token along.
            request.add_unredirected_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise StackyardError(f"{method} {path}: status {error.code}") from None
        except (urllib.error.URLError, TimeoutError) as error:
            raise StackyardError(f"{method} {path}: {error}") from None

    def pages(self, path: str, within: str | None = None) -> Iterator[Any]:
        """Yield every item of a list, page after page; `within` is the list's key in the answer."""
        mark = "&" if "?" in path else "?"
        number = 1
        while answer := self.call("GET", f"{path}{mark}per_page={PAGE}&page={number}"):
            items = answer[within] if within else answer
            yield from items
            if len(items) < PAGE:
                return
            number += 1


def _checked(url: str) -> str:
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise StackyardError(f"not an https address: {url}", code=ExitCode.INVALID)
    return url
