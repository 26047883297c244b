"""A base image from nothing but this machine's Python, and a package to install in it."""

from __future__ import annotations

import ensurepip
import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

LIBRARY = f"usr/local/lib/python{sys.version_info.major}.{sys.version_info.minor}"

LEFT_OUT = (
    *("__pycache__", "config-*", "ensurepip", "idlelib", "lib2to3", "site-packages"),
    *("dist-packages", "test", "tests", "tkinter", "turtledemo"),
)

DOCKERFILE = """FROM scratch
WORKDIR /opt/stackyard
COPY root/ /
ENV PATH=/usr/local/bin:/bin LD_LIBRARY_PATH=/usr/local/lib PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
USER 65534:65534
"""
"""Pip finds packages in a folder of the image instead of an index. One layer has nearly all, as
each further one would be another copy of it in the builder."""


def python_base(folder: Path) -> None:
    """Write a Dockerfile and its files: Python with pip, a shell, and the C libraries of both."""
    root = folder / "root"
    shutil.copytree(
        sysconfig.get_path("stdlib"), root / LIBRARY, ignore=shutil.ignore_patterns(*LEFT_OUT)
    )
    pip = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    zipfile.ZipFile(pip).extractall(root / LIBRARY / "site-packages")
    (root / "tmp").mkdir(mode=0o1777)
    programs = {Path(sys.executable): "usr/local/bin/python", Path("/bin/sh"): "bin/sh"}
    for program, place in programs.items():
        _copy(program, root / place)
    extensions = (root / LIBRARY / "lib-dynload").glob("*.so")
    for library in {path for file in (*programs, *extensions) for path in _libraries(file)}:
        python = library.name.startswith("libpython")
        _copy(
            library,
            root / ("usr/local/lib" if python else library.parent.as_posix()[1:]) / library.name,
        )
    (folder / "Dockerfile").write_text(DOCKERFILE)


def wheel(folder: Path, name: str, version: str) -> str:
    """Write a package of one module, and return its digest."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{about}/RECORD"))
    folder.mkdir(parents=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _libraries(file: Path) -> list[Path]:
    told = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", told)]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source.resolve(), target)
