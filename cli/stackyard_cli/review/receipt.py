"""A receipt: the reviewed change of one stack as a file, with a digest over all of it."""

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
"""Grows when what a receipt says changes its meaning; others are refused."""

Receipt = dict[str, Any]

COMPARED = ("operation", "type", "paths", "replace_reasons", "data_class", "kept_in_the_cloud")
"""What must be equal of each resource; lines of config may move without any effect."""


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
    """Return SHA-256 over the canonical JSON of everything but the digest itself."""
    plain = {key: value for key, value in content.items() if key != "digest"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, content: Receipt) -> None:
    """Write a receipt in one step, readable by its owner only."""
    text = json.dumps(content, indent=2, sort_keys=True)
    write_whole(path, text + "\n", PRIVATE)


def read(path: Path, *, expected_digest: str | None = None) -> Receipt:
    """Read a receipt; raises StackyardError (exit 3) for one that is not whole or not of now."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, claimed = content["format"], content["digest"]
    except (ValueError, KeyError, TypeError):
        raise refused(f"{path} is not a receipt") from None
    if version != FORMAT:
        raise refused(f"{path}: receipt of format {version}, this version reads {FORMAT}")
    found = digest(content)
    if found != claimed:
        raise refused(f"{path}: changed after it was written (digest {claimed}, content {found})")
    if expected_digest is not None and found != expected_digest:
        raise refused(f"{path}: not what was approved (approved {expected_digest}, got {found})")
    return dict(content)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what two receipts disagree on in meaning; order and lines of config play no part."""
    told = list(_step_differences(_by_urn(old["steps"]), _by_urn(new["steps"])))
    for name, kind in (("stops", "message"), ("policy", "message")):
        before, after = ({item[kind] for item in each[name]} for each in (old, new))
        told += [f"{name}: only approved: {text}" for text in sorted(before - after)]
        told += [f"{name}: only now: {text}" for text in sorted(after - before)]
    for edge in ("floor", "ceiling"):
        if old["cost"][edge] != new["cost"][edge]:
            told.append(f"cost {edge}: {old['cost'][edge]} before, {new['cost'][edge]} now")
    return told


def refused(message: str) -> StackyardError:
    """Return the refusal of a receipt."""
    hint = "make a new one with `stackyard preview STACK --receipt FILE` and have it approved"
    return StackyardError(message, hint=hint, code=ExitCode.STOPPED)


def _by_urn(found: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {step["urn"]: step for step in found}


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
