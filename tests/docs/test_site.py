"""The documentation as pages: a strict build, no request off the machine, no broken link in a Markdown file."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
LOADED = re.compile(r"(?:<script[^>]*\ssrc|<link[^>]*\shref|<img[^>]*\ssrc)=\"?(https?:)?//[^\s\">]+|@import[^;]*//")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+[a-z]")
OTHER_PROGRAM = re.compile(r"^ *(mlflow server|pip|docker|podman|  --)|git |save_word2vec|make \w+ |bench[_-]")
MARKDOWN = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "data/**/*.md", "mlflow/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
    if "state" not in path.relative_to(ROOT).parts
)
needs_mkdocs = pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None,
    reason="mkdocs-material is not installed: pip install -e .[docs]",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built strictly: a link that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@needs_mkdocs
def test_the_site_builds_strictly_and_holds_every_page(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert [str(page) for page in sorted(pages) if not (site / page).is_file()] == []


@needs_mkdocs
def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    files = [path for suffix in ("html", "css") for path in site.rglob(f"*.{suffix}")]
    assert len(files) > 20
    assert [path.name for path in files if LOADED.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("file", MARKDOWN)
def test_links_of_a_markdown_file_lead_somewhere(file: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / file).read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [link.partition("#")[0] for link in LINK.findall(text) if not link.startswith(("http", "mailto:", "#"))]
    assert [target for target in targets if target and not ((ROOT / file).parent / target).exists()] == []


def test_no_page_names_an_option_that_no_command_has() -> None:
    pages = [path for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] if "reference" not in path.parts]
    known = set(OPTION.findall((ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")))
    known |= {"--version", "--install-completion", "--help"}
    named = {
        (path.name, option)
        for path in pages
        for line in path.read_text(encoding="utf-8").splitlines()
        for option in OPTION.findall(line)
        if not OTHER_PROGRAM.search(line)
    }
    assert {(page, option) for page, option in named if option not in known} == set()


def test_each_test_that_the_page_on_security_names_is_there() -> None:
    file, missing = "", []
    for line in (ROOT / "docs/security.md").read_text(encoding="utf-8").splitlines():
        for name in re.findall(r"`([^`]+)`", line.split("|")[-2]) if line.startswith("| ") else ():
            if name.endswith(".py"):
                file = name
            if not (ROOT / "tests" / file).is_file() or (name != file and name.strip(".") not in _tests_in(file)):
                missing.append(f"{file} {name}")
    assert file
    assert missing == []


def _tests_in(file: str) -> str:
    return " ".join(re.findall(r"def (test_\w+)", (ROOT / "tests" / file).read_text(encoding="utf-8")))


def test_every_page_is_in_the_navigation() -> None:
    named = set(re.findall(r"[\w/-]+\.md", str(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])))
    assert named == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}


def test_the_readme_fits_on_a_few_screens_and_says_where_the_licence_stands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.encode()) <= 8_000
    assert "## Licence" in text
