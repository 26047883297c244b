"""AWS's service descriptions are parsed once per process, not once per boto3 session.

EC2's takes more than a second, and hundreds of tests make a session of their own.
"""

from __future__ import annotations

from functools import cache

from botocore import loaders

loaders.create_loader = cache(loaders.create_loader)
