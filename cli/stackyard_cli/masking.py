"""Masks the secrets of this process's environment in text."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

MASKED = "[secret]"
"""Replacement of a secret; the engine writes the same text into its events."""

SHORTEST = 6
"""Minimum length of a masked value: a shorter one would hide parts of ordinary words."""

NAMES = re.compile(r"SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIAL|PRIVATE_KEY|API_?KEY", re.I)
"""Names of variables with a secret, such as AWS_SECRET_ACCESS_KEY or GITHUB_TOKEN."""

REFERENCES = re.compile(r"_(FILE|PATH|DIR|ARN|ID|NAME|URL|URI|ENDPOINT|HOST)$", re.I)
"""Suffixes of names whose value refers to a secret but is none."""

PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE_FILE"


class Mask:
    """Replaces known secret values in text, also in their JSON spelling."""

    def __init__(self, secrets: Iterable[str]) -> None:
        chosen = {each for each in secrets if len(each) >= SHORTEST}
        written = {json.dumps(each)[1:-1] for each in chosen}
        # Longest first, so that a secret that contains another one is replaced completely.
        self._secrets = sorted(chosen | written, key=len, reverse=True)

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Mask:
        """Return the mask of an environment: its variables, and the passphrase file it names."""
        secrets = [
            value
            for name, value in environment.items()
            if NAMES.search(name) and not REFERENCES.search(name)
        ]
        if path := environment.get(PASSPHRASE_FILE):
            with suppress(OSError):  # The code that needs the file reports the error.
                secrets.append(Path(path).read_text(encoding="utf-8").strip())
        return cls(secrets)

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
