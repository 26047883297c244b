"""Serves the public parameters that lead to the images of EKS nodes, and those images.

Paths and names: https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html and
https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id-bottlerocket.html. Which releases
AWS has published is not known here: each well-formed one is there.
"""

import hashlib
import re
from contextlib import suppress
from datetime import UTC, datetime

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ssm.models import Parameter, SimpleSystemManagerBackend

_OWNER = "602401143452"
"""The account of EKS's images in most regions."""

_NEWEST = datetime(2026, 5, 12, tzinfo=UTC)
"""What `recommended` and `latest` lead to."""

_AL2023 = re.compile(
    r"/aws/service/eks/optimized-ami/(?P<kubernetes>1\.\d+)/amazon-linux-2023"
    r"/(?P<arch>x86_64|arm64)/(?P<variant>standard|nvidia|neuron)/(?P<release>[\w.-]+)/image_id"
)
_BOTTLEROCKET = re.compile(
    r"/aws/service/bottlerocket/aws-k8s-(?P<kubernetes>1\.\d+)(?P<variant>-nvidia)?"
    r"/(?P<arch>x86_64|arm64)/(?P<release>latest|\d+\.\d+\.\d+(?:-[0-9a-f]{8})?)/image_id"
)


class _Parameter(Parameter):
    """One that belongs to AWS; the emulator's class is open in two places."""

    def is_created(self) -> bool:
        """It always is."""
        return True

    @classmethod
    def has_cfn_attr(cls, _attr: str) -> bool:
        """It is in no template."""
        return False


_emulators = SimpleSystemManagerBackend.get_parameter


def install() -> None:
    """Answer for these paths before the account's own parameters."""
    SimpleSystemManagerBackend.get_parameter = _parameter  # type: ignore[method-assign]  # a repair


def _parameter(self: SimpleSystemManagerBackend, name: str) -> Parameter | None:
    result = _image(name)
    if result is None:
        return _emulators(self, name)
    image, arch, made = result
    return _Parameter(
        account_id=self.account_id,
        name=name,
        value=_registered(self.account_id, self.region_name, image, arch, made),
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=made,
        version=1,
        data_type="aws:ec2:image",
    )


def _image(path: str) -> tuple[str, str, datetime] | None:
    """Return the name, architecture and date of the image that a path leads to."""
    if match := _AL2023.fullmatch(path):
        release = match["release"]
        family = f"amazon-eks-node-al2023-{match['arch']}-{match['variant']}-{match['kubernetes']}"
        if release == "recommended":
            release = f"{family}-v{_NEWEST:%Y%m%d}"
        with suppress(ValueError):
            made = datetime.strptime(release, f"{family}-v%Y%m%d").replace(tzinfo=UTC)
            if made <= datetime.now(UTC) and (match["arch"], match["variant"]) != _NONE:
                return release, match["arch"], made
        return None
    if match := _BOTTLEROCKET.fullmatch(path):
        kind = f"aws-k8s-{match['kubernetes']}{match['variant'] or ''}-{match['arch']}"
        return f"bottlerocket-{kind}-v{match['release']}", match["arch"], _NEWEST
    return None


_NONE = ("arm64", "neuron")


def _registered(account: str, region: str, name: str, arch: str, made: datetime) -> str:
    """Return the id of an image, which is there from its first look-up on."""
    backend = ec2_backends[account][region]
    identity = f"ami-{hashlib.sha256(f'{region} {name}'.encode()).hexdigest()[:17]}"
    if identity not in backend.amis:
        backend.amis[identity] = Ami(
            backend,
            identity,
            name=name,
            owner_id=_OWNER,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture=arch,
            creation_date=made,
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name="/dev/xvda",
            region_name=f"{region}a",
        )
    return identity
