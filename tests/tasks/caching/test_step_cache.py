"""The cache: what its keys are made of, and what it recalls. Which edits change a key: test_caching_mutations.py."""

from pathlib import Path

import pytest

from models.settings import TextSettings
from tasks import caching
from tasks.caching import code, libraries
from tasks.store import artifact_store


def test_the_tokenizer_reaches_the_rules_of_text() -> None:
    assert {"models.text.rules", "models.settings"} <= set(caching.reached_modules("tasks.training.features"))


def test_library_versions_are_part_of_the_key() -> None:
    versions = libraries.library_versions(caching.reached_modules("tasks.training.features"))
    assert {"python", "pyarrow", "scipy", "numpy"} <= set(versions)


def test_a_path_outside_the_store_is_refused_as_input(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="ingest it first"):
        caching.describe_input(tmp_path)


def test_settings_count_by_value() -> None:
    assert caching.describe_input(TextSettings()) == caching.describe_input(TextSettings(lowercase=True))
    assert caching.describe_input(TextSettings()) != caching.describe_input(TextSettings(lowercase=False))


def an_action(home: Path) -> tuple[caching.ActionKey, caching.Action]:
    with artifact_store.new_artifact("thing") as draft:
        (draft / "thing.txt").write_text("made")
    key = caching.ActionKey("make", {"inputs": {"n": 1}})
    action = caching.Action(f"thing/{draft.final.name}", "run", {"accuracy": 0.5}, {"model": "lstm"}, 1.0)
    caching.remember(key, action)
    return key, action


def test_what_was_remembered_is_recalled_under_the_same_key_only(home: Path) -> None:
    key, action = an_action(home)
    assert caching.recall(key) == action
    assert caching.recall(caching.ActionKey("make", {"inputs": {"n": 2}})) is None


def test_a_damaged_output_is_not_recalled(home: Path) -> None:
    key, action = an_action(home)
    (action.path / "thing.txt").write_text("damaged")
    assert caching.recall(key) is None


def test_a_package_is_reached_under_one_name_by_text_that_calls_a_constructor(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from tasks import registry\nclass A(B):\n    def __init__(self):\n        super().__init__()\n")
    reached = code.reached_modules(elsewhere={"script": script})
    assert "tasks.registry" in reached
    assert reached.keys() - {"script"} <= code.project_modules()
