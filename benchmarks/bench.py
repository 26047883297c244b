"""Measures what users wait for, and prints medians against targets.

`make bench`, or `python -m benchmarks.bench [--runs N] [--only WORD]`. All happens in a sandbox and
an estate of its own, gone afterwards. Times are wall clock, on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STACKYARD = (sys.executable, "-m", "stackyard_cli")
CHAIN = ("platform/foundation/dev", "platform/services/dev", "ranking/recommender/dev")
PROJECT = CHAIN[-1]
STAGE = "*/*/dev"
FULL = "vision/defects/dev"
"""The project of the reference estate that declares all concerns."""

FILES = 1000
PROJECTS = 20


@dataclass(frozen=True)
class Measure:
    """One line of the table."""

    name: str
    target: float
    unit: str
    samples: list[float]

    @property
    def median(self) -> float:
        """The middle sample."""
        return statistics.median(self.samples)


class Bench:
    """One estate and one sandbox to measure in."""

    MEASURES = (
        *("help", "validate", "affected", "comment", "sandbox", "from_nothing", "preview"),
        *("full", "unchanged", "status", "review", "many"),
    )
    """What can be measured, in the order in which it has to happen."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.estate, self.folder, self.runs = folder / "estate", folder, runs
        shutil.copytree(ROOT / "stacks", self.estate / "stacks")

    def help(self) -> list[Measure]:
        """How soon the command answers at all."""
        samples = [self._timed(*STACKYARD, "--help") for _ in range(self.runs * 3)]
        return [Measure("stackyard --help", 0.15, "s", samples)]

    def validate(self) -> list[Measure]:
        """A thousand stack files read, merged and validated."""
        large = self._large("large")
        samples = [
            self._timed(*STACKYARD, "validate", "--estate", str(large), checked=False)
            for _ in range(self.runs)
        ]
        return [Measure(f"validate {FILES} stack files", 1.5, "s", samples)]

    def affected(self) -> list[Measure]:
        """The worst change for `affected`: a company-wide value, so that all stacks compare."""
        large = self._large("compared")
        git = ("git", "-C", str(large), "-c", "user.name=b", "-c", "user.email=b@example.com")
        self._timed(*git, "init", "-q")
        self._timed(*git, "add", "-A")
        self._timed(*git, "commit", "-q", "-m", "base")
        company = large / "stacks" / "_defaults.yaml"
        company.write_text(company.read_text().replace("company: acme", "company: other"))
        command = (*STACKYARD, "affected", "--base", "HEAD", "--estate", str(large))
        samples = [self._timed(*command) for _ in range(self.runs)]
        return [Measure(f"affected of {FILES} stacks, all compared", 3.0, "s", samples)]

    def comment(self) -> list[Measure]:
        """The one comment of a pull request that changes many stacks, more than fits."""
        from stackyard_cli.reports.comment import entry, rendered

        bucket = {"operation": "replace", "type": "aws:s3/bucket:Bucket", "paths": ["bucket"]}
        steps = [{**bucket, "name": f"dataset-{index}"} for index in range(40)]
        contents = [{"stack": f"team/project-{n}/dev", "steps": steps} for n in range(200)]
        samples: list[float] = []
        for _ in range(self.runs):
            started = time.perf_counter()
            rendered([entry(content) for content in contents])
            samples.append(time.perf_counter() - started)
        return [Measure("comment of 200 changed stacks", 1.0, "s", samples)]

    def _large(self, name: str) -> Path:
        """Make an estate of a thousand stack files."""
        large = self.folder / name
        shutil.copytree(ROOT / "stacks", large / "stacks")
        pattern = large / "stacks" / "ranking" / "recommender"
        present = len(list(large.glob("stacks/*/*/[!_]*.yaml")))
        stages = [path for path in pattern.iterdir() if not path.name.startswith("_")]
        for index in range((FILES - present) // len(stages) + 1):
            shutil.copytree(pattern, large / "stacks" / "ranking" / f"copy-{index}")
        return large

    def sandbox(self) -> list[Measure]:
        """Start of the sandbox from its built toolchain, and the memory it then takes."""
        from stackyard_sandbox import daemon

        times: list[float] = []
        sizes: list[float] = []
        for _ in range(self.runs):
            daemon.reset()
            started = time.perf_counter()
            daemon.start()
            times.append(time.perf_counter() - started)
            sizes.append(sum(member.rss_bytes for member in daemon.status()) / 1e9)
        return [
            Measure("sandbox start", 6.0, "s", times),
            Measure("sandbox memory", 1.2, "GB", sizes),
        ]

    def from_nothing(self) -> list[Measure]:
        """Foundation, services and a project, previewed and applied in an empty sandbox."""
        from stackyard_sandbox import daemon

        samples: list[float] = []
        for _ in range(self.runs):
            daemon.reset()
            daemon.start()
            samples.append(self._timed(*STACKYARD, "up", *CHAIN, "--yes-to-all"))
        return [Measure("foundation + services + project", 25.0, "s", samples)]

    def preview(self) -> list[Measure]:
        """An unchanged preview, and the same program run by the SDK alone."""
        ejected = self.folder / "ejected"
        shutil.rmtree(ejected, ignore_errors=True)
        self._timed(*STACKYARD, "eject", PROJECT, str(ejected))
        ours: list[float] = []
        bare: list[float] = []
        for _ in range(self.runs):  # in turns, so that a busy moment hits both
            ours.append(self._timed(*STACKYARD, "preview", PROJECT, "--all"))
            bare.append(self._timed(sys.executable, str(ROOT / "benchmarks/bare.py"), str(ejected)))
        return [
            Measure("unchanged preview of the project", 4.0, "s", ours),
            Measure("  the same, SDK alone", statistics.median(ours), "s", bare),
        ]

    def full(self) -> list[Measure]:
        """Everything of a stage, all concerns, applied in an empty sandbox; once: it is long."""
        from stackyard_sandbox import daemon

        daemon.reset()
        daemon.start()
        seconds = self._timed(*STACKYARD, "up", STAGE, "--yes-to-all")
        rows = json.loads(self._answered(*STACKYARD, "status", STAGE, "--json"))
        made = sum(row["resources"] for row in rows)
        name = f"all of a stage: {len(rows)} stacks, {made} resources"
        return [Measure(name, 90.0, "s", [seconds])]

    def unchanged(self) -> list[Measure]:
        """An unchanged preview of a project with all concerns."""
        command = (*STACKYARD, "preview", FULL, "--expect-no-changes", "--all")
        samples = [self._timed(*command) for _ in range(self.runs)]
        return [Measure("unchanged preview of a full project", 6.0, "s", samples)]

    def status(self) -> list[Measure]:
        """The live check of every concern of a project; each has to find something."""
        (row,) = json.loads(self._answered(*STACKYARD, "status", FULL, "--json"))
        if missing := [one for one in row["concerns"] if one["state"] == "problem"]:
            sys.exit(f"status is not as it should be: {missing}")
        samples = [self._timed(*STACKYARD, "status", FULL) for _ in range(self.runs)]
        name = f"status of a full project, {len(row['concerns'])} concerns"
        return [Measure(name, 3.0, "s", samples)]

    def review(self) -> list[Measure]:
        """What policy packs and a receipt add to a preview; `cost` previews without both."""
        receipt = str(self.folder / "receipt.json")
        shares: list[float] = []
        for _ in range(self.runs):
            bare = self._timed(*STACKYARD, "cost", FULL)
            judged = self._timed(*STACKYARD, "preview", FULL, "--receipt", receipt)
            shares.append((judged / bare - 1) * 100)
        return [Measure("policies and receipt add to a preview", 25.0, "%", shares)]

    def many(self) -> list[Measure]:
        """Many small projects of one stage, against a loop of the SDK alone over the same; once."""
        from stackyard_sandbox import daemon

        daemon.reset()
        daemon.start()
        pattern = self.estate / "stacks" / "ranking" / "recommender"
        names = [f"small-{index}" for index in range(PROJECTS)]
        for name in names:
            copy = self.estate / "stacks" / "ranking" / name
            copy.mkdir()
            for file in ("_defaults.yaml", "dev.yaml"):
                shutil.copy(pattern / file, copy / file)
        self._timed(*STACKYARD, "up", *CHAIN[:2], "ranking/small-*/dev", "--yes-to-all")
        loop = 0.0
        for name in names:
            ejected = self.folder / name
            self._timed(*STACKYARD, "eject", f"ranking/{name}/dev", str(ejected))
            loop += self._timed(sys.executable, str(ROOT / "benchmarks/bare.py"), str(ejected))
        preview = (*STACKYARD, "preview", "ranking/small-*/dev")
        same = self._timed(*preview, "--expect-no-changes")
        one = self.estate / "stacks" / "ranking" / names[0] / "dev.yaml"
        one.write_text(one.read_text().replace("{}", "tags: {trial: one}"))
        changed = self._timed(*preview)
        team = self.estate / "stacks" / "ranking" / "_defaults.yaml"
        team.write_text(team.read_text().replace("tags: {", "tags: {trial: all, "))
        every = self._timed(*preview)
        goals = {"all": (every, loop / 3), "one": (changed, loop / 15), "none": (same, 1.0)}
        return [
            Measure(f"loop of the SDK alone over {PROJECTS} projects", loop, "s", [loop]),
            *(
                Measure(f"preview of {PROJECTS} projects, {which} changed", goal, "s", [seconds])
                for which, (seconds, goal) in goals.items()
            ),
        ]

    def _answered(self, *command: str) -> str:
        return subprocess.run(
            command, cwd=self.estate, capture_output=True, text=True, check=True
        ).stdout

    def _timed(self, *command: str, checked: bool = True) -> float:
        started = time.perf_counter()
        done = subprocess.run(command, cwd=self.estate, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if checked and done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr[-2000:]}")
        return seconds


@contextmanager
def own_sandbox() -> Iterator[Path]:
    """Give a folder and a sandbox in it; both go in the end."""
    folder = Path(tempfile.mkdtemp(prefix="stackyard-bench-"))
    os.environ["STACKYARD_SANDBOX_DIR"] = str(folder / "sandbox")
    from stackyard_sandbox import daemon

    try:
        yield folder
    finally:
        daemon.reset()
        shutil.rmtree(folder, ignore_errors=True)


def table(measures: list[Measure]) -> str:
    """Return the table as Markdown."""
    lines = ["| what | median | target | samples |", "|---|---|---|---|"]
    for one in measures:
        met = "" if one.median <= one.target or one.name.startswith(" ") else " **over**"
        target = "-" if one.name.startswith(" ") else f"{one.target:g} {one.unit}"
        spread = f"{min(one.samples):.2f} to {max(one.samples):.2f} ({len(one.samples)})"
        lines.append(f"| {one.name} | {one.median:.2f} {one.unit}{met} | {target} | {spread} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", action="append", choices=Bench.MEASURES)
    options = parser.parse_args()
    with own_sandbox() as folder:
        bench = Bench(folder, options.runs)
        found: list[Measure] = []
        for name in options.only or Bench.MEASURES:
            print(f"measuring: {name}", file=sys.stderr)
            found += getattr(bench, name)()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(table(found))
    print(f"\n{os.cpu_count()} cores, Python {sys.version.split()[0]}, load at the end {load}")


if __name__ == "__main__":
    main()
