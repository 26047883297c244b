"""One lock for all that loads modules of the Kubernetes SDK.

The engine asks from several threads. Modules of the SDK import each other in circles, and a thread
that meets a module which another one is loading gets it half empty.
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

    Annotations are texts; reading them loads the modules that they name.
    """
    with LOADING:
        return dict(sdk.input_type_types(arguments))
