"""One lock for loading modules of the Kubernetes SDK.

The engine sends requests from several threads. Modules of the SDK import each other in circles, and
a thread that imports a module while another one loads it gets it incomplete.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from pulumi import _types as sdk  # the module that the generated SDK itself is built on

LOADING = threading.RLock()


@cache
def input_types(arguments: type) -> dict[str, Any]:
    """Return the type of each property of an SDK's input class.

    Annotations are texts; evaluating them loads the modules that they name.
    """
    with LOADING:
        return dict(sdk.input_type_types(arguments))
