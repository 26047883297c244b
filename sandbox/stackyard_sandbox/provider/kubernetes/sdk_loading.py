"""One lock for all that loads modules of the Kubernetes SDK.

The engine asks from several threads. Modules of the SDK import each other in circles, and a thread
that meets a module which another one is loading gets it half empty.
"""

from __future__ import annotations

import threading

LOADING = threading.RLock()
