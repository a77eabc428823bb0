"""The reference in docs/ says what the code says: it is generated, and compared here."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("generate_reference", ROOT / "docs" / "generate_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def pages(reference: ModuleType) -> dict[str, str]:
    """Every page as the code has it now."""
    return dict(reference.generated())


def test_no_page_is_stale(reference: ModuleType) -> None:
    assert reference.stale() == [], "run `make docs-reference`"


def test_every_option_of_every_command_is_there(reference: ModuleType, pages: dict[str, str]) -> None:
    sections = {part.split("\n")[0]: part for part in pages["reference/commands.md"].split("\n## ")}
    for name, command in reference.commands():
        for option in (option for each in command.params for option in each.opts if option.startswith("--")):
            assert f"`{option}`" in sections[name], f"{name} {option}"


def test_every_setting_is_explained(pages: dict[str, str]) -> None:
    rows = [line for line in pages["reference/settings.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if row.removesuffix(" |").endswith(" | ")] == []


def test_every_variable_of_the_project_is_explained(reference: ModuleType) -> None:
    missing = [name for name in reference.not_described() if name.startswith("environment.")]
    assert missing == [], "explain them in docs/reference.toml"


def test_a_changed_help_text_makes_the_page_stale(
    reference: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in reference.generated().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("Name of the text column", "Name of a column"), encoding="utf-8")
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    assert reference.stale() == ["reference/commands.md"]


def test_what_prints_json_is_where_the_reference_looks_for_it(reference: ModuleType) -> None:
    assert reference.missing_places() == {}


def test_a_function_that_moved_is_named_with_the_remedy(reference: ModuleType) -> None:
    with pytest.raises(LookupError, match=r"flows/retrain\.py::nothing, which does not exist: correct the line"):
        reference.code_reading.definition("flows/retrain.py::nothing")


def test_keys_of_the_main_command_are_read_from_its_code(pages: dict[str, str]) -> None:
    section = pages["reference/json.md"].split("## crisisflow retrain")[1].split("\n## ")[0]
    for key in ("run_id", "models[].f1", "data.quarantined", "promoted", "steps"):
        assert f"| `{key}` |" in section
