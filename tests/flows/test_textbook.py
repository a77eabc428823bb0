"""`crisisflow textbook` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def crisisflow(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments], capture_output=True, text=True, cwd=folder, check=False
    )


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """One example as JSON, and its page."""
    folder = tmp_path_factory.mktemp("textbook")
    said = crisisflow("textbook", "skip-gram", "--html", "page.html", "--json", folder=folder)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout), folder / "page.html"


def test_without_a_name_the_examples_are_listed(tmp_path: Path) -> None:
    said = crisisflow("textbook", folder=tmp_path).stdout
    assert all(name in said for name in ("one-hot", "cbow-step", "four-kinds", "bptt"))


@pytest.mark.parametrize("arguments", [(), ("skip-gram",)])
def test_without_a_page_no_file_is_left(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, variable in (("tmp", "TMPDIR"), ("user", "HOME")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "state"))
    for variable in ("KERAS_HOME", "MPLCONFIGDIR", "PREFECT_HOME"):  # as a user has them
        monkeypatch.delenv(variable, raising=False)
    assert crisisflow("textbook", *arguments, folder=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["tmp", "user"]


def test_an_example_shows_the_text_beside_ours_and_the_erratum(worked: tuple[dict, Path]) -> None:
    result, page = worked
    (example,) = result["examples"]
    (wrong,) = [line for line in example["lines"] if not line["agrees"]]
    assert (wrong["left"], wrong["right"]) == ("sample corpus", "sample using")
    assert result["page"] == str(page)
    assert wrong["erratum"] in page.read_text()


def test_a_file_that_crisisflow_did_not_write_is_kept(tmp_path: Path) -> None:
    (tmp_path / "notes.html").write_text("mine")
    said = crisisflow("textbook", "gates", "--html", "notes.html", folder=tmp_path)
    assert said.returncode == 2
    assert "notes.html" in said.stderr
    assert (tmp_path / "notes.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("cbo",), "no example 'cbo'"), (("cbow", "--all"), "not both"), (("--html", "x.html"), "--html needs")],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    said = crisisflow("textbook", *arguments, folder=tmp_path)
    assert said.returncode == 2
    assert reason in said.stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    assert crisisflow("--version", folder=tmp_path).stdout.startswith("crisisflow ")
