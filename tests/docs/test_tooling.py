"""The files that other programs read: continuous integration, hooks, make targets."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def make(*arguments: str) -> str:
    """What make would run."""
    command = ["make", "--dry-run", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


def test_continuous_integration_tries_every_python_that_the_project_names() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    tried = jobs["test"]["strategy"]["matrix"]["python-version"]
    lowest, past = (int(minor) for minor in re.findall(r"3\.(\d+)", PROJECT["requires-python"]))
    assert tried == [f"3.{minor}" for minor in range(lowest, past)]


def test_hooks_are_local_and_download_nothing() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert {each["repo"] for each in repositories} == {"local"}
    assert {hook["language"] for each in repositories for hook in each["hooks"]} == {"system"}


def test_the_newest_version_of_the_changelog_is_that_of_the_project() -> None:
    versions = re.findall(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == PROJECT["version"]


@pytest.mark.parametrize("target", ["quick", "coverage", "docs-reference", "format"])
def test_make_knows_the_target(target: str) -> None:
    assert ".venv/bin/" in make(target)


def test_a_benchmark_runs_from_the_top_folder_as_from_its_own() -> None:
    line = "tests/benchmarks/bench_gate.py --tweets /real/disaster_tweets/train.csv"
    assert line in make("bench-gate", "DATA=/real")
    assert line in make("-C", "tests/benchmarks", "bench-gate", "DATA=/real")


def test_every_benchmark_script_has_a_target() -> None:
    text = (ROOT / "tests" / "benchmarks" / "Makefile").read_text(encoding="utf-8")
    scripts = {path.name for path in (ROOT / "tests" / "benchmarks").glob("bench_*.py")}
    assert {name for name in scripts if name not in text} == set()
