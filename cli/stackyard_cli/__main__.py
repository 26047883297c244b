"""The entry point of `stackyard` and of `python -m stackyard_cli`."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command; exits with 2 if the extra that it needs is not installed."""
    try:
        from stackyard_cli import app
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        sys.stderr.write(
            "error: the command needs the package `typer`, which is not installed\n"
            "hint: pip install 'stackyard[cli]'\n"
        )
        sys.exit(2)
    app.main()


if __name__ == "__main__":
    main()
