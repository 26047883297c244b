"""Creates, writes, reads and compares receipts: the reviewed change of one stack, with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.files import PRIVATE, write_whole
from stackyard_cli.review.fingerprint import Fingerprint
from stackyard_cli.review.gate import Review

FORMAT = 1
"""Incremented when a field of receipts changes its meaning; other formats are refused."""

Receipt = dict[str, Any]

COMPARED = ("operation", "type", "paths", "replace_reasons", "data_class", "kept_in_the_cloud")
"""The fields of a step that must be equal; its lines in stack files may differ."""


def receipt(review: Review, bound: Fingerprint, *, refresh: bool) -> Receipt:
    """Return the receipt of a reviewed preview."""
    report = review.report
    content: Receipt = {
        "format": FORMAT,
        "stack": str(report.stack),
        "blueprint": report.task.blueprint,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "refresh": refresh,
        "fingerprint": bound,
        "steps": review.steps,
        **review.to_dict(),
    }
    return {**content, "digest": digest(content)}


def digest(content: Mapping[str, Any]) -> str:
    """Return SHA-256 over the canonical JSON of all fields except the digest."""
    signed = {key: value for key, value in content.items() if key != "digest"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, content: Receipt) -> None:
    """Write a receipt atomically, readable by its owner only."""
    text = json.dumps(content, indent=2, sort_keys=True)
    write_whole(path, text + "\n", PRIVATE)


def read(path: Path, *, expected_digest: str | None = None) -> Receipt:
    """Read a receipt; raises StackyardError (exit 3) if it is damaged, edited or another one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, claimed = content["format"], content["digest"]
    except (ValueError, KeyError, TypeError):
        raise refused(f"{path} is not a receipt") from None
    if version != FORMAT:
        raise refused(f"{path}: receipt of format {version}, this version reads {FORMAT}")
    actual = digest(content)
    if actual != claimed:
        raise refused(f"{path}: changed after it was written (digest {claimed}, content {actual})")
    if expected_digest is not None and actual != expected_digest:
        raise refused(f"{path}: not what was approved (approved {expected_digest}, got {actual})")
    return dict(content)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the differences between two receipts; order and lines in stack files are ignored."""
    different = list(_step_differences(_by_urn(old["steps"]), _by_urn(new["steps"])))
    for name, kind in (("stops", "message"), ("policy", "message")):
        before, after = ({item[kind] for item in each[name]} for each in (old, new))
        different += [f"{name}: only approved: {text}" for text in sorted(before - after)]
        different += [f"{name}: only now: {text}" for text in sorted(after - before)]
    for edge in ("floor", "ceiling"):
        if old["cost"][edge] != new["cost"][edge]:
            different.append(f"cost {edge}: {old['cost'][edge]} before, {new['cost'][edge]} now")
    return different


def refused(message: str) -> StackyardError:
    """Return the error for a receipt that cannot be applied."""
    hint = "make a new one with `stackyard preview STACK --receipt FILE` and have it approved"
    return StackyardError(message, hint=hint, code=ExitCode.STOPPED)


def _by_urn(steps: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {step["urn"]: step for step in steps}


def _step_differences(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterable[str]:
    for urn in sorted({*old, *new}):
        before, after = old.get(urn), new.get(urn)
        if before is None or after is None:
            step, when = (after or {}, "only now") if before is None else (before, "only approved")
            yield f"{when}: {step['operation']} {step['type']} {step['name']}"
            continue
        yield from (
            f"{after['name']}: {key} {before[key]!r} before, {after[key]!r} now"
            for key in COMPARED
            if before[key] != after[key]
        )
