"""Normalises policy documents, so that equal ones compare equal."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote


def as_text(document: Any) -> str | None:
    """Return a document as JSON text; services return it parsed, as text, or URL-encoded."""
    if not document:
        return None
    if isinstance(document, str):
        try:
            document = json.loads(unquote(document) if document.startswith("%7B") else document)
        except ValueError:
            return str(document)
    return json.dumps(document, sort_keys=True)
