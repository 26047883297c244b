"""TLS trust of Kubernetes API servers: the certificate authority of their own cluster."""

from __future__ import annotations

import ssl


def trusting(authority: str | None) -> ssl.SSLContext:
    """Return a TLS context for an authority in PEM; without one, for this machine's authorities.

    From Python 3.13 on, certificates without key identifiers are refused. EKS's have none; chain
    and host name are verified all the same. Sources: https://docs.python.org/3/library/ssl.html
    (create_default_context), https://github.com/kubernetes-client/python/issues/2394.
    """
    context = ssl.create_default_context(cadata=authority)
    if authority:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
