"""The action key: an edit that can change an output changes the key; one that cannot does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.settings import TextSettings
from tasks import caching, storage

PROJECT = {
    "tasks/__init__.py": "",
    "tasks/job.py": '"""Doc."""\nfrom tasks import near\n\ndef run(n=1):\n    """Doc."""\n    return near.f(n)\n',
    "tasks/near.py": "def f(n):\n    from models.far import g\n    return g(n)\n",
    "models/__init__.py": "",
    "models/far.py": "import re\nfrom .deep import LIMIT\nPATTERN = re.compile('a')\ndef g(n):\n    return n + LIMIT\n",
    "models/deep.py": "LIMIT = 3  # a constant\n",
    "models/other.py": "VALUE = 1\n",
    "flows/__init__.py": "",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A function that writes the little project, with some files replaced, and gives the digest of the job's code."""
    monkeypatch.setattr(caching, "ROOT", tmp_path)
    cached = (
        caching.reached_modules,
        caching.module_file,
        caching.imported_names,
        caching.syntax_tree,
        caching.module_digest,
    )

    def digest(**edits: str) -> str:
        for name, text in (PROJECT | {path.replace("__", "/") + ".py": text for path, text in edits.items()}).items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for function in cached:
            function.cache_clear()
        return storage.combine({name: caching.module_digest(name) for name in caching.reached_modules("tasks.job")})

    yield digest
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize(
    "edit",
    [
        {"models__deep": "LIMIT = 4\n"},
        {"models__far": PROJECT["models/far.py"].replace("'a'", "'b'")},
        {"tasks__near": PROJECT["tasks/near.py"].replace("g(n)\n", "g(n) + 0\n")},
        {"tasks__job": PROJECT["tasks/job.py"].replace("n=1", "n=2")},
        {"tasks__job": PROJECT["tasks/job.py"].replace("def run", "@staticmethod\ndef run")},
    ],
    ids=["constant three modules away", "regular expression", "helper", "default argument", "decorator"],
)
def test_an_edit_that_a_step_can_reach_changes_its_key(project: Callable[..., str], edit: dict[str, str]) -> None:
    assert project(**edit) != project()


@pytest.mark.parametrize(
    "edit",
    [
        {"models__deep": "# another comment\nLIMIT = 3\n"},
        {"models__deep": "LIMIT   =   3\n\n\n"},
        {"tasks__job": PROJECT["tasks/job.py"].replace('"""Doc."""', '"""Other words."""')},
        {"models__other": "VALUE = 2\n"},
    ],
    ids=["comment", "layout", "docstring", "module that is not reached"],
)
def test_an_edit_that_changes_nothing_keeps_the_key(project: Callable[..., str], edit: dict[str, str]) -> None:
    assert project(**edit) == project()


def test_the_tokenizer_reaches_the_rules_of_text() -> None:
    assert {"tasks.frequencies", "models.text", "models.settings"} <= caching.reached_modules("tasks.frequencies")


def test_library_versions_are_part_of_the_key() -> None:
    versions = caching.library_versions(caching.reached_modules("tasks.frequencies"))
    assert {"python", "pyarrow", "scipy", "numpy"} <= set(versions)


def test_a_path_outside_the_store_is_refused_as_input(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="ingest it first"):
        caching.describe_input(tmp_path)


def test_settings_count_by_value() -> None:
    assert caching.describe_input(TextSettings()) == caching.describe_input(TextSettings(lowercase=True))
    assert caching.describe_input(TextSettings()) != caching.describe_input(TextSettings(lowercase=False))


def an_action(home: Path) -> tuple[caching.ActionKey, caching.Action]:
    with storage.new_artifact("thing") as draft:
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
