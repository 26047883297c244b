"""The toolchain against a stand-in for Go: what is built once, what is said when it is not."""

import os
import re
import shutil
import stat
import threading
from pathlib import Path

import pytest

from stackyard_sandbox import toolchain
from stackyard_sandbox.toolchain import __main__ as command
from stackyard_sandbox.toolchain import definitions, modules

FAKE_GO = """#!/bin/sh
echo "$1" >> "$FAKE_CALLS"
case "$1" in
  env) echo "${FAKE_VERSION:-go1.26.8}" ;;
  list) echo "$FAKE_KWOK" ;;
  build)
    [ -n "$FAKE_ERROR" ] && { echo "$FAKE_ERROR"; exit 1; }
    sleep "${FAKE_SECONDS:-0}"
    while [ "$1" != -o ]; do shift; done
    echo "cgo=$CGO_ENABLED goos=$GOOS work=$GOWORK" > "$2" ;;
esac
"""


@pytest.fixture(autouse=True)
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own and a `go` that writes its environment instead of a program."""
    binaries, kwok = tmp_path / "path", tmp_path / "kwok"
    for stage in ("node/fast", "node/heartbeat-with-lease", "pod/fast"):
        folder = kwok / "kustomize" / "stage" / stage
        folder.mkdir(parents=True)
        for name in ("kustomization.yaml", f"{stage.replace('/', '-')}.yaml"):
            (folder / name).write_text("kind: Stage\n")
            (folder / name).chmod(0o444)
    binaries.mkdir()
    program = binaries / "go"
    program.write_text(FAKE_GO)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("STACKYARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_KWOK", str(kwok))
    monkeypatch.setenv("FAKE_CALLS", str(tmp_path / "calls"))
    return program


def builds(tmp_path: Path) -> int:
    return (tmp_path / "calls").read_text().split().count("build")


def test_a_missing_tool_names_the_command() -> None:
    with pytest.raises(toolchain.ToolMissing, match="stackyard sandbox build etcd"):
        toolchain.tool("etcd")
    assert toolchain.missing() == list(toolchain.ALL)
    assert toolchain.missing(["kwok", "pulumi"]) == ["pulumi", "kwok"]


def test_an_unknown_tool_names_the_known_ones() -> None:
    for ask in (lambda: toolchain.tool("kubectl"), lambda: toolchain.missing(["kubectl"])):
        with pytest.raises(toolchain.ToolchainError, match=r"'kubectl'(.|\n)*kube-apiserver"):
            ask()


def test_each_tool_is_built_once(tmp_path: Path) -> None:
    said: list[str] = []
    paths = toolchain.build(progress=said.append)
    again = toolchain.build(progress=said.append)

    assert paths == again
    assert set(paths) == {*toolchain.CORE, *toolchain.EXTRA}
    assert builds(tmp_path) == len(paths)
    assert toolchain.missing() == list(toolchain.IMAGES)
    assert [line for line in said if re.fullmatch(r"etcd: built in \d+ s", line)]


def test_stages_come_with_kwok() -> None:
    with pytest.raises(toolchain.ToolMissing):
        toolchain.kwok_stages()
    toolchain.build(["kwok"], progress=print)
    names = [stage.name for stage in toolchain.kwok_stages()]
    assert names == ["node-fast.yaml", "node-heartbeat-with-lease.yaml", "pod-fast.yaml"]


def test_definitions_chart_and_prices_come_with_karpenter(tmp_path: Path) -> None:
    with pytest.raises(toolchain.ToolMissing):
        toolchain.karpenter_definitions()
    for name in (
        *("pkg/apis/crds/nodepools.yaml", "charts/karpenter/Chart.yaml"),
        *("charts/karpenter/templates/role.yaml", "pkg/providers/pricing/pricing.go"),
        "pkg/providers/pricing/zz_generated.pricing_aws.go",
    ):
        file = tmp_path / "kwok" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    toolchain.build(["karpenter"], progress=print)
    assert [file.name for file in toolchain.karpenter_definitions()] == ["nodepools.yaml"]
    assert (toolchain.karpenter_chart() / "templates" / "role.yaml").is_file()
    assert toolchain.karpenter_prices().endswith("pricing_aws.go")


def test_a_new_lock_file_rebuilds_its_own_module_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain.build(["pulumi", "promtool"], progress=print)
    copied = tmp_path / "modules"
    for module in modules.MODULES:
        (copied / module.name).mkdir(parents=True)
        for lock in ("go.mod", "go.sum"):
            text = (module.folder / lock).read_text()
            changed = "\n" if (module.name, lock) == ("prometheus", "go.sum") else ""
            (copied / module.name / lock).write_text(text + changed)
    monkeypatch.setattr(modules, "_FOLDER", copied)

    assert toolchain.missing(["pulumi", "promtool"]) == ["promtool"]


def test_a_changed_source_rebuilds_its_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain.build([modules.KUBERNETES_PROVIDER], progress=print)
    copied = tmp_path / "modules"
    shutil.copytree(modules.module_of(modules.KUBERNETES_PROVIDER).folder.parent, copied)
    monkeypatch.setattr(modules, "_FOLDER", copied)
    assert not toolchain.missing([modules.KUBERNETES_PROVIDER])

    main = copied / "kubernetes-provider" / "main.go"
    main.write_text(main.read_text() + "// changed")
    assert toolchain.missing([modules.KUBERNETES_PROVIDER]) == [modules.KUBERNETES_PROVIDER]


def test_the_provider_tells_the_version_that_its_lock_file_has() -> None:
    folder = modules.module_of(modules.KUBERNETES_PROVIDER).folder
    said = re.search(r'version = "(.+)"', (folder / "main.go").read_text())
    assert said
    assert f"pulumi-kubernetes/provider/v4 v{said[1]}\n" in (folder / "go.mod").read_text()


def test_two_builds_at_once_compile_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SECONDS", "0.3")
    said: list[str] = []
    runs = [
        threading.Thread(target=toolchain.build, args=(["etcd"],), kwargs={"progress": said.append})
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert builds(tmp_path) == 1
    assert "etcd: waiting for another build" in said


def test_a_failed_build_leaves_a_log_and_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ERROR", "main.go:1: undefined: x")
    with pytest.raises(toolchain.BuildFailed, match=r"etcd did not build.*undefined: x") as caught:
        toolchain.build(["etcd"], progress=print)

    assert "undefined: x" in caught.value.log.read_text()
    assert stat.S_IMODE(caught.value.log.stat().st_mode) == 0o600
    assert str(caught.value.log) in caught.value.hint
    assert toolchain.missing(["etcd"]) == ["etcd"]
    monkeypatch.delenv("FAKE_ERROR")
    assert toolchain.build(["etcd"], progress=print)["etcd"].is_file()
    assert not caught.value.log.exists()


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("dial tcp: lookup proxy: no such host", "GOPROXY"),
        ("write: no space left on device", "disk"),
    ],
)
def test_a_known_failure_has_its_own_remedy(
    output: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ERROR", output)
    with pytest.raises(toolchain.BuildFailed) as caught:
        toolchain.build(["etcd"], progress=print)
    assert hint in caught.value.hint


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9"])
def test_an_old_go_is_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_VERSION", version)
    with pytest.raises(toolchain.GoMissing, match=f"1.26 or newer.*{version}"):
        toolchain.build(["etcd"], progress=print)


@pytest.mark.parametrize("version", ["go1.26.0", "go1.27rc1", "go2.0"])
def test_a_newer_go_will_do(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_VERSION", version)
    toolchain.build(["etcd"], progress=print)


def test_no_go_at_all(go: Path) -> None:
    toolchain.build(["etcd"], progress=print)
    go.unlink()

    assert toolchain.build(["etcd"], progress=print)
    with pytest.raises(toolchain.GoMissing, match=r"found none(.|\n)*go\.dev/doc/install"):
        toolchain.build(["etcd", "kwok"], progress=print)


def test_builds_are_for_this_machine_without_cgo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOWORK", "/elsewhere/go.work")
    built = toolchain.build(["etcd"], progress=print)["etcd"]
    assert built.read_text() == "cgo=0 goos= work=off\n"


def test_what_builds_images_is_built_apart_and_does_without_what_needs_c(
    go: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go.write_text(FAKE_GO.replace("build)", 'build) [ "$CGO_ENABLED" = 0 ] || exit 1'))
    assert command.main(["build", "--images"]) == 0
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == [*toolchain.IMAGES[:-1]]
    assert "warning: runc did not build" in told.err


def test_the_command_prints_paths_and_fails_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main(["build", "etcd"]) == 0
    assert capsys.readouterr().out == f"etcd\t{toolchain.tool('etcd')}\n"
    monkeypatch.setenv("FAKE_ERROR", "broken")
    assert command.main(["build", "kwok"]) == 1
    assert capsys.readouterr().err.splitlines()[-2].startswith("error: kwok did not build")


def test_lock_files_name_no_place_on_a_machine() -> None:
    for module in modules.MODULES:
        text = (module.folder / "go.mod").read_text()
        for place in re.findall(r"=>\s+([./]\S*)", text):
            assert place.startswith("./"), "a module of ours, beside this lock file"
            assert (module.folder / place / "go.mod").is_file()
        assert (module.folder / "go.sum").stat().st_size > 0


def test_pinned_versions_agree_with_what_is_reported() -> None:
    engine = (modules.module_of("pulumi").folder / "go.mod").read_text()
    cluster = (modules.module_of("kwok").folder / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{modules.ENGINE_VERSION}" in engine
    assert f"k8s.io/kubernetes v{modules.KUBERNETES_VERSION}" in cluster
    kueue = (modules.module_of("kueue").folder / "go.mod").read_text()
    assert f"{definitions.KUEUE.module} {definitions.KUEUE.version} //" in kueue
