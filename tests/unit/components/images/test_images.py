"""The catalogue's locks, rendered Dockerfiles, buildspecs, and who may push."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from packaging.requirements import Requirement
from pydantic import ValidationError

from stackyard.images import policies, sources
from stackyard.images.catalogue import BASES, DATE
from stackyard.images.config import (
    BaseImageConfig,
    BaseImagesConfig,
    ProjectImageConfig,
    ProjectImagesConfig,
)
from stackyard.images.names import profile_prefix
from stackyard.images.plan import base_images, project_images
from stackyard.images.render import Context, buildspec
from stackyard.naming import StackId

PLACE = {"account": "123456789012", "region": "eu-central-1"}
FOUNDATION, PROJECT = StackId("platform", "foundation", "dev"), StackId("vision", "defects", "dev")
DIGEST = f"sha256:{7:064x}"
INSTRUCTIONS = {"FROM", "LABEL", "ENV", "WORKDIR", "COPY", "ADD", "RUN", "USER"}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Read a Dockerfile strictly: joined lines, known instructions, FROM first."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = []
    for line in joined.splitlines():
        assert not line.startswith((" ", "\t")), f"a continuation without its beginning: {line!r}"
        name, _, rest = line.partition(" ")
        assert name in INSTRUCTIONS, line
        assert rest.strip(), line
        found.append((name, rest))
    assert found[0][0] == "FROM"
    return found


def planned() -> list[Any]:
    bases = {name: BaseImageConfig(catalogue=name, upstream_digest=DIGEST) for name in BASES}
    stage = base_images(FOUNDATION, BaseImagesConfig(images=named(bases)), **PLACE)
    config = ProjectImagesConfig.model_validate(
        {
            "images": {
                "trainer": {"base": "b0", "packages": {"left-pad==1.0": [DIGEST]}},
                "plain": {"base": "b1"},
            }
        }
    )
    own = project_images(
        PROJECT, config, {image.name: image for image in stage}, {"model": "plain"}, **PLACE
    )
    return [*stage, *own]


def named(bases: dict[str, BaseImageConfig]) -> dict[str, BaseImageConfig]:
    return {f"b{number}": base for number, base in enumerate(bases.values())}


@pytest.mark.parametrize("name", BASES)
def test_every_package_of_a_base_is_locked_and_fits_its_name(name: str) -> None:
    base = BASES[name]
    for line in base.lock.splitlines():
        requirement, _, digest = line.partition(" --hash=")
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
        assert str(Requirement(requirement).specifier).startswith("==")
    framework, version, rest = name.split("-", 2)
    assert base.framework_version.startswith(f"{version}.")
    package = {"pytorch": "torch", "sklearn": "scikit-learn"}.get(framework, framework)
    assert base.framework == package
    if rest.startswith("cuda"):
        assert base.cuda is not None
        assert base.cuda.startswith(rest.removeprefix("cuda"))
        assert base.cudnn is not None
    else:
        assert base.cuda is None
    assert DATE < base.supported_until <= date(2030, 1, 1)


@pytest.mark.parametrize("image", planned(), ids=lambda image: image.name)
def test_a_dockerfile_is_pinned_locked_and_not_root(image: Any) -> None:
    found = instructions(image.context.files["Dockerfile"])
    start = found[0][1]
    assert start.endswith(f"@{DIGEST}") or re.search(r":\d{4}\.\d\d\.\d\d-[0-9a-f]{12}$", start)
    assert found[-1] == ("USER", "65534:65534")
    for name, rest in found:
        if name == "RUN":
            assert "--require-hashes" in rest
            assert "--no-deps" in rest
        if name == "COPY":
            assert rest.split()[0] in image.context.files
    assert [rest for name, rest in found if name == "ADD"] in ([], ["--link layer.tar /"])


def test_equal_files_have_an_equal_tag_and_others_another() -> None:
    one = Context({"Dockerfile": "FROM a\n"})
    assert one.tag == Context({"Dockerfile": "FROM a\n"}).tag
    assert one.tag != Context({"Dockerfile": "FROM b\n"}).tag


def test_a_build_writes_its_files_pushes_and_signs_the_digest() -> None:
    context = Context({"Dockerfile": "FROM a\n"})
    spec = json.loads(buildspec(context, signer_package="s3://tools/signer.rpm", prepare=["x"]))
    before = spec["phases"]["pre_build"]["commands"]
    assert before[0] == "cat > Dockerfile <<'STACKYARD_END'\nFROM a\nSTACKYARD_END"
    assert before[1] == "x"
    build = spec["phases"]["build"]["commands"]
    pushed = next(number for number, line in enumerate(build) if line.startswith("docker push"))
    signed = next(number for number, line in enumerate(build) if line.startswith("notation sign"))
    assert pushed < signed
    assert build[signed].endswith('"$REPOSITORY@$DIGEST"')
    assert spec["phases"]["install"]["commands"][0].startswith("aws s3 cp s3://tools/signer.rpm")


@pytest.mark.parametrize(
    ("packages", "why"),
    [
        ({"a>=1": [DIGEST]}, "pattern"),
        ({"a": [DIGEST]}, "pattern"),
        ({"a==1": []}, "at least 1 item"),
        ({"a==1": ["sha256:12"]}, "pattern"),
        ({"a==1": [DIGEST], "a==2": [DIGEST]}, "two versions"),
    ],
)
def test_packages_without_exact_versions_or_digests_are_refused(
    packages: dict[str, list[str]], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        ProjectImageConfig(base="b0", packages=packages)


def test_a_base_outside_of_the_catalogue_is_refused_with_those_in_it() -> None:
    with pytest.raises(ValidationError, match=r"pytorch-2\.9-cuda12\.8"):
        BaseImageConfig(catalogue="pytorch-1.0")


def test_the_labelling_vendor_never_pushes() -> None:
    with pytest.raises(ValidationError, match="labelling-vendor"):
        ProjectImagesConfig.model_validate(
            {"images": {"trainer": {"base": "b0"}}, "pushers": ["labelling-vendor"]}
        )


def test_a_repository_denies_pushes_and_removals_to_all_but_its_own() -> None:
    (statement,) = policies.only_pushed_by(["arn:aws:iam::123456789012:role/b"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert {"ecr:PutImage", "ecr:BatchDeleteImage"} <= set(statement["Action"])
    assert "ecr:BatchGetImage" not in statement["Action"]


def test_a_build_signs_in_to_another_registry_of_ecr() -> None:
    host = "210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn"
    text = f"FROM --platform=linux/amd64 {host}/mirror/python:3.13@{DIGEST}\nRUN true\n"
    (source,) = sources.of_dockerfile(text)
    assert source.arn == "arn:aws-cn:ecr:cn-north-1:210987654321:repository/mirror/python"
    assert source.sign_in.endswith(f"--password-stdin {host}")
    assert sources.of_dockerfile("FROM ghcr.io/acme/python:3.13\n") == []


@pytest.mark.parametrize("path", [("vision", "defects"), ("a" * 32, "b" * 32)])
def test_a_signing_profile_has_another_name_in_each_life(path: tuple[str, str]) -> None:
    """A prefix, to which Terraform's provider adds 26 characters; a name has 64 at most."""
    prefix = profile_prefix(StackId(*path, "dev"))
    assert re.fullmatch(r"[a-zA-Z0-9_]{2,38}", prefix)
    assert prefix != profile_prefix(StackId(*path, "prod"))
