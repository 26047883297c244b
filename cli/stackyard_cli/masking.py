"""The secrets that this process was started with, and text without them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

MASKED = "[secret]"
"""What stands in place of a secret; the engine writes the same into its events."""

SHORTEST = 6
"""Shorter values are no secrets worth the name, and would hide parts of ordinary words."""

NAMES = re.compile(r"SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIAL|PRIVATE_KEY|API_?KEY", re.I)
"""Names of variables that hold a secret, such as AWS_SECRET_ACCESS_KEY or GITHUB_TOKEN."""

PLACES = re.compile(r"_(FILE|PATH|DIR|ARN|ID|NAME|URL|URI|ENDPOINT|HOST)$", re.I)
"""Endings of names that say where a secret is, not what it is."""

PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE_FILE"


class Mask:
    """Replaces known secret values in text, also as they stand in JSON."""

    def __init__(self, secrets: Iterable[str]) -> None:
        chosen = {each for each in secrets if len(each) >= SHORTEST}
        written = {json.dumps(each)[1:-1] for each in chosen}
        # Longest first, so that a secret which contains another goes as a whole.
        self._secrets = sorted(chosen | written, key=len, reverse=True)

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Mask:
        """Return the mask of an environment: its variables, and the passphrase it points to."""
        found = [
            value
            for name, value in environment.items()
            if NAMES.search(name) and not PLACES.search(name)
        ]
        if path := environment.get(PASSPHRASE_FILE):
            with suppress(OSError):  # whoever needs it says that it cannot be read
                found.append(Path(path).read_text(encoding="utf-8").strip())
        return cls(found)

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return text


class MaskedStream:
    """A text stream that writes no secret: for the prints and tracebacks of programs."""

    def __init__(self, stream: TextIO, mask: Mask) -> None:
        self._stream, self._mask = stream, mask

    def write(self, text: str) -> int:
        """Write the text without the secrets."""
        self._stream.write(self._mask(text))
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
