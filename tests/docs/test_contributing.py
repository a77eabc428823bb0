"""The examples of CONTRIBUTING.md, run as they stand there."""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^## Add an? (.+?)$.*?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = dict(BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))


@pytest.fixture
def example(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The example of this name, as a module of its own."""
    name = f"example_{request.param.replace(' ', '_')}"
    file = tmp_path / f"{name}.py"
    file.write_text(EXAMPLES[request.param], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


def test_there_is_an_example_for_each_kind_of_addition() -> None:
    assert list(EXAMPLES) == ["step", "representation", "network", "reader of files"]


@pytest.mark.parametrize("example", ["step"], indirect=True)
def test_the_step_measures_records_and_is_reused(example: ModuleType) -> None:
    from tasks import tracking
    from tasks.store import formats

    table = formats.write_artifact("tweets", {"tweets.parquet": pa.table({"text": ["flood", "fire!"]})})
    with tracking.tracked_run("root", "test") as run:
        first, second = (example.measure_lengths.fn(run, table) for _ in range(2))
    assert first == second
    assert json.loads((first / "lengths.json").read_text()) == {"mean_characters": 5.0}
    assert tracking.step_outcomes(run.run_id) == {"run": 1, "cached": 1}


@pytest.mark.parametrize("example", ["representation"], indirect=True)
def test_the_representation_is_counted_and_classified(example: ModuleType) -> None:
    from models.classifiers.logistic import fit_logistic
    from models.frequencies import fit_features, one_hot_matrix
    from models.settings import FrequencySettings, LogisticSettings
    from models.text import Tokens

    tokens = example.word_beginnings(Tokens.from_lists([["flooding"], ["flooded"], ["music"], ["musical"]]))
    assert tokens.to_lists() == [["floo"], ["floo"], ["musi"], ["musi"]]
    space = fit_features(tokens, FrequencySettings(max_ngram=1, min_document_frequency=1))
    matrix, labels = one_hot_matrix(tokens, space), np.array([1, 1, 0, 0])
    model, _ = fit_logistic(matrix, labels, matrix, labels, LogisticSettings())
    assert (model.predict_probabilities(matrix) > 0.5).tolist() == [True, True, False, False]


@pytest.mark.parametrize("example", ["network"], indirect=True)
def test_padding_changes_no_prediction_of_the_network(example: ModuleType) -> None:
    from models.settings import NetworkSettings

    model = example.build_convolutional(NetworkSettings(units=6, dimensions=5, max_length=12), 20)
    alone, padded = np.array([[3, 7, 4]]), np.array([[3, 7, 4, 0, 0, 0]])
    np.testing.assert_allclose(model(alone), model(padded), atol=1e-6)


@pytest.mark.parametrize("example", ["reader of files"], indirect=True)
def test_the_reader_gives_rows_and_says_which_cannot_be_read(example: ModuleType) -> None:
    from tasks.sources.members import Member

    content = b"id: 1\ntext: flood: the bridge is closed\ntarget: 1\n\nid: 2\ntarget: 0\n"
    (batch,) = example.read_name_value(Member("tweets.rec", lambda: BytesIO(content)), "utf-8")
    assert batch["record"].to_pylist() == [{"id": "1", "text": "flood: the bridge is closed", "target": "1"}, None]
    assert batch["malformed"].to_pylist() == [None, "no line begins with text:"]
