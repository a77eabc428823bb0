"""Edits applied to a copy of this project: what can change an output is computed again, what cannot is reused."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.settings import ClassifierSettings, EmbeddingSettings, Recipe, Settings, TextSettings
from tasks import caching
from tasks.caching import code, libraries, machine
from tasks.store import artifact_store, formats
from tasks.training import classifiers, embeddings, features

REPOSITORY = Path(caching.ROOT)
TOKENS, RULES, TOKENIZATION = "models/text/tokens.py", "models/text/rules.py", "models/text/tokenization.py"
TASK = "tasks/training/features.py"
Edit = dict[str, str | Callable[[str], str]]


class Project:
    """A copy of the project that can be edited and put back."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for package in caching.PACKAGES:
            shutil.copytree(REPOSITORY / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        self.original = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def write(self, edit: Edit) -> None:
        """Make these changes: a whole new text, or a function of the old one, which has to change it."""
        for name, change in edit.items():
            path = self.root / name
            text = change if isinstance(change, str) else change(path.read_text(encoding="utf-8"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def restore(self) -> None:
        """The copy as it was."""
        for path in [path for path in self.root.rglob("*") if path.is_file() and path not in self.original]:
            path.unlink()
        for path, text in self.original.items():
            if path.read_bytes() != text:
                path.write_bytes(text)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(copy: Project, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setattr(code, "ROOT", copy.root)
    machine.hardware_class.cache_clear()
    yield copy
    copy.restore()
    machine.hardware_class.cache_clear()


STEPS: dict[str, tuple[Any, dict[str, Any], bool]] = {
    "tokenize": (features.tokenize_tweets, {"text": TextSettings()}, False),
    "vectors": (embeddings.train_vectors, {"settings": EmbeddingSettings(), "seed": 1}, True),
    "network": (classifiers.train_network, {"settings": ClassifierSettings(), "seed": 1}, True),
}


def key(step: str, **inputs: Any) -> str:
    """The digest that the real step would be filed under."""
    task, usual, hardware = STEPS[step]
    return caching.action_key(step, task.fn, {**usual, **inputs}, hardware).digest


def swap(old: str, new: str) -> Callable[[str], str]:
    """One piece of the text replaced by another."""

    def change(text: str) -> str:
        assert old in text, f"{old!r} is no longer there: aim at something else"
        return text.replace(old, new, 1)

    return change


def add(lines: str) -> Callable[[str], str]:
    """The text with something more at its end."""
    return lambda text: f"{text}\n{lines}\n"


CODE_EDITS: dict[str, tuple[str, Edit]] = {
    "helper two modules away": ("vectors", {"models/seeds.py": swap('"little"', '"big"')}),
    "module imported inside a function": (
        "tokenize",
        {"models/classifiers/pipeline.py": swap('""), _str', '" "), _str')},
    ),
    "constant": ("tokenize", {RULES: swap('"<url>"', '"<link>"')}),
    "number that was a flag": ("tokenize", {RULES: add("STRICT = 1")}),
    "regular expression": ("tokenize", {TOKENIZATION: swap("[.,;:]?$", "[.,;]?$")}),
    "flag of a regular expression": ("tokenize", {TOKENIZATION: swap('"(?i)"', '"(?s)"')}),
    "default argument": (
        "network",
        {"models/recurrent/layers.py": swap("training: bool = False", "training: bool = True")},
    ),
    "class attribute": ("tokenize", {"models/settings/choices.py": swap("frozen=True", "frozen=False")}),
    "default of a setting": ("tokenize", {"models/settings/features.py": swap("Field(2, ", "Field(3, ")}),
    "decorator": ("tokenize", {TOKENS: swap("    @property\n", "    @staticmethod\n")}),
    "argument of a decorator": ("tokenize", {TOKENS: swap("eq=False", "eq=True")}),
    "operator": ("tokenize", {TOKENS: swap("2**31 - 1", "2**31 + 1")}),
    "sign of zero": ("tokenize", {TOKENS: swap("MAX_ARROW_TOKENS = 2**31 - 1", "MAX_ARROW_TOKENS = -0.0")}),
    "whole number made a float": ("tokenize", {TOKENIZATION: swap("4 << 20", "4.0 * 2**20")}),
    "order of two statements": ("tokenize", {RULES: swap("URL, USER, NUMBER = ", "USER, URL, NUMBER = ")}),
    "type of a field": ("tokenize", {"models/settings/data.py": swap("lowercase: bool", "lowercase: bool | None")}),
    "name re-exported by a package": ("tokenize", {"models/text/__init__.py": add("concat = Tokens.from_lists")}),
    "the step itself": (
        "tokenize",
        {TASK: swap("formats.read_tweets(tweets)", "formats.read_tweets(tweets)[::2]")},
    ),
    "how artifacts are read": (
        "tokenize",
        {"tasks/store/formats.py": swap("zero_copy_only=False", "zero_copy_only=True")},
    ),
    "how artifacts are written": ("tokenize", {"tasks/store/digests.py": add("SALT = 1")}),
    "the wrapper of all steps": ("tokenize", {"tasks/steps.py": add("STRICT = True")}),
    "file that is run by its name": (
        "network",
        {"tasks/packaging/logged_model.py": swap("self.classifier.call(probabilities)", "probabilities >= 0.5")},
    ),
}


@pytest.mark.parametrize("name", CODE_EDITS)
def test_an_edit_within_reach_is_computed_again(project: Project, name: str) -> None:
    step, edit = CODE_EDITS[name]
    before = key(step)
    project.write(edit)
    assert key(step) != before


ROADS = {
    "import_module of a string": "import importlib\nM = importlib.import_module('models.hidden')",
    "import_module of a computed name": "from importlib import import_module as m\nM = m('models.' + 'hid' + 'den')",
    "__import__": "M = __import__('.'.join(('models', 'hidden')))",
    "exec": "exec('import ' + '.'.join(('models', 'hidden')))",
    "relative import": "from ..hidden import LIMIT",
    "star import": "from models.hidden import *",
    "import in a class in a function": "def f():\n    class C:\n        from models.hidden import LIMIT",
    "import where another one failed": "try:\n    import nowhere\nexcept ImportError:\n    import models.hidden",
    "attribute of a package": "import models\nLIMIT = lambda: models.hidden.LIMIT",
    "getattr of a package": "import models\nLIMIT = lambda: getattr(models, 'hidden')",
    "attribute of a package under another name": "import models as m\nLIMIT = lambda: m.hidden.LIMIT",
    "entry point in a string": "ENTRY = 'models.hidden:LIMIT'",
}


@pytest.mark.parametrize("name", ROADS)
def test_a_module_is_found_by_any_road(project: Project, name: str) -> None:
    project.write({"models/hidden.py": "LIMIT = 3\n", TOKENS: add(ROADS[name])})
    before = key("tokenize")
    project.write({"models/hidden.py": "LIMIT = 4\n"})
    assert key("tokenize") != before


LAZY = "def __getattr__(name):\n    from . import deep\n    return getattr(deep, name)\n"
COMPUTED = "import importlib\ndef __getattr__(name):\n    return importlib.import_module('.' + name, __name__)\n"
DEEP, DEEP_EDIT = "models/hidden/deep.py", {"models/hidden/deep.py": "LIMIT = 4\n"}
HIDDEN = "models/hidden/__init__.py"
WORDS = "models/text/words/stop.txt"

DETOURS: dict[str, tuple[Edit, Edit]] = {
    "re-exported through a package": (
        {HIDDEN: "from .deep import LIMIT\n", DEEP: "LIMIT = 3\n", TOKENS: add("from models.hidden import LIMIT")},
        DEEP_EDIT,
    ),
    "lazily, through a package": (
        {HIDDEN: LAZY, DEEP: "LIMIT = 3\n", TOKENS: add("from models.hidden import LIMIT")},
        DEEP_EDIT,
    ),
    "lazily, by a computed name": (
        {HIDDEN: COMPUTED, DEEP: "LIMIT = 3\n", TOKENS: add("import models.hidden\nf = lambda: models.hidden.deep")},
        DEEP_EDIT,
    ),
    "from a folder without __init__": (
        {DEEP: "LIMIT = 3\n", TOKENS: add("from models.hidden.deep import LIMIT")},
        DEEP_EDIT,
    ),
    "a package that hides a module": (
        {"models/hidden.py": "LIMIT = 3\n", TOKENS: add("from models.hidden import LIMIT")},
        {HIDDEN: "LIMIT = 4\n"},
    ),
    "word list beside the code": (
        {WORDS: "the\n", TOKENS: add("STOP = Path(__file__).with_name('words').read_text()")},
        {WORDS: "the\na\n"},
    ),
    "docstring that is read": (
        {TOKENS: add('def f():\n    """a b"""\nWORDS = f.__doc__.split()')},
        {TOKENS: swap('"""a b"""', '"""a b c"""')},
    ),
    "comment that is read": (
        {TOKENS: add("import inspect\ndef f():\n    # a\n    return inspect.getsource(f)")},
        {TOKENS: swap("# a\n", "# b\n")},
    ),
}


@pytest.mark.parametrize("name", DETOURS)
def test_code_is_found_by_any_detour(project: Project, name: str) -> None:
    setup, edit = DETOURS[name]
    project.write(setup)
    before = key("tokenize")
    project.write(edit)
    assert key("tokenize") != before


def test_a_module_on_the_path_of_nobodys_making_counts(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "strayed.py").write_text("LIMIT = 3\n")
    project.write({TOKENS: add("import strayed")})
    before = key("tokenize")
    (tmp_path / "strayed.py").write_text("LIMIT = 4\n")
    assert key("tokenize") != before


HARMLESS: dict[str, Edit] = {
    "comment": {TOKENS: add("# another comment")},
    "comment at the end of a line": {TOKENS: swap("2**31 - 1", "2**31 - 1  # so many")},
    "docstring": {TOKENS: swap('"""The number of documents."""', '"""How many there are."""')},
    "docstring of a module": {TOKENS: swap('"""Tokenized', '"""Once more: tokenized')},
    "docstring taken away": {TOKENS: swap('        """The number of documents."""\n', "")},
    "docstring given": {TASK: swap("tokens: int) -> None:\n", 'tokens: int) -> None:\n    """Count."""\n')},
    "blank lines": {TOKENS: swap("@dataclass", "\n\n\n@dataclass")},
    "line ends of Windows": {TOKENS: lambda text: text.replace("\n", "\r\n")},
    "blanks within a line": {TOKENS: swap("from collections.abc", "from  collections . abc")},
    "other quotes": {RULES: swap('"<url>"', "'<url>'")},
    "a string in two pieces": {RULES: swap('"<url>"', '"<u" "rl>"')},
    "digits written otherwise": {TOKENS: swap("2**31 - 1", "0x2 ** 3_1 - 1")},
    "needless brackets": {TOKENS: swap("2**31 - 1", "(2**31) - 1")},
    "encoding cookie": {TOKENS: lambda text: f"# -*- coding: utf-8 -*-\n{text}"},
    "another flow": {"flows/score.py": add("STRICT = True"), "flows/cli/score.py": add("STRICT = True")},
    "a module that is not within reach": {"models/word2vec/step.py": add("STRICT = True")},
    "a recipe of another name": {"flows/recipes/mine.toml": "seed = 2\n"},
    "a template of another room": {"tasks/lineage/lineage.html": "<p>another</p>"},
    "an editor's own files": {"models/text/.tokens.py.swp": "x", "models/text/tokens.py~": "x"},
    "compiled code": {"models/text/__pycache__/tokens.cpython-311.pyc": "x"},
}


@pytest.mark.parametrize("template", ["tasks/training/mistakes.html", "tasks/html/base.html"])
def test_the_template_of_a_page_that_a_step_draws_is_its_code(project: Project, template: str) -> None:
    before = key("network")
    project.write({template: "<p>another</p>"})
    assert key("network") != before


@pytest.mark.parametrize("name", HARMLESS)
def test_an_edit_that_changes_nothing_is_reused(project: Project, name: str) -> None:
    before = key("tokenize")
    project.write(HARMLESS[name])
    assert key("tokenize") == before


def test_a_file_that_was_only_touched_is_reused(project: Project) -> None:
    before = key("tokenize")
    for path in project.original:
        os.utime(path, (1, 1))
    assert key("tokenize") == before


NUMERIC_VARIABLES = {
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "7",
    "TF_NUM_INTEROP_THREADS": "7",
    "TF_DETERMINISTIC_OPS": "0",
    "OMP_NUM_THREADS": "7",
    "OPENBLAS_NUM_THREADS": "7",
    "OPENBLAS_CORETYPE": "Haswell",
    "MKL_CBWR": "AVX2",
    "KERAS_BACKEND": "jax",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    "CUDA_VISIBLE_DEVICES": "-1",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F",
}


@pytest.mark.parametrize("name", NUMERIC_VARIABLES)
def test_a_variable_that_moves_the_last_bits_counts_where_they_matter(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = {step: key(step) for step in STEPS}
    monkeypatch.setenv(name, NUMERIC_VARIABLES[name])
    assert {step for step in STEPS if key(step) != before[step]} == {"network", "vectors"}


def test_a_variable_that_the_code_itself_reads_counts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({TOKENS: add("import os\nLIMIT = os.environ.get('TWEET_LIMIT', '280')")})
    before = key("tokenize")
    monkeypatch.setenv("TWEET_LIMIT", "140")
    assert key("tokenize") != before


def test_the_defaults_of_keras_count(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    before = key("network")
    usual = {"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow", "image_data_format": "channels_last"}
    (tmp_path / "keras.json").write_text(json.dumps(usual))
    assert key("network") == before
    (tmp_path / "keras.json").write_text(json.dumps({**usual, "floatx": "float64"}))
    assert key("network") != before


@pytest.mark.parametrize(
    "name", ["TZ", "HOSTNAME", "USER", "PWD", "LOGNAME", "_", "MLFLOW_TRACKING_URI", "TF_CPP_MIN_LOG_LEVEL"]
)
def test_a_variable_that_says_where_and_who_is_reused(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = {step: key(step) for step in STEPS}
    monkeypatch.setenv(name, "3")
    assert {step: key(step) for step in STEPS} == before


MACHINES: dict[str, tuple[Any, str, Any]] = {
    "number of threads": (os, "sched_getaffinity", lambda process: {0, 1, 2, 3, 4, 5, 6}),
    "another processor": (machine, "PROCESSOR", "vendor_id : AuthenticAMD\nmodel : 1\nflags : avx2 fma\n"),
    "graphics card": (machine, "GPUS", "Model: \t NVIDIA H200\n"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_machine_counts_where_it_moves_the_last_bits(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = {step: key(step) for step in STEPS}
    module, attribute, value = MACHINES[name]
    if isinstance(value, str):
        file = tmp_path / "gpus" / "0" / "information"
        file.parent.mkdir(parents=True)
        file.write_text(value)
        value = file if attribute == "PROCESSOR" else tmp_path
    monkeypatch.setattr(module, attribute, value)
    machine.hardware_class.cache_clear()
    assert {step for step in STEPS if key(step) != before[step]} == {"network", "vectors"}


@pytest.mark.parametrize("library", ["numpy", "pyarrow", "keras", "h5py", "ml-dtypes", "threadpoolctl", "joblib"])
def test_a_library_counts_also_where_another_one_calls_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    before = key("network")
    monkeypatch.setitem(libraries.installed(), library, libraries.Distribution("0", ()))
    assert key("network") != before


def test_the_version_of_python_counts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key("tokenize")
    monkeypatch.setattr(libraries.platform, "python_version", lambda: "3.11.99")
    assert key("tokenize") != before


class Twin(TextSettings):
    """The same fields and values, and perhaps other methods."""


class Nested(Settings):
    """Settings within settings."""

    text: TextSettings = TextSettings()


VALUES: dict[str, tuple[Any, Any]] = {
    "true and one": (True, 1),
    "one and 1.0": (1, 1.0),
    "a number and its name": (1, "1"),
    "nothing and its name": (None, "None"),
    "nothing and nothing in it": (None, ""),
    "zero and minus zero": (0.0, -0.0),
    "not a number": (float("nan"), 0.0),
    "infinity and not a number": (float("inf"), float("nan")),
    "neighbouring floats": (0.1 + 0.2, 0.3),
    "list and tuple": ([1], (1,)),
    "nested lists": ([[1], [2]], [[1, 2]]),
    "order of a mapping": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "type of a mapping's names": ({1: "a"}, {"1": "a"}),
    "settings and what they print as": (TextSettings(), TextSettings().model_dump()),
    "another class of equal settings": (TextSettings(), Twin()),
    "another class deep inside": (Nested(), Nested(text=Twin())),
    "a recipe's value": (Recipe(), Recipe(seed=2)),
    "a value deep in a recipe": (Recipe(), Recipe(text=TextSettings(squeeze_elongations=False))),
    "composed and decomposed accents": ("é", "e\u0301"),
}


@pytest.mark.parametrize("name", VALUES)
def test_unequal_inputs_never_share_a_key(project: Project, name: str) -> None:
    one, other = VALUES[name]
    assert key("tokenize", value=one) != key("tokenize", value=other)
    assert key("tokenize", value=one) == key("tokenize", value=one)


def test_the_name_of_an_input_counts(project: Project) -> None:
    assert key("tokenize", one=1, other=2) != key("tokenize", one=2, other=1)


def a_table(rows: int, label: int) -> Path:
    """Tweets of which only the last has this label."""
    table = pa.table({"id": [str(n) for n in range(rows)], "target": pa.array([0] * (rows - 1) + [label], pa.int8())})
    return formats.write_artifact("tweets", {"tweets.parquet": table})


def test_a_label_far_down_the_table_counts(project: Project) -> None:
    assert key("tokenize", tweets=a_table(12_000, 0)) != key("tokenize", tweets=a_table(12_000, 1))
    assert key("tokenize", tweets=a_table(12_000, 0)) == key("tokenize", tweets=a_table(12_000, 0))


def test_one_byte_of_a_raw_file_counts(project: Project, tmp_path: Path) -> None:
    from tasks import sources

    file = tmp_path / "tweets.csv"
    file.write_bytes(b"id,text\n1,fire")
    before = key("tokenize", raw=sources.fetch(file))
    os.utime(file, (1, 1))
    assert key("tokenize", raw=sources.fetch(file)) == before
    file.write_bytes(b"id,text\n1,Fire")
    assert key("tokenize", raw=sources.fetch(file)) != before


def test_a_folder_with_a_manifest_of_its_own_is_no_artifact(tmp_path: Path, home: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(TypeError, match="not an artifact of the store"):
        caching.describe_input(tmp_path)


def test_a_function_of_the_same_name_elsewhere_is_another_step(project: Project) -> None:
    def of(function: Any) -> str:
        return caching.action_key("the same title", function, {}, False).digest

    assert of(features.count_words.fn) != of(features.build_vocabulary.fn)
    assert of(features.count_words.fn) != of(classifiers.train_network.fn)


def test_a_step_that_sees_more_than_its_inputs_is_refused() -> None:
    limit = 3

    def count(run: object) -> int:
        return limit

    with pytest.raises(TypeError, match="uses limit from the function around it"):
        caching.action_key("count", count, {}, False)


def test_what_ran_while_its_code_was_edited_is_not_filed(project: Project) -> None:
    made = caching.action_key("tokenize", STEPS["tokenize"][0].fn, {}, False)
    with artifact_store.new_artifact("thing") as draft:
        (draft / "thing.txt").write_text("made")
    action = caching.Action(f"thing/{draft.final.name}", "run", {}, {}, 1.0)
    project.write({TOKENS: add("# only a comment")})
    caching.remember(made, action)
    assert caching.recall(made) == action
    other = caching.ActionKey("other", made.parts)
    project.write({TOKENS: add("STRICT = True")})
    caching.remember(other, action)
    assert caching.recall(other) is None
    project.restore()
    project.write({WORDS: "the"})
    caching.remember(caching.action_key("tokenize", STEPS["tokenize"][0].fn, {}, False), action)
    project.restore()
    caching.remember(other, action)
    assert caching.recall(other) == action


CHAIN = """
import sys
from pathlib import Path
from tasks import sources, tracking
from tasks.ingestion.steps import check_tweets
from tasks.training.features import tokenize_tweets
from models.settings import ContractSettings, SplitSettings, TextSettings
from tasks.sources.columns import ColumnMap

for _ in range(2):
    with tracking.tracked_run("chain", "test") as run:
        raw = sources.fetch(sys.argv[1])
        tweets = check_tweets.fn(run, raw, ColumnMap(), None, None, ContractSettings(), SplitSettings())
        tokens = tokenize_tweets.fn(run, tweets, TextSettings())
    made = tracking.descendants(run.run_id)
    print(*(each.data.tags["step_outcome"] for each in made), *(each.data.tags["output"] for each in made))
"""


def run_chain(project: Project, tweets: Path, **variables: str) -> list[list[str]]:
    """Outcomes and outputs of ingesting and tokenizing twice, in a process of its own over the copied code."""
    command = [sys.executable, "-c", CHAIN, str(tweets)]
    environment = {**os.environ, "PYTHONPATH": str(project.root), **variables}
    done = subprocess.run(command, env=environment, cwd=tweets.parent, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines() if re.match("run|cached", line)]


def test_an_edit_that_changes_no_output_stops_at_its_step(project: Project, tmp_path: Path) -> None:
    tweets = tmp_path / "tweets.csv"
    rows = (f"{n},fire number {'abcdefghij'[n // 10]}{'klmnopqrst'[n % 10]} near the mill,{n % 2}" for n in range(100))
    tweets.write_text("\n".join(["id,text,target", *rows]))
    first, again = run_chain(project, tweets)
    assert (first[:2], again[:2]) == (["run", "run"], ["cached", "cached"])
    project.write({"tasks/sources/columns.py": add("UNUSED = True"), "tasks/ingestion/tweets.py": add("UNUSED = 1")})
    moved = {"TZ": "Asia/Tokyo", "HOSTNAME": "elsewhere", "PYTHONHASHSEED": "7", "LANG": "C"}
    edited, settled = run_chain(project, tweets, **moved)
    assert (edited[:2], settled[:2]) == (["run", "cached"], ["cached", "cached"])
    assert first[2:] == edited[2:]
